// Receipts in consensus encoding (EIP-2718), their root, and the logs bloom (Yellow Paper, sections 4.3.1 and 4.4.1).
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, bytesToBigint, concatBytes } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { errorMessage } from '../../base/node-error.ts'
import { orderedRoot } from '../../trie/ordered-root.ts'
import { LIST_START } from '../../trie/rlp-item.ts'
import { ChainError } from './chain-error.ts'
import { findShapeFault, type RlpShape } from '../../trie/rlp-shape.ts'

/** One log of a transaction. */
export interface Log {
  /** 20 bytes. */
  readonly address: Uint8Array
  /** At most 4, 32 bytes each. */
  readonly topics: readonly Uint8Array[]
  readonly data: Uint8Array
}

/** What became of a transaction. */
export interface Receipt {
  /** The transaction's EIP-2718 type, 0 to 127; 0 is the legacy form. */
  readonly type: number
  /** 1 when it succeeded, 0 when it was reverted. */
  readonly status: 0 | 1
  /** Gas of the block's transactions up to and with this one. */
  readonly cumulativeGasUsed: bigint
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  readonly logs: readonly Log[]
}

/** Bytes of a bloom. */
export const BLOOM_BYTES = 256
/** Topics of a log. */
export const TOPICS_MAX = 4
/** Bytes of a log's address. */
export const ADDRESS_BYTES = 20
/** Bytes of a topic. */
export const TOPIC_BYTES = 32
/** A receipt, its logs, a log, its topics; a log without topics and data takes 24 bytes for five items. */
const SHAPE: RlpShape = { depthMax: 4, bytesPerItemMin: 4 }
/** The highest type of EIP-2718; a list begins with a higher byte. */
export const TYPE_MAX = 0x7f

/** The bytes whose trie gives the receipts root. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { type, status, cumulativeGasUsed, logsBloom, logs } = receipt
  const body = RLP.encode([
    bigintToBytes(BigInt(status)),
    bigintToBytes(cumulativeGasUsed),
    logsBloom,
    logs.map(({ address, topics, data }) => [address, [...topics], data])
  ])
  return type === 0 ? body : concatBytes(Uint8Array.of(type), body)
}

/** Throws ChainError `receipt-malformed`. Byte fields are views of `bytes`. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const type = (bytes[0] ?? 0) >= LIST_START ? 0 : (bytes[0] ?? 0)
  const fields = decodeRlp(type === 0 ? bytes : bytes.subarray(1))
  if (!Array.isArray(fields) || fields.length !== 4 || type > TYPE_MAX) {
    throw malformed('not a list of four')
  }
  const [status, gas, bloom, logs] = fields as unknown[]
  const statusNumber = bytesToBigint(expectBytes(status, 'status'))
  if (statusNumber > 1n) throw malformed('the status is neither 0 nor 1')
  return {
    type,
    status: statusNumber === 1n ? 1 : 0,
    cumulativeGasUsed: bytesToBigint(expectBytes(gas, 'cumulativeGasUsed')),
    logsBloom: expectBytes(bloom, 'logsBloom', BLOOM_BYTES),
    logs: expectList(logs, 'logs').map(decodeLog)
  }
}

/** All receipts of a block as one value to store. */
export function encodeReceipts(receipts: readonly Receipt[]): Uint8Array {
  return RLP.encode(receipts.map(encodeReceipt))
}

/** The header's receiptsRoot. */
export function receiptsRoot(receipts: readonly Receipt[]): Uint8Array {
  return orderedRoot(receipts.map(encodeReceipt))
}

/** The bloom over the addresses and topics of logs. */
export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const { address, topics } of logs) {
    for (const value of [address, ...topics]) {
      for (const bit of bloomBits(value)) bloom[bit.at]! |= bit.mask
    }
  }
  return bloom
}

/** The header's logsBloom: that of all receipts together. */
export function blockBloom(receipts: readonly Pick<Receipt, 'logsBloom'>[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const receipt of receipts) {
    for (let at = 0; at < BLOOM_BYTES; at++) bloom[at]! |= receipt.logsBloom[at]!
  }
  return bloom
}

/** False when no log has this address or topic; true when one may have. */
export function bloomContains(bloom: Uint8Array, value: Uint8Array): boolean {
  return bloomBits(value).every(({ at, mask }) => (bloom[at]! & mask) !== 0)
}

/** Three bits of 2048, from the first three pairs of bytes of the hash; bit 0 is the last byte's lowest. */
function bloomBits(value: Uint8Array): readonly { readonly at: number; readonly mask: number }[] {
  const hash = keccak256(value)
  return [0, 2, 4].map((pair) => {
    const bit = ((hash[pair]! << 8) | hash[pair + 1]!) & 0x7ff
    return { at: BLOOM_BYTES - 1 - (bit >> 3), mask: 1 << (bit & 7) }
  })
}

function decodeLog(log: unknown): Log {
  const fields = expectList(log, 'log')
  const topics = expectList(fields[1], 'topics')
  if (fields.length !== 3 || topics.length > TOPICS_MAX) throw malformed('not a log')
  return {
    address: expectBytes(fields[0], 'address', ADDRESS_BYTES),
    topics: topics.map((topic) => expectBytes(topic, 'topic', TOPIC_BYTES)),
    data: expectBytes(fields[2], 'data')
  }
}

function decodeRlp(bytes: Uint8Array): unknown {
  const fault = findShapeFault(bytes, SHAPE)
  if (fault !== undefined) throw malformed(fault)
  try {
    return RLP.decode(bytes)
  } catch (thrown) {
    throw malformed(errorMessage(thrown), thrown)
  }
}

function expectBytes(value: unknown, field: string, lengthBytes?: number): Uint8Array {
  const isRight = value instanceof Uint8Array && (lengthBytes ?? value.length) === value.length
  if (!isRight) throw malformed(`${field} is not as long as it must be`)
  return value
}

function expectList(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${field} is no list`)
  return value as readonly unknown[]
}

function malformed(reason: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'receipt-malformed', reason }, { cause })
}
