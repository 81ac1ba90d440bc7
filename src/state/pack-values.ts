// A layer's values, one after the other in few pieces of memory: each ArrayBuffer of its own is work for V8 at every collection.
import { createYielder } from '../base/yielder.ts'
import { type EntryKey } from './entry-key.ts'
import { type LayerContent } from './layer.ts'

/** A piece; a longer value gets one of its own. It is kept while one of its values is, and no longer than its layer. */
const PIECE_BYTES = 2 ** 20

/** Copies values to where they lie side by side. */
export interface ValuePacker {
  pack(value: Uint8Array): Uint8Array
}

/** `expectedBytes`: of all values together; less memory than that is taken at once where it is a lot. */
export function createValuePacker(expectedBytes: number): ValuePacker {
  let leftBytes = expectedBytes
  let piece = new Uint8Array(0)
  let end = 0
  return {
    pack(value) {
      if (end + value.length > piece.length) {
        piece = new Uint8Array(Math.max(Math.min(leftBytes, PIECE_BYTES), value.length))
        end = 0
      }
      const copy = piece.subarray(end, end + value.length)
      copy.set(value)
      end += value.length
      leftBytes -= value.length
      return copy
    }
  }
}

/** What a layer of these entries holds, packed. Yields to the event loop. */
export async function packLayer({
  entries,
  cleared
}: Pick<LayerContent, 'entries' | 'cleared'>): Promise<LayerContent> {
  const yielder = createYielder()
  let keysBytes = 0
  let valuesBytes = 0
  for (const [key, value] of entries) {
    keysBytes += key.length
    valuesBytes += value?.length ?? 0
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  const packer = createValuePacker(valuesBytes)
  const packed = new Map<EntryKey, Uint8Array | undefined>()
  for (const [key, value] of entries) {
    packed.set(key, value && packer.pack(value))
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  return { entries: packed, cleared, sizeBytes: keysBytes + valuesBytes }
}
