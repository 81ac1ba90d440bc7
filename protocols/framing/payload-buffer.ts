// Collects a known number of bytes as they arrive, growing with what has come, not with what was claimed.

const CAPACITY_FIRST_BYTES = 256 * 1024

/** Collects `sizeBytes` bytes. Its creator has checked that size. */
export class PayloadBuffer {
  readonly #sizeBytes: number
  #bytes: Uint8Array = new Uint8Array(0)
  #filledBytes = 0

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes
  }

  /** True before the first byte, and after take. */
  get isEmpty(): boolean {
    return this.#filledBytes === 0
  }

  /** True when take gives the whole. */
  get isFull(): boolean {
    return this.#filledBytes === this.#sizeBytes
  }

  /** Bytes still to come. */
  get missingBytes(): number {
    return this.#sizeBytes - this.#filledBytes
  }

  /** Takes what it lacks from `source` at `start`; returns how many bytes that were. */
  append(source: Uint8Array, start: number): number {
    const count = Math.min(this.missingBytes, source.length - start)
    if (count === 0) return 0
    const part = source.subarray(start, start + count)
    if (count === this.#sizeBytes) {
      this.#bytes = part // all at once: no copy, and it is taken before the source can change
    } else {
      this.#reserve(this.#filledBytes + count)
      this.#bytes.set(part, this.#filledBytes)
    }
    this.#filledBytes += count
    return count
  }

  /** The bytes collected, perhaps a view of what was appended; empties the buffer. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#filledBytes)
    this.#bytes = new Uint8Array(0)
    this.#filledBytes = 0
    return bytes
  }

  #reserve(neededBytes: number): void {
    if (neededBytes <= this.#bytes.length) return
    const capacity = Math.max(neededBytes, 2 * this.#bytes.length, CAPACITY_FIRST_BYTES)
    const grown = new Uint8Array(Math.min(capacity, this.#sizeBytes))
    grown.set(this.#bytes.subarray(0, this.#filledBytes))
    this.#bytes = grown
  }
}
