// Strangers that attack the port of a node, from a process of their own; honest peers meanwhile.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { multiaddr } from '@multiformats/multiaddr'
import { type AttackName } from '../support/hostile-peer.ts'
import { addressOf, type Running, useNetworks } from '../support/networks.ts'
import { until } from '../support/until.ts'

const ATTACKER = fileURLToPath(new URL('../support/hostile-peer.js', import.meta.url))
const POLYFILL = new URL('../../src/net/promise-with-resolvers.js', import.meta.url).href
const PROTOCOL = '/test/echo/1'
/** Rounds of question and answer under an attack: the node's work goes on, not only once. */
const ROUNDS = 20

const BEFORE_HANDSHAKE = [
  'length-without-end',
  'negotiation-without-end',
  'half-open',
  'trickled-noise'
] as const satisfies readonly AttackName[]

const AFTER_HANDSHAKE = [
  'empty-noise-messages',
  'small-noise-messages',
  'stream-length-without-end',
  'yamux-pings',
  'windows-of-zero',
  'streams-opened',
  'streams-opened-and-reset',
  'small-frames',
  'giant-frame',
  'gossip-without-end',
  'pings-unread',
  'answers-without-end'
] as const satisfies readonly AttackName[]

describe('strangers', () => {
  const { start } = useNetworks(901n)
  const attackers: (() => Promise<void>)[] = []

  afterEach(async () => {
    await Promise.all(attackers.splice(0).map((end) => end()))
  })

  async function attack(names: readonly AttackName[], address: string): Promise<void> {
    const child = fork(ATTACKER, [names.join(','), address], { execArgv: [`--import=${POLYFILL}`] })
    attackers.push(async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    })
    await once(child, 'message')
  }

  async function startEcho(peers: readonly string[] = []): Promise<Running> {
    const node = await start(peers)
    await node.network.serve(PROTOCOL, 4, async (_, stream) => {
      for await (const part of stream.source) await stream.write(part)
      await stream.closeWrite()
    })
    return node
  }

  async function ask(from: Running, to: Running): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const stream = await from.network.opener.open(
        to.network.peerId,
        PROTOCOL,
        AbortSignal.timeout(5_000)
      )
      await stream.write(Uint8Array.of(round))
      await stream.closeWrite()
      const parts: number[] = []
      for await (const part of stream.source) parts.push(...part)
      assert.deepEqual(parts, [round])
    }
  }

  for (const [when, attacks] of [
    ['before the handshake', BEFORE_HANDSHAKE],
    ['after the handshake', AFTER_HANDSHAKE]
  ] as const) {
    it(`that attack ${when} keep no honest peer from an answer`, async () => {
      const honest = await startEcho()
      const node = await startEcho([addressOf(honest)])
      await until('the connection', () => node.network.connected().length === 1)
      await attack(attacks, addressOf(node))
      await ask(honest, node)
      honest.host.getConnections()[0]?.abort(new Error('to be made again'))
      await until('the connection', () => honest.network.connected().length === 1)
      await ask(honest, node)
      await ask(node, honest)
    })
  }

  it('that crowd in find room, and leave a stranger of another time its answer', async () => {
    const node = await startEcho()
    await attack(['length-without-end', 'half-open'], addressOf(node))
    const honest = await start()
    await until('a dial', async () => {
      await honest.host.dial(multiaddr(addressOf(node)))
      return true
    })
    await ask(honest, node)
  })
})
