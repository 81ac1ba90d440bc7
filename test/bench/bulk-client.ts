// Receives stored blocks without a node, in each of the ways that are held against each other.
import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import { type Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import {
  decodeBlockMessage,
  SIGNATURE_BYTES,
  signatureOf,
  signedPart,
  signingHashOf,
  type TopicVersion
} from '../../protocols/block-message/codec.ts'
import { type VersionedMessage } from '../../protocols/block-message/message-chunk.ts'
import { toMessageLayout } from '../../protocols/payload-by-number/codec.ts'
import { bytesToHex } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { recoverAddress } from '../../src/base/secp256k1.ts'
import { type Block, type SignedBlock } from '../../src/chain/blocks/block.ts'
import { topicVersionAt } from '../../src/chain/blocks/forks.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage, verifyUnsignedMessage } from '../../src/chain/blocks/verify-message.ts'
import { type Host } from '../../src/net/host.ts'
import { type Network } from '../../src/net/network.ts'
import { parsePeer } from '../../src/net/peer-address.ts'
import { createRequester } from '../../src/reqresp/requester.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { CHAIN_DATABASE, CHAIN_PREFIX, numberKey } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { fillGap } from '../../src/sync/fetching/fill-gap.ts'
import { createBlockFetcher } from '../../src/sync/fetching/range-fetcher.ts'
import { requestChecked, type VerifyMessage } from '../../src/sync/protocols/asking.ts'
import { SERVED_PAYLOAD_BY_NUMBER } from '../../src/sync/protocols/payload-by-number.ts'
import { until } from '../support/until.ts'
import { usedSoFar, writeAnswer } from './bench-process.ts'
import { bulkGenesis } from './bulk-chain.ts'
import { BARE_PROTOCOL, type BulkPeerSpec, FRAME_HEAD_BYTES, openNetwork } from './bulk-server.ts'
import { LevelChain } from './level-chain.ts'

/** How far the bytes go: nowhere, through the checks of a message, to disk; or their signatures are recovered and they go there. */
export type BulkDepth = 'received' | 'verified' | 'stored' | 'recovered-and-stored'

/** By one bare stream, as a node fills a gap, or by payload_by_number. */
export type BulkWay = 'bare' | 'ranges' | 'payloads'

/** One measurement. */
export interface BulkClientSpec extends BulkPeerSpec {
  readonly peers: readonly string[]
  readonly height: number
  readonly way: BulkWay
  readonly depth: BulkDepth
}

/** What it took, without the start of the process and its connections. */
export interface BulkTaken {
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly residentMiB: number
}

/** Blocks of one synced batch. */
const BATCH_BLOCKS = 64
/** Requests in flight by payload_by_number. */
const PAYLOADS_IN_FLIGHT = 16

const { chainId, forks, signers } = bulkGenesis().config
const schedule = createSignerSchedule(signers)

/** Receives all blocks up to the height once. Answers with BulkTaken. */
export async function receiveBulk(spec: BulkClientSpec): Promise<void> {
  const opened = await openNetwork(spec)
  const { host, network } = opened
  const peers = spec.peers.map((address) => parsePeer(address).peerId)
  await until('connected', () => network.connected().length === peers.length)
  const chain = await LevelChain.open(spec.dataDir, bulkGenesis())
  const store = await openLevelStore(join(spec.dataDir, 'bare'), CHAIN_DATABASE)
  const receiver = { host, network, peers, chain, store, height: BigInt(spec.height) }
  const receive = { bare: byBareStream, ranges: byRanges, payloads: byPayloads }[spec.way]
  const [startedMs, before] = [performance.now(), usedSoFar()]
  await receive(receiver, spec.depth)
  const [elapsedMs, after] = [performance.now() - startedMs, usedSoFar()]
  const { residentMiB } = after
  writeAnswer({ elapsedMs, cpuMs: after.cpuMs - before.cpuMs, residentMiB })
  await opened.close()
  await store.close()
  await chain.close()
}

interface Receiver {
  readonly host: Host
  readonly network: Network
  readonly peers: readonly string[]
  readonly chain: LevelChain
  /** What the baselines write to. */
  readonly store: KeyValueStore
  readonly height: bigint
}

/** From the first peer. */
async function byBareStream({ host, peers, store, height }: Receiver, depth: BulkDepth) {
  const [connection] = host.getConnections(peerIdFromString(peers[0] ?? ''))
  if (connection === undefined) throw new Error('there is no connection')
  const batch = new Batch(store)
  let number = 0n
  for await (const message of readFrames(await openBare(connection))) {
    number += 1n
    if (depth === 'recovered-and-stored') recover(message)
    else if (depth !== 'received') verify(message)
    if (depth === 'stored' || depth === 'recovered-and-stored')
      await batch.add(number, message.message)
  }
  await batch.write()
  if (number !== height) throw new Error(`${String(number)} blocks came`)
}

/** From all of them, from the top down, as a node does that was shown the last. */
async function byRanges({ network, peers, chain, height }: Receiver, depth: BulkDepth) {
  const { request } = createRequester({
    clock: systemClock,
    opener: network.opener,
    chainId,
    onFailure: () => undefined
  })
  const check = depth === 'received' ? takeAsItIs(chain.stores.genesis) : verify
  const blocks = { request, verify: check, onFalse: assertTrue }
  const fetcher = createBlockFetcher({
    ...{ clock: systemClock, blocks },
    peers: () => peers,
    onSlow: () => undefined
  })
  const { signal } = new AbortController()
  const { accepted } = chain.stores
  const held = new Map<string, SignedBlock>()
  const keep = { isHeldAt: () => false, acceptedBlock: (hash: string) => held.get(hash) }
  const target = await lastBlock({ fetcher, height }, signal)
  const deps = {
    fetcher,
    accepted: depth === 'stored' ? accepted : { ...keep, accept: () => Promise.resolve() }
  }
  if (depth === 'stored') await accepted.accept([target])
  else held.set(target.hash, target)
  const gap = { floor: chain.stores.genesis, target, signal }
  const outcome = await fillGap(deps, gap)
  if (outcome.kind !== 'linked') throw new Error(outcome.kind)
}

async function byPayloads({ network, peers, store, height }: Receiver): Promise<void> {
  const { request } = createRequester({
    clock: systemClock,
    opener: network.opener,
    chainId,
    onFailure: () => undefined
  })
  const batch = new Batch(store)
  const deps = {
    request,
    onFalse: assertTrue,
    verifyPayload(payload: Parameters<typeof toMessageLayout>[0]) {
      const laidOut = toMessageLayout(payload, (timestamp) => topicVersionAt(forks, timestamp))
      return verifyUnsignedMessage(laidOut.version, laidOut.message)
    }
  }
  let next = 1n
  const { signal } = new AbortController()
  setMaxListeners(2 * PAYLOADS_IN_FLIGHT, signal)
  await Promise.all(
    Array.from({ length: PAYLOADS_IN_FLIGHT }, async (_, at) => {
      const peer = peers[at % peers.length] ?? ''
      while (next <= height) {
        const number = next
        next += 1n
        const asked = { peer, question: { number } }
        let bytes = new Uint8Array(0)
        const kept = {
          ...deps,
          verifyPayload(payload: Parameters<typeof toMessageLayout>[0]) {
            bytes = payload.bytes as Uint8Array<ArrayBuffer>
            return deps.verifyPayload(payload)
          }
        }
        for await (const block of requestChecked(kept, SERVED_PAYLOAD_BY_NUMBER, asked, signal)) {
          await batch.add(block.number, bytes)
        }
      }
    })
  )
  await batch.write()
}

/** Synced batches of so many messages, under their heights. */
class Batch {
  readonly #store: KeyValueStore
  #waiting: { type: 'put'; key: Uint8Array; value: Uint8Array }[] = []

  constructor(store: KeyValueStore) {
    this.#store = store
  }

  async add(number: bigint, value: Uint8Array): Promise<void> {
    this.#waiting.push({ type: 'put', key: numberKey(CHAIN_PREFIX.content, number), value })
    if (this.#waiting.length >= BATCH_BLOCKS) await this.write()
  }

  async write(): Promise<void> {
    const operations = this.#waiting
    this.#waiting = []
    if (operations.length > 0) await this.#store.batch(operations, { sync: true })
  }
}

function verify({ version, message }: VersionedMessage): SignedBlock {
  return verifyBlockMessage({ chainId, schedule }, version, message)
}

/** What links a range and no more: nothing is hashed. */
function takeAsItIs(template: Block): VerifyMessage {
  return ({ version, message }) => {
    const { blockNumber, blockHash, parentHash } = decodeBlockMessage(version, message).payload
    return {
      ...template,
      ...{ version, message, signer: '0x' },
      number: blockNumber,
      hash: bytesToHex(blockHash),
      parentHash: bytesToHex(parentHash)
    }
  }
}

function recover({ message }: VersionedMessage): void {
  const signature = signatureOf(message)
  const digest = signingHashOf(keccak256, chainId, keccak256(signedPart(message)))
  const compact = signature.subarray(0, SIGNATURE_BYTES - 1)
  recoverAddress(digest, { compact, recovery: signature[SIGNATURE_BYTES - 1]! })
}

function assertTrue(failure: { readonly code: string }): void {
  throw new Error(failure.code)
}

async function lastBlock(
  {
    fetcher,
    height
  }: { readonly fetcher: ReturnType<typeof createBlockFetcher>; readonly height: bigint },
  signal: AbortSignal
): Promise<SignedBlock> {
  let found: SignedBlock | undefined
  const take = async ({ blocks }: { readonly blocks: readonly SignedBlock[] }) => {
    found = blocks.at(-1)
  }
  await fetcher.range({ first: height, last: height }, take, { signal })
  if (found === undefined) throw new Error('nobody serves the last block')
  return found
}

/** What comes on a stream of libp2p's own, never paused: a reader that is late lets it wait in memory. */
async function openBare(connection: Connection): Promise<AsyncIterable<Uint8Array>> {
  const stream = await connection.newStream(BARE_PROTOCOL)
  const waiting: Uint8Array[] = []
  let hasEnded = false
  let wake: () => void = () => undefined
  stream.addEventListener('message', ({ data }) => {
    waiting.push(data.subarray())
    wake()
  })
  const end = () => {
    hasEnded = true
    wake()
  }
  stream.addEventListener('remoteCloseWrite', end)
  stream.addEventListener('close', end)
  await stream.close()
  return (async function* () {
    for (;;) {
      yield* waiting.splice(0)
      if (waiting.length > 0) continue
      if (hasEnded) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  })()
}

async function* readFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<VersionedMessage> {
  let parts: Uint8Array[] = []
  let length = 0
  let wanted = FRAME_HEAD_BYTES
  for await (const part of source) {
    parts.push(part)
    length += part.length
    if (length < wanted) continue
    const bytes = parts.length === 1 ? part : Buffer.concat(parts, length)
    let at = 0
    wanted = FRAME_HEAD_BYTES
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEAD_BYTES)
      const end = at + FRAME_HEAD_BYTES + view.getUint32(0)
      if (end > bytes.length) {
        wanted = end - at
        break
      }
      const version = view.getUint8(FRAME_HEAD_BYTES - 1) as TopicVersion
      yield { version, message: bytes.subarray(at + FRAME_HEAD_BYTES, end) }
      at = end
    }
    parts = at < bytes.length ? [bytes.subarray(at)] : []
    length = bytes.length - at
  }
}
