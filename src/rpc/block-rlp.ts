// A block in RLP as Ethereum writes it: header, transactions, no ommers, and from Canyon on no withdrawals (EIP-4895).
import { concatBytes } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { encodeHeader } from '../chain/blocks/header.ts'
import { LIST_START, SHORT_LENGTH_MAX, STRING_START } from '../trie/rlp-item.ts'

const EMPTY_LIST = Uint8Array.of(LIST_START)

/** What geth exports and what debug_getRawBlock answers: transactions with a type stand as strings in their list. */
export function encodeBlock({ header, transactions }: Block): Uint8Array {
  const items = transactions.flatMap((raw) =>
    isTyped(raw) ? [prefix(STRING_START, raw.length), raw] : [raw]
  )
  const transactionsBytes = items.reduce((sum, { length }) => sum + length, 0)
  const content = [
    encodeHeader(header),
    prefix(LIST_START, transactionsBytes),
    ...items,
    ...Array.from({ length: emptyListsOf(header) }, () => EMPTY_LIST)
  ]
  const contentBytes = content.reduce((sum, { length }) => sum + length, 0)
  return concatBytes(prefix(LIST_START, contentBytes), ...content)
}

/** Bytes that `encodeBlock` gives. */
export function blockSizeBytes({ header, transactions }: Block): number {
  const transactionsBytes = transactions.reduce(
    (sum, raw) => sum + (isTyped(raw) ? withPrefix(raw.length) : raw.length),
    0
  )
  return withPrefix(
    encodeHeader(header).length + withPrefix(transactionsBytes) + emptyListsOf(header)
  )
}

/** A legacy transaction is a list of its own. */
function isTyped(raw: Uint8Array): boolean {
  return raw[0]! < LIST_START
}

function emptyListsOf({ withdrawalsRoot }: Block['header']): number {
  return withdrawalsRoot === undefined ? 1 : 2
}

/** Bytes of a list, or of a string of more than one byte, whose content has so many. */
function withPrefix(contentBytes: number): number {
  return prefix(LIST_START, contentBytes).length + contentBytes
}

/** What stands before content of more than one byte. */
function prefix(start: number, contentBytes: number): Uint8Array {
  if (contentBytes <= SHORT_LENGTH_MAX) return Uint8Array.of(start + contentBytes)
  const digits = contentBytes.toString(16)
  const length = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  return Uint8Array.of(start + SHORT_LENGTH_MAX + length.length, ...length)
}
