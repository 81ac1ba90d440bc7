// The last block of a process that died, over real TCP: judged before its successor is answered, wherever it waits.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { type PrivateKey } from '@libp2p/interface'
import { blocksTopic } from '../../protocols/gossip/topic.ts'
import { encodePublish } from '../../protocols/conformance/gossip-wire.ts'
import { type Death, type GoLikePeer, startGoLikePeer } from '../support/go-like-peer.ts'
import { addressOf, type Running, sameAs, useNetworks } from '../support/networks.ts'
import { until } from '../support/until.ts'

const CHAIN_ID = 901n
const TOPIC = blocksTopic(CHAIN_ID, 3)
const ASK = '/rekindle/test/ask/1'
const HAS_BLOCK = 1
const HAS_NONE = 0
const REFUSED = 2
/** Decrypting and handing on so many takes twice what a stranger is given at once. */
const IDLE_FRAMES = 250
const HELD_MS = 100
/** With the frames before it within what two kernels take of a process that dies at once. */
const BLOCK_BYTES = 2_000
/** More than is read from a socket while what came before waits, and less than a stream's window. */
const LARGE_BLOCK_BYTES = 200_000

describe('a process that died, and its successor', () => {
  const { start } = useNetworks(CHAIN_ID)
  const peers: GoLikePeer[] = []

  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.stop()))
  })

  /** Answers as signed_tip does: with what it holds once nothing of the asker is on its way any more. */
  async function startServer(block: Uint8Array, withinMs = 4_000) {
    const server = await start()
    const { network, received } = server
    const asked = { count: 0 }
    await network.serve(ASK, 4, async (_, stream) => {
      let answer = REFUSED
      asked.count += 1
      try {
        await network.closeOlderConnections(stream, AbortSignal.timeout(withinMs))
        await network.mesh.judged()
        answer = received.some(sameAs(block)) ? HAS_BLOCK : HAS_NONE
      } catch {
        answer = REFUSED
      }
      await stream.write(Uint8Array.of(answer))
      await stream.closeWrite()
    })
    return { ...server, asked }
  }

  async function startPeer(server: Running, privateKey: PrivateKey): Promise<GoLikePeer> {
    const peer = await startGoLikePeer(new Map(), privateKey)
    peers.push(peer)
    await peer.dial(addressOf(server))
    return peer
  }

  async function answerOf(peer: GoLikePeer): Promise<number | undefined> {
    const { bytes } = await peer.ask(ASK, new Uint8Array())
    return bytes[0]
  }

  async function startBoth(block: Uint8Array) {
    const server = await startServer(block)
    const key = await generateKeyPair('secp256k1')
    const first = await startPeer(server, key)
    await first.openGossip([TOPIC], publish(block.subarray(0, 10)))
    await until('its gossip', () => server.received.length === 1)
    const second = await startPeer(server, key)
    return { server, first, second }
  }

  const deaths: readonly (readonly [number, Death])[] = [
    [BLOCK_BYTES, { idleFrames: 0, end: 'closed' }],
    [BLOCK_BYTES, { idleFrames: IDLE_FRAMES, end: 'closed' }],
    [BLOCK_BYTES, { idleFrames: 0, end: 'reset' }],
    [LARGE_BLOCK_BYTES, { idleFrames: IDLE_FRAMES, end: 'none' }]
  ]
  for (const [length, death] of deaths) {
    const { idleFrames, end } = death
    it(`shows a block of ${String(length)} bytes behind ${String(idleFrames)} frames; end: ${end}`, async () => {
      const block = randomBytes(length)
      const { first, second } = await startBoth(block)
      first.dieGossiping(publish(block), death)
      assert.equal(await answerOf(second), HAS_BLOCK)
    })
  }

  it('shows a block while others have work waiting before it, and the event loop is held', async () => {
    const block = randomBytes(BLOCK_BYTES)
    const { server, first, second } = await startBoth(block)
    for (let others = 0; others < 2; others++) {
      const other = await startPeer(server, await generateKeyPair('secp256k1'))
      other.dieGossiping(new Uint8Array(), { idleFrames: IDLE_FRAMES, end: 'none' })
    }
    first.dieGossiping(publish(block), { idleFrames: IDLE_FRAMES, end: 'closed' })
    const answer = answerOf(second)
    holdLoop(HELD_MS)
    assert.equal(await answer, HAS_BLOCK)
  })

  it('shows a block whose connection is gone, and whose bytes are not', async () => {
    const block = randomBytes(BLOCK_BYTES)
    const { server, first, second } = await startBoth(block)
    first.dieGossiping(publish(block), { idleFrames: IDLE_FRAMES, end: 'closed' })
    await until('one connection', () => server.host.getConnections().length === 1)
    assert.equal(await answerOf(second), HAS_BLOCK)
  })

  it('shows a block that came before anything else was done with its stream', async () => {
    const block = randomBytes(BLOCK_BYTES)
    const server = await startServer(block)
    const key = await generateKeyPair('secp256k1')
    const first = await startPeer(server, key)
    const second = await startPeer(server, key)
    const held = holdGossipStreams(server)
    await first.openGossip([TOPIC], publish(block))
    first.dieGossiping(new Uint8Array(), { idleFrames: 0, end: 'closed' })
    const answer = answerOf(second)
    await until('the question', () => server.asked.count === 1)
    await until('the end', () => server.host.getConnections().length === 1)
    assert.equal(server.received.length, 0)
    held.release()
    assert.equal(await answer, HAS_BLOCK)
  })

  it('has to ask again while its predecessor cannot be heard to its end', async () => {
    const block = randomBytes(BLOCK_BYTES)
    const server = await startServer(block, 300)
    const key = await generateKeyPair('secp256k1')
    const first = await startPeer(server, key)
    const second = await startPeer(server, key)
    const held = holdGossipStreams(server)
    await first.openGossip([TOPIC], publish(block))
    first.dieGossiping(new Uint8Array(), { idleFrames: 0, end: 'closed' })
    assert.equal(await answerOf(second), REFUSED)
    held.release()
    assert.equal(await answerOf(second), HAS_BLOCK)
  })
})

/** Nothing else runs meanwhile: what comes stays in the kernel. */
function holdLoop(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs) continue
}

function publish(data: Uint8Array): Uint8Array {
  return encodePublish({ topic: TOPIC, data })
}

/** Gossip streams are not given to gossipsub before `release`. */
function holdGossipStreams({ host }: Running) {
  const { peerStore } = host
  const merge = peerStore.merge.bind(peerStore)
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  peerStore.merge = async (peer, changes, options) => {
    if (changes.protocols?.some((one) => one.startsWith('/meshsub/')) === true) await released
    return merge(peer, changes, options)
  }
  return { release }
}
