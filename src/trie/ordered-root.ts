// The root of a list: transactions, receipts (Yellow Paper, section 4.3.2).
import { bytesToNibbles } from './nibbles.ts'
import { TrieBuilder } from './trie-builder.ts'
import { TrieError } from './trie-error.ts'

/** Indexes below this are their own RLP; 0 is the empty string, 80, which sorts behind them. */
const ONE_BYTE_INDEX_END = 0x80

/**
 * The root of the trie that maps the RLP of each index to the value there; EMPTY_ROOT of no values.
 * Throws TrieError `value-empty`.
 */
export function orderedRoot(values: readonly Uint8Array[]): Uint8Array {
  const builder = new TrieBuilder()
  const add = (index: number) => {
    const value = values[index]!
    if (value.length === 0) throw new TrieError({ code: 'value-empty', index })
    builder.add(bytesToNibbles(encodeIndex(index)), value)
  }
  for (let index = 1; index < Math.min(values.length, ONE_BYTE_INDEX_END); index++) add(index)
  if (values.length > 0) add(0)
  for (let index = ONE_BYTE_INDEX_END; index < values.length; index++) add(index)
  return builder.finish()
}

function encodeIndex(index: number): Uint8Array {
  if (index === 0) return Uint8Array.of(0x80)
  if (index < ONE_BYTE_INDEX_END) return Uint8Array.of(index)
  const bytes: number[] = []
  for (let rest = index; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff)
  return Uint8Array.of(0x80 + bytes.length, ...bytes)
}
