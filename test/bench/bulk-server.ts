// Serves stored blocks without a node: over one bare stream, by ranges under a node's own bounds, and by height without any.
import { setMaxListeners } from 'node:events'
import { protocolId } from '../../protocols/protocol-def.ts'
import { type VersionedMessage } from '../../protocols/block-message/message-chunk.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Host, startHost } from '../../src/net/host.ts'
import { createNetwork, type Network } from '../../src/net/network.ts'
import { readPeerKey } from '../../src/net/peer-key.ts'
import { Quota } from '../../src/peer/quota.ts'
import { type ByteStream } from '../../src/reqresp/byte-stream.ts'
import { Lane } from '../../src/reqresp/lane.ts'
import { createPeerLanes } from '../../src/reqresp/peer-lanes.ts'
import { respond } from '../../src/reqresp/responder.ts'
import { type ServedProtocol } from '../../src/reqresp/served-protocol.ts'
import { SERVED_BLOCKS_BY_RANGE } from '../../src/sync/protocols/blocks-by-range.ts'
import { SERVED_PAYLOAD_BY_NUMBER } from '../../src/sync/protocols/payload-by-number.ts'
import { inputEnds, writeAnswer } from './bench-process.ts'
import { bulkGenesis } from './bulk-chain.ts'
import { LevelChain } from './level-chain.ts'

/** The bare stream: frames one after the other, to its end. */
export const BARE_PROTOCOL = '/bench/bare/1'
/** Before each message: its length, four bytes, and its version. */
export const FRAME_HEAD_BYTES = 5
/** What is written at once: libp2p is at its best with parts of this size. */
const WRITE_BYTES = 256 * 1_024
const STREAMS_MAX = 64
/** Of a bucket that is never empty. */
const UNBOUNDED = { burstTokens: Number.MAX_SAFE_INTEGER, tokensPerSecond: Number.MAX_SAFE_INTEGER }
const SEEN_TTL_MS = 65_000

/** What a server or a client of the bench is. */
export interface BulkPeerSpec extends Readonly<Record<string, unknown>> {
  readonly dataDir: string
  readonly peerKeyFile: string
}

/** Serves until its input ends. Answers with its multiaddr. */
export async function serveBare({ dataDir, peerKeyFile }: BulkPeerSpec): Promise<void> {
  const chain = await LevelChain.open(dataDir, bulkGenesis())
  const opened = await openNetwork({ peerKeyFile, peers: [] })
  const { network } = opened
  const { blocks } = chain.stores
  const serving = new AbortController()
  setMaxListeners(0, serving.signal) // one for each stream that is served
  const messages: VersionedMessage[] = []
  for (let number = 1n; number <= blocks.head().number; number++) {
    const message = blocks.messageByNumber(number)
    if (message !== undefined) messages.push(message)
  }
  const frames = [...framesOf(messages)]
  await network.serve(BARE_PROTOCOL, STREAMS_MAX, (_, stream) => sendAll(stream, frames))
  const { chainId } = bulkGenesis().config
  const clock = systemClock
  const lanes = createPeerLanes(clock, () => true, 1)
  const open = new Lane(
    { clock, quota: new Quota(clock, { perPeer: UNBOUNDED, total: UNBOUNDED }) },
    { streamsPerPeerMax: STREAMS_MAX, streamsMax: STREAMS_MAX }
  )
  const serve = <Request, Chunk>(
    protocol: ServedProtocol<Request, Chunk, { readonly blocks: typeof blocks }>,
    laneOf: (peer: string) => Lane
  ) => {
    const { def, costTokens, deadlines } = protocol
    return network.serve(protocolId(def, chainId), STREAMS_MAX, (peer, stream) => {
      const handler = {
        ...{ def, costTokens, lane: laneOf(peer) },
        serve: (request: Request, context: Parameters<typeof protocol.serve>[2]) =>
          protocol.serve({ blocks }, request, context)
      }
      const deps = { clock, log: silentLog, signal: serving.signal }
      return respond(deps, handler, { peer, stream }, deadlines.serve)
    })
  }
  await serve(SERVED_BLOCKS_BY_RANGE, (peer) => lanes.laneOf('bulk', peer))
  await serve(SERVED_PAYLOAD_BY_NUMBER, () => open)
  writeAnswer({ multiaddr: network.multiaddrs()[0] })
  await inputEnds()
  serving.abort()
  await opened.close()
  await chain.close()
}

/** A host of ours and its network, dialling those peers. */
export async function openNetwork({
  peerKeyFile,
  peers
}: {
  readonly peerKeyFile: string
  readonly peers: readonly string[]
}): Promise<{ readonly host: Host; readonly network: Network; close(): Promise<void> }> {
  const options = {
    peerKey: await readPeerKey(peerKeyFile),
    listen: '/ip4/127.0.0.1/tcp/0',
    peers,
    chainId: bulkGenesis().config.chainId,
    seenTtlMs: SEEN_TTL_MS,
    agentVersion: 'rekindle/bench'
  }
  const host = await startHost(options)
  const network = createNetwork({ clock: systemClock, log: silentLog, host }, options)
  const stop = new AbortController()
  const life = network.run(stop.signal)
  return {
    host,
    network,
    async close() {
      stop.abort()
      await life
      await network.stop()
    }
  }
}

async function sendAll(stream: ByteStream, frames: readonly Uint8Array[]): Promise<void> {
  try {
    for (const frame of frames) await stream.write(frame)
    await stream.closeWrite()
  } catch {
    stream.abort(new Error('the reader is gone'))
  }
}

function* framesOf(messages: Iterable<VersionedMessage>): Generator<Uint8Array> {
  let parts: Uint8Array[] = []
  let length = 0
  for (const { version, message } of messages) {
    const head = new Uint8Array(FRAME_HEAD_BYTES)
    new DataView(head.buffer).setUint32(0, message.length)
    head[FRAME_HEAD_BYTES - 1] = version
    parts.push(head, message)
    length += head.length + message.length
    if (length < WRITE_BYTES) continue
    yield* pieces(concatBytes(...parts))
    parts = []
    length = 0
  }
  yield concatBytes(...parts)
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += WRITE_BYTES) yield bytes.subarray(at, at + WRITE_BYTES)
}
