// From a node to its RLP, in one pass over one buffer (Yellow Paper, appendices B to D).
import {
  type Branch,
  BRANCH_WIDTH,
  HASH_HEADER,
  isHashReference,
  type NodeReference,
  referenceEnd
} from './node.ts'
import { LIST_START, SHORT_LENGTH_MAX, STRING_START } from './rlp-item.ts'

/** The upper nibble of a compact key's first byte. */
const EXTENSION_FLAG = 0x00
const LEAF_FLAG = 0x20
const ODD_FLAG = 0x10

/** Room before the content for the header of the list, which is known last: one byte and a length. */
const HEADER_BYTES_MAX = 5
const BUFFER_BYTES_MIN = 1024
/** A buffer that had to hold more than this is dropped once its node is out. */
const BUFFER_BYTES_KEPT_MAX = 64 * 1024

/** Encodes one node after the other. What it returns is the caller's own, or lent until the next node where that was asked for. */
export class NodeEncoder {
  readonly #isLending: boolean
  #buffer = new Uint8Array(BUFFER_BYTES_MIN)
  #at = HEADER_BYTES_MAX

  constructor({ isLending = false } = {}) {
    this.#isLending = isLending
  }

  /** A leaf whose key is the nibbles of `path` from `start` to `end`. */
  leaf(path: Uint8Array, start: number, end: number, value: Uint8Array): Uint8Array {
    this.#begin(path.length + value.length)
    this.#writeKey(path, start, end, LEAF_FLAG)
    this.#writeString(value)
    return this.#finish()
  }

  /** An extension whose key is the nibbles of `path` from `start` to `end`. */
  extension(path: Uint8Array, start: number, end: number, child: NodeReference): Uint8Array {
    this.#begin(path.length + child.length)
    this.#writeKey(path, start, end, EXTENSION_FLAG)
    this.#writeReference(child)
    return this.#finish()
  }

  /** A branch; all nodes that its slots hold have their reference. */
  branch(branch: Branch): Uint8Array {
    const { encoded, slots, value } = branch
    this.#begin((encoded?.length ?? 0) + (value?.length ?? 0))
    let end = branch.slotsStart
    for (let nibble = 0; nibble < BRANCH_WIDTH; nibble++) {
      const start = end
      if (encoded !== undefined) end = referenceEnd(encoded, start)
      const slot = slots[nibble]
      if (slot === undefined && encoded !== undefined) this.#writeRaw(encoded, start, end)
      else if (slot === undefined || slot === null) this.#buffer[this.#at++] = STRING_START
      else this.#writeReference(slot instanceof Uint8Array ? slot : slot.reference)
    }
    if (value === undefined) this.#buffer[this.#at++] = STRING_START
    else this.#writeString(value)
    return this.#finish()
  }

  /** Starts a list with room for `bytesCount` and all that can come on top: keys, headers, sixteen references. */
  #begin(bytesCount: number): void {
    this.#at = HEADER_BYTES_MAX
    if (bytesCount + BUFFER_BYTES_MIN > this.#buffer.length) {
      this.#buffer = new Uint8Array(bytesCount + BUFFER_BYTES_MIN)
    }
  }

  #writeReference(reference: NodeReference | undefined): void {
    if (reference === undefined) throw new Error('a child is encoded before its parent')
    if (isHashReference(reference)) this.#buffer[this.#at++] = HASH_HEADER
    this.#writeRaw(reference, 0, reference.length)
  }

  /** Byte by byte: what is copied here is short, and a view costs more than the loop. */
  #writeRaw(bytes: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer
    let at = this.#at
    for (let read = start; read < end; read++) buffer[at++] = bytes[read]!
    this.#at = at
  }

  #writeString(bytes: Uint8Array): void {
    if (bytes.length !== 1 || bytes[0]! >= STRING_START) {
      this.#at = writeHeader(this.#buffer, this.#at, STRING_START, bytes.length)
    }
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** The compact form of a key. `flag` is that of a leaf or of an extension, in the upper nibble. */
  #writeKey(path: Uint8Array, start: number, end: number, flag: number): void {
    const isOdd = ((end - start) & 1) === 1
    const length = 1 + ((end - start) >> 1)
    // One byte is always below 80, and so its own encoding.
    if (length > 1) this.#at = writeHeader(this.#buffer, this.#at, STRING_START, length)
    const buffer = this.#buffer
    let read = start
    buffer[this.#at++] = isOdd ? flag | ODD_FLAG | path[read++]! : flag
    for (; read < end; read += 2) buffer[this.#at++] = (path[read]! << 4) | path[read + 1]!
  }

  /** Puts the list's header before what was written, and gives it all out. */
  #finish(): Uint8Array {
    const length = this.#at - HEADER_BYTES_MAX
    const start = HEADER_BYTES_MAX - headerBytes(length)
    writeHeader(this.#buffer, start, LIST_START, length)
    if (this.#isLending) return this.#buffer.subarray(start, this.#at)
    const encoded = this.#buffer.slice(start, this.#at)
    if (this.#buffer.length > BUFFER_BYTES_KEPT_MAX) this.#buffer = new Uint8Array(BUFFER_BYTES_MIN)
    return encoded
  }
}

/** Bytes of the header of a string or list whose content has `length` bytes. */
function headerBytes(length: number): number {
  if (length <= SHORT_LENGTH_MAX) return 1
  let bytes = 2
  for (let rest = length; rest > 0xff; rest = Math.floor(rest / 256)) bytes++
  return bytes
}

/** Writes the header at `at`; returns where the content starts. */
function writeHeader(buffer: Uint8Array, at: number, base: number, length: number): number {
  if (length <= SHORT_LENGTH_MAX) {
    buffer[at] = base + length
    return at + 1
  }
  const lengthBytes = headerBytes(length) - 1
  buffer[at] = base + SHORT_LENGTH_MAX + lengthBytes
  let rest = length
  for (let index = lengthBytes; index > 0; index--) {
    buffer[at + index] = rest & 0xff
    rest = Math.floor(rest / 256)
  }
  return at + 1 + lengthBytes
}
