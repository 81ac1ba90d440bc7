// The network over real TCP: gossip of the largest messages, streams with backpressure, second connections.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { COMPRESSED_MAX_BYTES } from '../../protocols/gossip/codec.ts'
import { blocksTopic } from '../../protocols/gossip/topic.ts'
import { systemClock } from '../../src/base/clock.ts'
import { NetError } from '../../src/net/net-error.ts'
import { generatePeerKey } from '../../src/net/peer-key.ts'
import { RequestError } from '../../src/reqresp/request-error.ts'
import { addressOf, type Running, sameAs, useNetworks } from '../support/networks.ts'
import { until } from '../support/until.ts'

const CHAIN_ID = 901n
const TOPIC = blocksTopic(CHAIN_ID, 3)
const ECHO = '/rekindle/test/echo/1'
/** What these tests send shall come at once or not at all. */
const NOT_KEPT_MS = -1
const NINE_POINT_NINE_MIB = Math.floor(0.99 * COMPRESSED_MAX_BYTES)

describe('the network', () => {
  const { start, running } = useNetworks(CHAIN_ID)

  async function startPair(): Promise<[Running, Running]> {
    const first = await start()
    const second = await start([addressOf(first)])
    await untilSubscribed(first, second)
    return [first, second]
  }

  it('carries messages of 9.9 MiB both ways, whole', async () => {
    const [first, second] = await startPair()
    for (const [from, to] of [
      [first, second],
      [second, first]
    ] as const) {
      const message = randomBytes(NINE_POINT_NINE_MIB)
      assert.equal(await from.network.mesh.publish(TOPIC, message, NOT_KEPT_MS), 1)
      await until('the message', () => to.received.some(sameAs(message)))
      assert.ok(to.received.some(sameAs(message)), 'the message arrived unchanged')
      assert.equal(to.received.at(-1)?.from, from.network.peerId)
    }
  })

  it('passes on what was accepted, and nothing else', async () => {
    const middle = await start()
    const first = await start([addressOf(middle)])
    const last = await start([addressOf(middle)])
    const refusing = await start([], { verdict: () => 'reject' })
    const behind = await start([addressOf(refusing)])
    const before = await start([addressOf(refusing)])
    await untilSubscribed(middle, first)
    await untilSubscribed(middle, last)
    await untilSubscribed(refusing, behind)
    await untilSubscribed(refusing, before)
    const message = randomBytes(200)
    await first.network.mesh.publish(TOPIC, message, NOT_KEPT_MS)
    await before.network.mesh.publish(TOPIC, message, NOT_KEPT_MS)
    await until('what was sent', () => last.received.some(sameAs(message)))
    await until('what was sent', () => refusing.received.some(sameAs(message)))
    const second = randomBytes(200)
    await refusing.network.mesh.publish(TOPIC, second, NOT_KEPT_MS)
    await until('what was sent', () => behind.received.some(sameAs(second)))
    assert.ok(!behind.received.some(sameAs(message)), 'a rejected message goes no further')
  })

  it('reaches a peer that came back with its first message', async () => {
    const key = await generatePeerKey()
    const first = await start([], { peerKey: key })
    const listen = addressOf(first).replace(/\/p2p\/.*$/, '')
    const second = await start([addressOf(first)])
    await untilSubscribed(first, second)
    await running.shift()?.stop()
    await until('what was sent', () => second.network.connected().length === 0)
    const again = await start([], { peerKey: key, listen })
    await untilSubscribed(again, second)
    const message = randomBytes(100)
    await again.network.mesh.publish(TOPIC, message, NOT_KEPT_MS)
    await until('what was sent', () => second.received.some(sameAs(message)))
  })

  it('keeps gossip and requests going when a peer’s older connection is closed', async () => {
    const [first, second] = await startPair()
    await first.network.serve(ECHO, 4, async (_, stream) => {
      await first.network.closeOlderConnections(stream, AbortSignal.timeout(5_000))
      await stream.write(Uint8Array.of(7))
      await stream.closeWrite()
    })
    await second.host.dial(multiaddr(addressOf(first)), { force: true })
    await until('two connections', () => second.host.getConnections().length === 2)
    assert.deepEqual(await readAll(second, first), [7])
    await until('one connection', () => second.host.getConnections().length === 1)
    for (const [from, to] of [
      [first, second],
      [second, first]
    ] as const) {
      await untilSubscribed(from, to)
    }
  })

  it('keeps gossip going both ways whichever of two connections closes, at either end', async () => {
    const [first, second] = await startPair()
    const haveConnections = (count: number) =>
      [first, second].every(({ host }) => host.getConnections().length === count)
    for (let round = 0; round < 12; round++) {
      await second.host.dial(multiaddr(addressOf(first)), { force: true })
      await until('two connections at both ends', () => haveConnections(2))
      const [host, peer] = round % 2 === 0 ? [first.host, second] : [second.host, first]
      const connections = host.getConnections(peerIdFromString(peer.network.peerId))
      connections[round % 4 < 2 ? 0 : 1]?.abort(new Error('one too many'))
      await until('one connection at both ends', () => haveConnections(1))
      await untilSubscribed(first, second)
    }
  })

  it('says so when the peer does not speak a protocol, or is not there', async () => {
    const [first, second] = await startPair()
    const ask = async () => {
      const stream = await second.network.opener.open(
        first.network.peerId,
        '/rekindle/test/none/1',
        AbortSignal.timeout(5_000)
      )
      for await (const part of stream.source) assert.fail(`${String(part.length)} bytes came`)
    }
    await assert.rejects(ask, (error) => {
      return error instanceof RequestError && error.failure.code === 'unsupported-protocol'
    })
    await running.shift()?.stop()
    await until('what was sent', () => second.network.connected().length === 0)
    await assert.rejects(ask, (error) => {
      return error instanceof RequestError && error.failure.code === 'not-connected'
    })
  })

  it('holds a fast sender to the pace of its reader', async () => {
    const [first, second] = await startPair()
    let sentBytes = 0
    const part = new Uint8Array(2 ** 18)
    await first.network.serve(ECHO, 4, async (_, stream) => {
      for (let index = 0; index < 256; index++) {
        await stream.write(part)
        sentBytes += part.length
      }
      await stream.closeWrite()
    })
    const stream = await second.network.opener.open(
      first.network.peerId,
      ECHO,
      AbortSignal.timeout(5_000)
    )
    const reader = stream.source[Symbol.asyncIterator]()
    await reader.next()
    let seen = -1
    while (seen !== sentBytes) {
      seen = sentBytes
      await systemClock.sleep(100)
    }
    assert.ok(sentBytes < 16 * 2 ** 20, `${String(sentBytes)} bytes were sent to nobody`)
    let restBytes = 0
    for (let read = await reader.next(); read.done !== true; read = await reader.next()) {
      restBytes += read.value.length
    }
    assert.ok(restBytes > 63 * 2 ** 20, 'all of it arrives in the end')
  })

  it('names the port that is in use, and the system error', async () => {
    const first = await start()
    const listen = addressOf(first).replace(/\/p2p\/.*$/, '')
    await assert.rejects(start([], { listen }), (error) => {
      assert.ok(error instanceof NetError)
      assert.equal(error.failure.multiaddr, listen)
      assert.match(error.failure.reason, /EADDRINUSE/)
      return true
    })
  })
})

/** Both have heard of the other's subscription once a probe of each has come through. */
async function untilSubscribed(first: Running, second: Running): Promise<void> {
  for (const [from, to] of [
    [first, second],
    [second, first]
  ] as const) {
    await until('subscriptions', async () => {
      const probe = randomBytes(80)
      await from.network.mesh.publish(TOPIC, probe, NOT_KEPT_MS)
      await systemClock.sleep(20)
      return to.received.some(sameAs(probe))
    })
  }
}

async function readAll(from: Running, to: Running): Promise<readonly number[]> {
  const stream = await from.network.opener.open(to.network.peerId, ECHO, AbortSignal.timeout(5_000))
  await stream.closeWrite()
  const bytes: number[] = []
  for await (const part of stream.source) bytes.push(...part)
  return bytes
}
