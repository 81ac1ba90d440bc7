// What a header sums up of its receipts, read without their logs, which are most of the work (Yellow Paper, 4.4.1).
import { bytesToBigint } from '../../base/bytes.ts'
import { contentStart, isList, itemEnd, LIST_START, listStart } from '../../trie/rlp-item.ts'
import { ChainError } from './chain-error.ts'
import { BLOOM_BYTES, type Receipt, TYPE_MAX } from './receipt.ts'

/** A receipt without what its logs say. */
export type ReceiptHead = Pick<Receipt, 'cumulativeGasUsed' | 'logsBloom'>

/** A receipt whose logs are one RLP list. */
export interface SplitReceipt extends Omit<Receipt, 'logs'> {
  readonly logs: Uint8Array
}

/** Of a receipt in consensus encoding. The bloom is a view of it. Throws ChainError `receipt-malformed`. */
export function decodeReceiptHead(bytes: Uint8Array): ReceiptHead {
  const { cumulativeGasUsed, logsBloom } = splitReceipt(bytes)
  return { cumulativeGasUsed, logsBloom }
}

/** As decodeReceiptHead; what is in the list of logs is not looked at. */
export function splitReceipt(bytes: Uint8Array): SplitReceipt {
  const first = bytes[0] ?? 0
  const body = first < LIST_START ? bytes.subarray(1) : bytes
  const start = listStart(body)
  const statusEnd = start < 0 ? -1 : fieldEnd(body, start)
  const gasEnd = statusEnd < 0 ? -1 : fieldEnd(body, statusEnd)
  const bloomEnd = gasEnd < 0 ? -1 : fieldEnd(body, gasEnd)
  const isWhole = bloomEnd > 0 && itemEnd(body, bloomEnd) === body.length && isList(body, bloomEnd)
  if (!isWhole || (first < LIST_START && first > TYPE_MAX)) throw malformed('not a list of four')
  const status = field(body, start, statusEnd)
  if (status.length > 1 || (status[0] ?? 0) > 1) throw malformed('the status is neither 0 nor 1')
  const logsBloom = field(body, gasEnd, bloomEnd)
  if (logsBloom.length !== BLOOM_BYTES) throw malformed('logsBloom is not as long as it must be')
  return {
    type: first < LIST_START ? first : 0,
    status: status[0] === 1 ? 1 : 0,
    cumulativeGasUsed: bytesToBigint(field(body, statusEnd, gasEnd)),
    logsBloom,
    logs: body.subarray(bloomEnd)
  }
}

/** Where a string ends; -1 when none stands there. */
function fieldEnd(body: Uint8Array, start: number): number {
  return start < body.length && !isList(body, start) ? itemEnd(body, start) : -1
}

function field(body: Uint8Array, start: number, end: number): Uint8Array {
  return body.subarray(contentStart(body, start), end)
}

function malformed(reason: string): ChainError {
  return new ChainError({ code: 'receipt-malformed', reason })
}
