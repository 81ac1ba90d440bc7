// Frames with a varint before them, read with every bound checked before a byte is waited for.
const CONTINUES = 0x80

/** Bounds of what is read. */
export interface FrameLimits {
  /** Bytes of a length prefix. */
  readonly lengthMaxBytes: number
  readonly frameMaxBytes: number
}

/**
 * Cuts bytes into frames. The reader of @libp2p/utils looks at its bound only once a length is whole: a length
 * that never ends keeps it, and the event loop, for as long as bytes come.
 */
export class FrameReader {
  readonly #limits: FrameLimits
  #bytes: Uint8Array = new Uint8Array()

  constructor(limits: FrameLimits) {
    this.#limits = limits
  }

  push(bytes: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
  }

  /** The next whole frame; undefined while bytes are missing. Throws RangeError for one beyond the limits. */
  next(): Uint8Array | undefined {
    const { lengthMaxBytes, frameMaxBytes } = this.#limits
    let length = 0
    let at = 0
    for (;;) {
      if (at === lengthMaxBytes) throw new RangeError('the length of a frame has too many bytes')
      const byte = this.#bytes[at]
      if (byte === undefined) return undefined
      length += (byte % CONTINUES) * CONTINUES ** at
      at += 1
      if (byte < CONTINUES) break
    }
    if (length > frameMaxBytes) {
      throw new RangeError(
        `a frame of ${String(length)} bytes, of ${String(frameMaxBytes)} allowed`
      )
    }
    if (this.#bytes.length < at + length) return undefined
    const frame = this.#bytes.subarray(at, at + length)
    this.#bytes = this.#bytes.subarray(at + length)
    return frame
  }

  /** The bytes behind the last frame. */
  get rest(): Uint8Array {
    return this.#bytes
  }
}
