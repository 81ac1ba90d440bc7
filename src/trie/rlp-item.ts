// Items of RLP as bytes and offsets, canonical only, without making arrays (Yellow Paper, appendix B).

/** First byte of an empty string, which also fills an empty slot; longer ones count up from here. */
export const STRING_START = 0x80
/** First byte of an empty list. */
export const LIST_START = 0xc0
/** The longest content, in bytes, whose length fits the first byte; else it stands behind that. */
export const SHORT_LENGTH_MAX = 55
/** Bytes that a length may take: 2^32 - 1 is beyond any node. */
const LENGTH_BYTES_MAX = 4

/** True when the item at `at` is a list. */
export function isList(bytes: Uint8Array, at: number): boolean {
  return bytes[at]! >= LIST_START
}

/** Where the item that starts at `at` ends; -1 when it does not fit or is not canonical. */
export function itemEnd(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) return -1
  const first = bytes[at]!
  if (first < STRING_START) return at + 1
  const start = contentStart(bytes, at)
  if (start < 0) return -1
  const isLong = start - at > 1
  const length = isLong
    ? readLength(bytes, at + 1, start)
    : first - (first < LIST_START ? STRING_START : LIST_START)
  const end = start + length
  if (end > bytes.length || (isLong && length <= SHORT_LENGTH_MAX)) return -1
  // A single byte below 80 is its own encoding.
  return first === STRING_START + 1 && bytes[start]! < STRING_START ? -1 : end
}

/** Where the content of the item at `at` starts; -1 when its length takes too many bytes or starts with zero. */
export function contentStart(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  if (first < STRING_START) return at
  const base = first < LIST_START ? STRING_START : LIST_START
  const lengthBytes = first - base - SHORT_LENGTH_MAX
  if (lengthBytes <= 0) return at + 1
  if (lengthBytes > LENGTH_BYTES_MAX || !(bytes[at + 1]! > 0)) return -1
  return at + 1 + lengthBytes
}

/** Where the items of a list start that fills `bytes`; -1 when they are no such list. */
export function listStart(bytes: Uint8Array): number {
  if (bytes.length === 0 || !isList(bytes, 0) || itemEnd(bytes, 0) !== bytes.length) return -1
  return contentStart(bytes, 0)
}

function readLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 0
  for (let at = start; at < end; at++) length = length * 256 + (bytes[at] ?? 0)
  return length
}
