// A snappy block unpacked in steps between which others have their turn (format_description.txt of google/snappy).
import { readLength, SnappyError } from './snappy-block.ts'

/** Awaited between two steps; undefined while there is no need to wait. */
export type Pause = () => Promise<void> | undefined

/** Tags, and bytes of one literal, that are taken in one step: well under a millisecond of work. */
const STEP_TAGS = 2 ** 10
const STEP_LITERAL_BYTES = 2 ** 20

/** Below this a view costs more than copying byte by byte. */
const VIEW_MIN_BYTES = 64

/** What the low two bits of a tag say; all else is a copy with an offset of four bytes. */
const LITERAL = 0
const COPY_1 = 1
const COPY_2 = 2
/** Literals from here on have their length in 1 to 4 bytes behind the tag. */
const LONG_LITERAL = 60

/**
 * What the block holds, as decompressBlock gives it, without holding the event loop; refused before anything is
 * allocated when that is over `maxBytes`. `compressed` must not change meanwhile. Throws SnappyError.
 *
 * The binding of decompressBlock has an asynchronous form, which keeps the memory of each result for good.
 */
export async function decompressInSlices(
  compressed: Uint8Array,
  maxBytes: number,
  pause: Pause
): Promise<Uint8Array> {
  const { sizeBytes, headerBytes } = readLength(compressed, maxBytes)
  const decoder = new Decoder(compressed, headerBytes, new Uint8Array(sizeBytes))
  while (decoder.step()) await pause()
  return decoder.finished()
}

/** Reads tags from `source` and fills `target`. */
class Decoder {
  readonly #source: Uint8Array
  readonly #target: Uint8Array
  #from: number
  #to = 0

  constructor(source: Uint8Array, from: number, target: Uint8Array) {
    this.#source = source
    this.#from = from
    this.#target = target
  }

  /** True while there is more to read. */
  step(): boolean {
    const source = this.#source
    const literalsEnd = this.#to + STEP_LITERAL_BYTES
    for (let tags = 0; tags < STEP_TAGS && this.#to <= literalsEnd; tags++) {
      if (this.#from === source.length) return false
      const tag = source[this.#from++]!
      if ((tag & 3) === LITERAL) this.#takeLiteral(tag >>> 2)
      else if ((tag & 3) === COPY_1) {
        this.#copy(4 + ((tag >>> 2) & 7), (tag >>> 5) * 256 + this.#integer(1))
      } else this.#copy(1 + (tag >>> 2), this.#integer((tag & 3) === COPY_2 ? 2 : 4))
    }
    return true
  }

  finished(): Uint8Array {
    if (this.#to !== this.#target.length) throwInvalid()
    return this.#target
  }

  #takeLiteral(code: number): void {
    const length = 1 + (code < LONG_LITERAL ? code : this.#integer(code - LONG_LITERAL + 1))
    const end = this.#from + length
    if (end > this.#source.length || length > this.#target.length - this.#to) throwInvalid()
    if (length < VIEW_MIN_BYTES) {
      while (this.#from < end) this.#target[this.#to++] = this.#source[this.#from++]!
      return
    }
    this.#target.set(this.#source.subarray(this.#from, end), this.#to)
    this.#from = end
    this.#to += length
  }

  #copy(length: number, offset: number): void {
    const target = this.#target
    let to = this.#to
    if (offset === 0 || offset > to || length > target.length - to) throwInvalid()
    // What it copies may be what it has just written, so it goes byte by byte.
    for (const end = to + length; to < end; to++) target[to] = target[to - offset]!
    this.#to = to
  }

  #integer(lengthBytes: number): number {
    if (this.#from + lengthBytes > this.#source.length) throwInvalid()
    let value = 0
    for (let index = 0; index < lengthBytes; index++) {
      value += this.#source[this.#from++]! * 256 ** index
    }
    return value
  }
}

function throwInvalid(): never {
  throw new SnappyError({ code: 'snappy-invalid' })
}
