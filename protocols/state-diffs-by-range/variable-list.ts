// SSZ lists of items of variable size: a table of u32 offsets, then the items end to end.
import { StateDiffError } from './state-diff-error.ts'

const OFFSET_BYTES = 4

/** The items behind their table; nothing for no items. */
export function encodeList(items: readonly Uint8Array[]): Uint8Array {
  let start = OFFSET_BYTES * items.length
  let total = start
  for (const item of items) total += item.length
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  for (const [index, item] of items.entries()) {
    view.setUint32(OFFSET_BYTES * index, start, true)
    bytes.set(item, start)
    start += item.length
  }
  return bytes
}

/** Views of the items that fill `bytes`. Throws StateDiffError, before anything is allocated for too many. */
export function decodeList(bytes: Uint8Array, field: string, itemsMax: number): Uint8Array[] {
  if (bytes.length === 0) return []
  if (bytes.length < OFFSET_BYTES) throwOffset(field, bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const first = view.getUint32(0, true)
  if (first === 0 || first % OFFSET_BYTES !== 0 || first > bytes.length) throwOffset(field, first)
  const count = first / OFFSET_BYTES
  if (count > itemsMax) throw new StateDiffError({ code: 'too-many-items', field, count })
  const items: Uint8Array[] = []
  let start = first
  for (let next = 1; next <= count; next++) {
    const end = next === count ? bytes.length : view.getUint32(OFFSET_BYTES * next, true)
    if (end < start || end > bytes.length) throwOffset(field, end)
    items.push(bytes.subarray(start, end))
    start = end
  }
  return items
}

function throwOffset(field: string, offset: number): never {
  throw new StateDiffError({ code: 'offset-invalid', field, offset })
}
