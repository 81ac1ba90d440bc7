// Slot values: without leading zeros when flat, as an RLP string in the storage trie.
import { RLP } from '@ethereumjs/rlp'

/** The trie's form of a value of 1 to 32 bytes. */
export function encodeSlotValue(value: Uint8Array): Uint8Array {
  return RLP.encode(value)
}

/** Back to the flat form. Throws RangeError when it is no string. */
export function decodeSlotValue(encoded: Uint8Array): Uint8Array {
  const value = RLP.decode(encoded)
  if (!(value instanceof Uint8Array)) throw new RangeError('a slot value is a list')
  return value
}
