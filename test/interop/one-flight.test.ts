// Peers that put negotiation, bytes and end into one flight, as go-libp2p does, over real TCP.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { encodeChunk } from '../../protocols/framing/chunk.ts'
import { blocksTopic } from '../../protocols/gossip/topic.ts'
import { protocolId } from '../../protocols/protocol-def.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type ByteStream } from '../../src/reqresp/byte-stream.ts'
import { createRequester } from '../../src/reqresp/requester.ts'
import { encodePublish } from '../../protocols/conformance/gossip-wire.ts'
import { type FlightAnswer, type GoLikePeer, startGoLikePeer } from '../support/go-like-peer.ts'
import { addressOf, type Running, sameAs, useNetworks } from '../support/networks.ts'
import { TEXT_PROTOCOL } from '../support/text-protocol.ts'
import { until } from '../support/until.ts'

const CHAIN_ID = 901n
const PROTOCOL = '/test/answer/1'
const TOPIC = blocksTopic(CHAIN_ID, 3)
const BYTES = Uint8Array.from({ length: 3_000 }, (_, index) => index % 251)

describe('in one flight', () => {
  const { start } = useNetworks(CHAIN_ID)
  const peers: GoLikePeer[] = []

  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.stop()))
  })

  async function startPeer(answers?: ReadonlyMap<string, FlightAnswer>): Promise<GoLikePeer> {
    const peer = await startGoLikePeer(answers)
    peers.push(peer)
    return peer
  }

  /** Answers with the request, twice. */
  async function startEcho(): Promise<Running> {
    const server = await start()
    await server.network.serve(PROTOCOL, 4, async (_, stream) => {
      const request = await readAll(stream)
      await stream.write(Buffer.concat([request, request]))
      await stream.closeWrite()
    })
    return server
  }

  for (const [what, request] of [
    ['a request', BYTES],
    ['a request of one byte', Uint8Array.of(7)],
    ['an empty request', new Uint8Array()]
  ] as const) {
    const answer = { bytes: Buffer.concat([request, request]), isEndSent: true }

    it(`${what} is read whole`, async () => {
      const server = await startEcho()
      const peer = await startPeer()
      await peer.dial(addressOf(server))
      assert.deepEqual(await peer.ask(PROTOCOL, request), answer)
    })

    it(`${what} is read whole when its last frame says the end`, async () => {
      const server = await startEcho()
      const peer = await startPeer()
      await peer.dial(addressOf(server))
      assert.deepEqual(await peer.ask(PROTOCOL, request, { endsWithLastFrame: true }), answer)
    })

    it(`${what} is read whole when it comes with the end of the handshake`, async () => {
      const server = await startEcho()
      const peer = await startPeer()
      assert.deepEqual(await peer.dialAsking(addressOf(server), PROTOCOL, request), answer)
    })
  }

  async function ask(answer: FlightAnswer): Promise<ByteStream> {
    const peer = await startPeer(new Map([[PROTOCOL, answer]]))
    const { network } = await start([peer.address])
    await until('the connection', () => network.connected().length === 1)
    const peerId = peer.host.peerId.toString()
    return network.opener.open(peerId, PROTOCOL, AbortSignal.timeout(5_000))
  }

  for (const [what, bytes] of [
    ['an answer', BYTES],
    ['an empty answer', new Uint8Array()]
  ] as const) {
    it(`${what} is read whole`, async () => {
      const stream = await ask({ bytes, end: 'sent' })
      await stream.write(Uint8Array.of(1))
      await stream.closeWrite()
      assert.deepEqual(await readAll(stream), Buffer.from(bytes))
    })

    it(`${what} whose end was not sent fails`, async () => {
      await assert.rejects(async () => {
        await readAll(await ask({ bytes, end: 'connection-closed' }))
      }, /closed|connection|Unexpected EOF/)
    })
  }

  for (const [what, length, failure] of [
    ['a whole chunk', 0, undefined],
    ['a chunk that is cut off', 1, 'response-malformed']
  ] as const) {
    it(`${what} is ${failure ?? 'a good answer'}`, async () => {
      const def = TEXT_PROTOCOL
      const chunk = encodeChunk({ result: 'ok', ...def.chunk.encode('text') }, 100)
      const bytes = chunk.subarray(0, chunk.length - length)
      const peer = await startPeer(new Map([[protocolId(def, CHAIN_ID), { bytes, end: 'sent' }]]))
      const { network } = await start([peer.address])
      await until('the connection', () => network.connected().length === 1)
      const failures: string[] = []
      const { request } = createRequester({
        clock: systemClock,
        opener: network.opener,
        chainId: CHAIN_ID,
        onFailure: (error) => failures.push(error.failure.code)
      })
      const chunks: string[] = []
      const signal = AbortSignal.timeout(5_000)
      const answers = request(peer.host.peerId.toString(), def, 'text', signal)
      const read = async () => {
        for await (const answer of answers) chunks.push(answer)
      }
      if (failure === undefined) await read()
      else await assert.rejects(read)
      assert.deepEqual(failures, failure === undefined ? [] : [failure])
      assert.deepEqual(chunks, failure === undefined ? ['text'] : [])
    })
  }

  it('gossip goes both ways with a peer that opens its stream by identify', async () => {
    const node = await start()
    const peer = await startPeer()
    await peer.dial(addressOf(node))
    const data = Buffer.from('a block')
    await peer.openGossip([TOPIC], encodePublish({ topic: TOPIC, data }))
    await until('its message', () => node.received.some(sameAs(data)))
    await until('our message', async () => {
      const ours = randomBytes(100)
      await node.network.mesh.publish(TOPIC, ours, -1)
      return until('it', () => Buffer.concat(peer.gossip).includes(ours), { withinMs: 200 }).catch(
        () => false
      )
    })
  })
})

async function readAll(stream: ByteStream): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream.source) parts.push(part)
  return Buffer.concat(parts)
}
