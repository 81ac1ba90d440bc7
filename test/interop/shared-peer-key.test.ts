// One peer key in two live processes: one of them is kept, the other refused and told why, and both sides name it.
import assert from 'node:assert/strict'
import { generatePeerKey } from '../../src/net/peer-key.ts'
import { isGateOpen, useLiveChain } from '../support/live-chain.ts'
import { type LiveNode, peerOf, type StartedNode } from '../support/live-nodes.ts'
import { addressOf, type Running, useNetworks } from '../support/networks.ts'
import { until } from '../support/until.ts'

const ASK = '/rekindle/test/ask/1'
const KEPT = 1
const REFUSED = 2
const WAIT = { withinMs: 30_000 }

describe('two processes with one peer key', function () {
  this.timeout(60_000)
  const { start, running } = useNetworks(901n)

  /** Answers as signed_tip does: older connections of the asker are closed first. */
  async function startServer(): Promise<Running> {
    const server = await start()
    const { network } = server
    await network.serve(ASK, 4, async (_, stream, isShared) => {
      const signal = AbortSignal.timeout(5_000)
      if (!isShared) await network.closeOlderConnections(stream, signal).catch(() => undefined)
      await stream.write(Uint8Array.of(isShared ? REFUSED : KEPT)).catch(() => undefined)
      await stream.closeWrite().catch(() => undefined)
    })
    return server
  }

  /** Dials and asks whenever it is connected, as recovery does. */
  async function startAsker(server: Running, peerKey: Awaited<ReturnType<typeof generatePeerKey>>) {
    const asker = await start([addressOf(server)], { peerKey })
    const answers: number[] = []
    let goneCount = 0
    const ask = async () => {
      const { opener } = asker.network
      const stream = await opener.open(server.network.peerId, ASK, AbortSignal.timeout(10_000))
      await stream.closeWrite()
      for await (const bytes of stream.source) answers.push(...bytes)
    }
    asker.host.addEventListener('peer:connect', () => {
      ask().catch(() => undefined) // the connection was closed meanwhile
    })
    asker.host.addEventListener('peer:disconnect', () => {
      goneCount += 1
    })
    return { asker, answers, goneCount: () => goneCount }
  }

  const last = ({ answers }: { readonly answers: readonly number[] }) => answers.at(-1)

  it('are told apart: the one that stays is not closed any more', async () => {
    const server = await startServer()
    const peerKey = await generatePeerKey()
    const one = await startAsker(server, peerKey)
    await until('the first', () => server.network.connected().length === 1)
    const two = await startAsker(server, peerKey)
    const { network } = server
    const [shared] = await until(
      'both to be seen',
      () => {
        const list = network.sharedPeerIds()
        return list.length > 0 && list
      },
      WAIT
    )
    assert.equal(shared?.peerId, peerKey.peerId)
    assert.match(shared.kept, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
    assert.notEqual(shared.kept, shared.refused)
    const askers = [one, two]
    const refused = await until('a refusal', () => askers.find((it) => last(it) === REFUSED), WAIT)
    const kept = refused === one ? two : one
    const [goneBefore, refusedBefore] = [kept.goneCount(), refused.answers.length]
    await until('more refusals', () => refused.answers.length > refusedBefore, WAIT)
    assert.equal(kept.goneCount(), goneBefore, 'the one that is kept stays connected')
    assert.equal(last(kept), KEPT)
    assert.deepEqual(new Set(refused.answers.slice(refusedBefore)), new Set([REFUSED]))
    assert.equal(network.sharedPeerIds().length, 1)
  })

  it('is not what a restart looks like, however often', async () => {
    const server = await startServer()
    const peerKey = await generatePeerKey()
    for (let round = 0; round < 4; round++) {
      const one = await startAsker(server, peerKey)
      await until('its answer', () => last(one) !== undefined)
      assert.deepEqual(one.answers, [KEPT])
      await running.splice(running.indexOf(one.asker), 1)[0]?.stop()
    }
    assert.deepEqual(server.network.sharedPeerIds(), [])
  })
})

interface Status {
  readonly recovery: {
    readonly sharedPeerKeys?: readonly {
      readonly peerId: string
      readonly kept?: string
      readonly refused?: string
      readonly toldBy?: readonly string[]
      readonly exit: string
    }[]
  }
}

describe('one peer.key on two backups', function () {
  this.timeout(120_000)
  const chain = useLiveChain()

  it('counts once, and both the sequencer and the backup that is refused say so', async () => {
    const live = await chain.create()
    const [seq, first, second] = await Promise.all(
      ['seq', 'first', 'second'].map((name) => live.place(name))
    )
    assert.ok(seq && first && second)
    const copy: LiveNode = { ...second, peerKey: first.peerKey }
    const { peerId } = first.peerKey
    const statusOf = async (node: StartedNode) => (await node.call('rekindle_status')) as Status
    const sharedOf = async (node: StartedNode) => (await statusOf(node)).recovery.sharedPeerKeys
    const sequencer = await live.start(seq, {
      role: 'sequencer',
      backups: [{ multiaddr: `/p2p/${peerId}`, peerId }]
    })
    const config = { role: 'backup', peers: [peerOf(seq)] } as const
    const backups = await Promise.all([first, copy].map((place) => live.start(place, config)))
    const [seen] = await until('the sequencer to name it', () => sharedOf(sequencer), WAIT)
    assert.equal(seen?.peerId, peerId)
    assert.ok(seen.kept !== undefined && seen.refused !== undefined)
    assert.match(seen.exit, /^stop one of the two, give it a peer\.key of its own/)
    await until(
      'the refused backup to name it',
      async () => {
        const told = (await Promise.all(backups.map(sharedOf))).flatMap((list) => list ?? [])
        return told.some(({ toldBy }) => toldBy?.includes(seq.peerKey.peerId))
      },
      WAIT
    )
    await until('the gate', () => isGateOpen(sequencer), WAIT)
    const { quorum } = (await sequencer.call('rekindle_recovery')) as {
      readonly quorum?: { readonly adopted?: readonly string[] }
    }
    assert.deepEqual(quorum?.adopted, [peerId])
  })
})
