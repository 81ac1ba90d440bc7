// The shape of RLP before a library decodes it: that recurses, copies the content of each list, and makes an array of each item.
import { contentStart, isList, itemEnd } from './rlp-item.ts'

/** Why bytes are not to be decoded. */
export type ShapeFault =
  'it is no canonical RLP' | 'its lists lie too deep in each other' | 'it has too many items'

/** What a kind of value may look like. */
export interface RlpShape {
  /** The outermost list is at depth 1. */
  readonly depthMax: number
  /** No value of the kind has more items than ITEMS_FREE and one for each so many bytes. */
  readonly bytesPerItemMin: number
}

/** Small values may have items of a byte each. */
const ITEMS_FREE = 32

/** Undefined for one item that fills the bytes, canonical throughout and within the shape. One pass, no recursion. */
export function findShapeFault(
  bytes: Uint8Array,
  { depthMax, bytesPerItemMin }: RlpShape
): ShapeFault | undefined {
  if (itemEnd(bytes, 0) !== bytes.length) return 'it is no canonical RLP'
  /** Where each list that is open ends. */
  const ends: number[] = []
  let itemsLeft = ITEMS_FREE + Math.floor(bytes.length / bytesPerItemMin)
  for (let at = 0; at < bytes.length;) {
    const end = itemEnd(bytes, at)
    if (end < 0 || end > (ends.at(-1) ?? bytes.length)) return 'it is no canonical RLP'
    if (itemsLeft-- === 0) return 'it has too many items'
    if (isList(bytes, at)) {
      if (ends.length === depthMax) return 'its lists lie too deep in each other'
      ends.push(end)
      at = contentStart(bytes, at)
    } else at = end
    while (ends.at(-1) === at) ends.pop()
  }
  return undefined
}
