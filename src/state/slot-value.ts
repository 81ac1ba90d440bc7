// Slot values: without leading zeros when flat, as an RLP string in the storage trie.
import { RLP } from '@ethereumjs/rlp'
import { contentStart, isList, itemEnd } from '../trie/rlp-item.ts'

/** The trie's form of a value of 1 to 32 bytes. */
export function encodeSlotValue(value: Uint8Array): Uint8Array {
  return RLP.encode(value)
}

/** Back to the flat form, a view of it. Throws RangeError when it is no string, or not in its one encoding. */
export function decodeSlotValue(encoded: Uint8Array): Uint8Array {
  if (itemEnd(encoded, 0) !== encoded.length || isList(encoded, 0)) {
    throw new RangeError('a slot value is no string in RLP')
  }
  return encoded.subarray(contentStart(encoded, 0))
}
