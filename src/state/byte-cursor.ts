// Writing and reading bytes in sequence, integers big-endian.
import { concatBytes } from '../base/bytes.ts'

/** Collects parts. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = []

  /** Keeps the bytes without a copy. */
  bytes(part: Uint8Array): void {
    this.#parts.push(part)
  }

  uint32(value: number): void {
    const part = new Uint8Array(4)
    new DataView(part.buffer).setUint32(0, value)
    this.#parts.push(part)
  }

  uint64(value: bigint): void {
    const part = new Uint8Array(8)
    new DataView(part.buffer).setBigUint64(0, value)
    this.#parts.push(part)
  }

  finish(): Uint8Array {
    return concatBytes(...this.#parts)
  }
}

/** Reads from the front; every method throws RangeError past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    const end = this.#offset + length
    if (end > this.#bytes.length) throw new RangeError('the bytes end early')
    const part = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return part
  }

  uint32(): number {
    const value = this.#view.getUint32(this.#offset)
    this.#offset += 4
    return value
  }

  uint64(): bigint {
    const value = this.#view.getBigUint64(this.#offset)
    this.#offset += 8
    return value
  }

  /** Throws RangeError when something is left. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw new RangeError('there are bytes behind the end')
  }
}
