// Gossip of a fake node: the rules of protocols/gossip one by one, each of which can be left out.
import { createHash } from 'node:crypto'
import { type Connection, type Libp2p, type Stream } from '@libp2p/interface'
import {
  type BlockMessage,
  decodeBlockMessage,
  type TopicVersion
} from '../../../protocols/block-message/codec.ts'
import { decompressMessage, messageId } from '../../../protocols/gossip/codec.ts'
import { OP_PRESET } from '../../../protocols/gossip/parameters.ts'
import { blocksTopic, parseBlocksTopic } from '../../../protocols/gossip/topic.ts'
import {
  blockHashOf,
  keyToAddress,
  signerOf,
  toHex
} from '../../../protocols/conformance/block-maker.ts'
import { GOSSIPSUB_PROTOCOLS } from '../../../protocols/conformance/gossip-peer.ts'
import {
  decodeRpc,
  encodeIdontwant,
  encodePublish,
  encodeSubscriptions,
  frameRpc,
  readVarint,
  type WireMessage
} from '../../../protocols/conformance/gossip-wire.ts'
import { StreamReader } from '../../../protocols/conformance/raw-stream.ts'
import { FAKE_CHAIN_ID, FAKE_SIGNER, type FakeBlock } from './fake-chain.ts'

/** What can be wrong with the gossip of a fake. */
export interface GossipFaults {
  /** Rules that are not looked at. */
  readonly skipped: readonly string[]
  readonly topicVersions: readonly (0 | 1 | 2 | 3)[]
  /** What a message is passed on as. */
  readonly passOn: (message: WireMessage) => WireMessage
  readonly idOf: (message: WireMessage) => Uint8Array
}

/** No faults. */
export const SOUND_GOSSIP: GossipFaults = {
  skipped: [],
  topicVersions: [0, 1, 2, 3],
  passOn: ({ topic, data }) => ({ topic, data }),
  idOf: ({ topic, data }) => messageId(sha256, topic, data)
}

/** SHA-256. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

const SIGNER = keyToAddress(FAKE_SIGNER)
/** Where the payload of a message of version 3 begins, where offsets stand in it, and what its fixed part takes. */
const LAYOUT = { payload: 97, transactions: 504, withdrawals: 508, fixedBytes: 560 } as const
const EXTRA_DATA_MAX_BYTES = 32
/** GO-17 may be lost where it counts too early; no case sends more than this at one height. */
const HASHES_MAX = OP_PRESET.hashesPerHeightMax

/** Serves gossip on a host; accepted blocks are put into `extra`. */
export async function serveGossip(
  host: Libp2p,
  faults: GossipFaults,
  extra: Map<bigint, FakeBlock>
): Promise<void> {
  const outs = new Map<Connection, Stream>()
  const seen = new Map<string, Set<string>>()
  let turn: Promise<void> = Promise.resolve()

  async function receive(from: Connection, message: WireMessage): Promise<void> {
    const block = await judge(message, faults.skipped, seen)
    if (block === undefined) return
    extra.set(block.number, block)
    for (const [connection, out] of outs) {
      if (connection === from || out.status !== 'open') continue
      out.send(frameRpc(encodeIdontwant([faults.idOf(message)])))
      out.send(frameRpc(encodePublish(faults.passOn(message))))
    }
  }

  await host.handle([...GOSSIPSUB_PROTOCOLS], async (stream, connection) => {
    const out = await connection.newStream([...GOSSIPSUB_PROTOCOLS])
    outs.set(connection, out)
    stream.addEventListener('close', () => outs.delete(connection))
    const topics = faults.topicVersions.map((version) => blocksTopic(FAKE_CHAIN_ID, version))
    out.send(frameRpc(encodeSubscriptions(topics)))
    for await (const rpc of framesOf(new StreamReader(stream))) {
      for (const message of decodeRpc(rpc).messages) {
        turn = turn.then(() => receive(connection, message))
      }
    }
  })
}

async function* framesOf(reader: StreamReader): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array = new Uint8Array()
  for (let bytes = await reader.next(); bytes !== undefined; bytes = await reader.next()) {
    waiting = Buffer.concat([waiting, bytes])
    for (;;) {
      const prefix = readVarint(waiting, 0)
      if (prefix === undefined || prefix.end + prefix.value > waiting.length) break
      yield waiting.subarray(prefix.end, prefix.end + prefix.value)
      waiting = waiting.subarray(prefix.end + prefix.value)
    }
  }
}

/** As decodeBlockMessage, but with extraData of any length where nothing follows it. */
function decodeLoosely(version: TopicVersion, bytes: Uint8Array): BlockMessage {
  const { payload, transactions, withdrawals, fixedBytes } = LAYOUT
  const offsets = new DataView(bytes.buffer, bytes.byteOffset + payload)
  const end = version === 3 ? offsets.getUint32(transactions, true) : 0
  const isLong = end > fixedBytes + EXTRA_DATA_MAX_BYTES && end === bytes.length - payload
  if (!isLong) return decodeBlockMessage(version, bytes)
  const cut = bytes.slice(0, payload + fixedBytes)
  const cutOffsets = new DataView(cut.buffer, payload)
  for (const at of [transactions, withdrawals]) cutOffsets.setUint32(at, fixedBytes, true)
  const { payload: decoded, ...message } = decodeBlockMessage(version, cut)
  return { ...message, payload: { ...decoded, extraData: bytes.slice(payload + fixedBytes) } }
}

async function judge(
  message: WireMessage,
  skipped: readonly string[],
  seen: Map<string, Set<string>>
): Promise<FakeBlock | undefined> {
  const breaks = (rule: string, isBroken: () => boolean) => !skipped.includes(rule) && isBroken()
  const { topic, data, from, seqno, signature } = message
  const version = parseBlocksTopic(topic)?.version
  if (version === undefined) return undefined
  if (breaks('GO-3', () => [from, seqno, signature].some((it) => it !== undefined)))
    return undefined
  let bytes: Uint8Array
  let block: BlockMessage
  try {
    bytes = decompressMessage(data)
    block = (skipped.includes('BM-7') ? decodeLoosely : decodeBlockMessage)(version, bytes)
  } catch {
    return undefined
  }
  const { blockNumber: number, blockHash, timestamp } = block.payload
  if (breaks('GO-9', () => signerOf(FAKE_CHAIN_ID, bytes) !== SIGNER)) return undefined
  const age = Math.floor(Date.now() / 1000) - Number(timestamp)
  if (breaks('GO-11', () => age > OP_PRESET.maxAgeSeconds)) return undefined
  if (breaks('GO-11', () => -age > OP_PRESET.maxFutureSeconds)) return undefined
  const computed = await blockHashOf(block)
  if (breaks('GO-12', () => toHex(computed) !== toHex(blockHash))) return undefined
  const { withdrawals = [], blobGasUsed = 0n, excessBlobGas = 0n } = block.payload
  if (breaks('GO-13', () => withdrawals.length > 0 || excessBlobGas > 0n)) return undefined
  if (breaks('GO-22', () => block.payload.blockNumber === 0n)) return undefined
  if (breaks('GO-21', () => blobGasUsed > 0n)) return undefined
  const height = `${topic} ${String(number)}`
  const hashes = seen.get(height) ?? new Set<string>()
  if (breaks('GO-14', () => hashes.has(toHex(blockHash)))) return undefined
  if (breaks('GO-15', () => hashes.size >= HASHES_MAX)) return undefined
  seen.set(height, hashes.add(toHex(blockHash)))
  return { number, hash: blockHash, version, message: bytes }
}
