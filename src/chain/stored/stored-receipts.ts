// Receipts of a block as they are stored, read one log at a time: 9,900 logs decoded in one go hold the event loop for 20 ms and 5 MiB.
import { contentStart, isList, itemEnd, listStart } from '../../trie/rlp-item.ts'
import { ChainError } from '../blocks/chain-error.ts'
import { splitReceipt } from '../blocks/receipt-head.ts'
import {
  ADDRESS_BYTES,
  type Log,
  type Receipt,
  TOPIC_BYTES,
  TOPICS_MAX
} from '../blocks/receipt.ts'

/** A receipt whose logs are still bytes. */
export interface StoredReceipt extends Omit<Receipt, 'logs'> {
  /** What the receipts root is made of (EIP-2718); a view. */
  readonly encoded: Uint8Array
  /** Throws ChainError `receipt-malformed` at the first that is none, as `logsCount` does. Byte fields are views. */
  readonly logs: () => Iterable<Log>
  /** Counted without reading them. */
  readonly logsCount: () => number
}

/** In the order of the transactions. `bytes` is what encodeReceipts gives. Throws ChainError `receipt-malformed`. */
export function* readReceipts(bytes: Uint8Array): Generator<StoredReceipt> {
  for (const receipt of itemsOf(bytes, 'the receipts')) {
    if (isList(receipt, 0)) throw malformed('a receipt is no string')
    const encoded = contentOf(receipt)
    const { logs, ...head } = splitReceipt(encoded)
    yield { ...head, encoded, logs: () => readLogs(logs), logsCount: () => countOf(logs) }
  }
}

/** All of them with all their logs, which takes long where there are many. Throws ChainError `receipt-malformed`. */
export function decodeReceipts(bytes: Uint8Array): readonly Receipt[] {
  return Array.from(
    readReceipts(bytes),
    ({ type, status, cumulativeGasUsed, logsBloom, logs }) => ({
      ...{ type, status, cumulativeGasUsed, logsBloom },
      logs: [...logs()]
    })
  )
}

function* readLogs(logs: Uint8Array): Generator<Log> {
  for (const log of itemsOf(logs, 'the logs')) {
    const [address, topics, data, ...more] = itemsOf(log, 'a log')
    if (address === undefined || topics === undefined || data === undefined || more.length > 0) {
      throw malformed('a log is not a list of three')
    }
    const read = {
      address: stringOf(address, 'address', ADDRESS_BYTES),
      topics: [...itemsOf(topics, 'topics')].map((it) => stringOf(it, 'topic', TOPIC_BYTES)),
      data: stringOf(data, 'data')
    }
    if (read.topics.length > TOPICS_MAX) throw malformed('a log has too many topics')
    yield read
  }
}

function countOf(list: Uint8Array): number {
  let count = 0
  for (let at = listStart(list); at < list.length; at = itemEnd(list, at)) {
    if (at < 0) throw malformed('the logs are no list')
    count += 1
  }
  return count
}

/** The items of the list that `list` is, each with what stands before its content. */
function* itemsOf(list: Uint8Array, what: string): Generator<Uint8Array> {
  let at = list.length === 0 ? -1 : listStart(list)
  if (at < 0) throw malformed(`${what} are no list`)
  while (at < list.length) {
    const end = itemEnd(list, at)
    if (end < 0) throw malformed(`${what} are no list`)
    yield list.subarray(at, end)
    at = end
  }
}

function stringOf(item: Uint8Array, field: string, lengthBytes?: number): Uint8Array {
  const content = contentOf(item)
  if (!isList(item, 0) && content.length === (lengthBytes ?? content.length)) return content
  throw malformed(`${field} is not as long as it must be`)
}

function contentOf(item: Uint8Array): Uint8Array {
  return item.subarray(contentStart(item, 0))
}

function malformed(reason: string): ChainError {
  return new ChainError({ code: 'receipt-malformed', reason })
}
