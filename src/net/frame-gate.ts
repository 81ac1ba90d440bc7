// Bytes of one muxed connection, cut at the frames of yamux: handed on in slices, with a bound on every length.
import { type BucketRate, TokenBucket } from '../base/token-bucket.ts'
import { type Gate } from './shared-work.ts'

/** Of a frame, before its data. */
export const HEADER_BYTES = 12
const FLAGS_AT = 3
const STREAM_AT = 4
const LENGTH_AT = 8
const TYPE_AT = 1
const DATA = 0
const SYN = 1
const FIN = 4

/** Work of one frame; a stream that opens, and bytes, cost more. One unit is about 20 microseconds. */
const FRAME_UNITS = 1
const OPEN_UNITS = 40
const BYTES_PER_UNIT = 4_096

/** Bytes that pay for one frame: small frames alone are no traffic. */
const BYTES_PER_FRAME = 1_024

/** Bounds of one connection. */
export interface FrameLimits {
  /** A frame of data; no larger than the largest window that we grant. */
  readonly dataMaxBytes: number
  /** Frames that are paid for neither by bytes nor by frames of ours: at once, and in a second. */
  readonly idleFrames: BucketRate
}

/** Thrown for a connection that must go. */
export class FrameFlood extends Error {}

/** One connection's side of it; its owner decides when, and how much, is handed on. */
export class FrameGate implements Gate {
  readonly #limits: FrameLimits
  readonly #emit: (bytes: Uint8Array) => void
  readonly #nowMs: () => number
  readonly #chunks: Uint8Array[] = []
  #waitingBytes = 0
  /** Bytes of the current frame's data that are still to come. */
  #dataLeft = 0
  readonly #idleFrames: TokenBucket

  constructor(
    limits: FrameLimits,
    emit: (bytes: Uint8Array) => void,
    nowMs: () => number = () => performance.now()
  ) {
    this.#limits = limits
    this.#emit = emit
    this.#nowMs = nowMs
    this.#idleFrames = new TokenBucket(limits.idleFrames, nowMs())
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Bytes of a frame that has begun and not ended, as the muxer may keep them. */
  get partialMaxBytes(): number {
    return this.#dataLeft > 0 ? this.#limits.dataMaxBytes : 0
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push(bytes)
    this.#waitingBytes += bytes.length
  }

  /**
   * A frame of ours was sent: what opens, carries or ends something may be answered by two. What answers a frame of
   * theirs, as a pong does or a reset, pays for none: each would pay for the next.
   */
  onSent(header: Uint8Array): void {
    const isAnswered = header[TYPE_AT] === DATA || (header[FLAGS_AT]! & (SYN | FIN)) !== 0
    if (isAnswered) this.#idleFrames.take(-2)
  }

  /** Hands on frames of up to `unitsMax`; returns what was spent. Throws FrameFlood, and what `emit` throws. */
  pump(unitsMax: number): number {
    let units = 0
    while (units < unitsMax) {
      const chunk = this.#chunks.shift()
      if (chunk === undefined) return units
      const { end, spent, isCut } = this.#walk(chunk, unitsMax - units)
      units += spent
      const rest = chunk.subarray(end)
      if (rest.length > 0) {
        const next = isCut ? undefined : this.#chunks.shift()
        this.#chunks.unshift(next === undefined ? rest : Buffer.concat([rest, next]))
        if (!isCut && next === undefined) {
          this.#pass(chunk.subarray(0, end))
          return units
        }
      }
      this.#pass(chunk.subarray(0, end))
    }
    return units
  }

  /** True while `pump` would hand on something. */
  get isPending(): boolean {
    return this.#dataLeft > 0 ? this.#waitingBytes > 0 : this.#waitingBytes >= HEADER_BYTES
  }

  #pass(bytes: Uint8Array): void {
    this.#waitingBytes -= bytes.length
    if (bytes.length > 0) this.#emit(bytes)
  }

  /** How far the chunk may be handed on: up to a header that is not whole, or that is not paid for. */
  #walk(chunk: Uint8Array, unitsMax: number) {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let spent = 0
    let at = 0
    while (at < chunk.length) {
      if (this.#dataLeft > 0) {
        const length = Math.min(this.#dataLeft, chunk.length - at)
        this.#dataLeft -= length
        at += length
        continue
      }
      if (spent >= unitsMax) return { end: at, spent, isCut: true }
      if (chunk.length - at < HEADER_BYTES) break
      const isData = chunk[at + TYPE_AT] === DATA
      const length = isData ? view.getUint32(at + LENGTH_AT) : 0
      const isOpening = view.getUint32(at + STREAM_AT) !== 0 && (chunk[at + FLAGS_AT]! & SYN) !== 0
      this.#check(length)
      spent += FRAME_UNITS + (isOpening ? OPEN_UNITS : 0) + Math.floor(length / BYTES_PER_UNIT)
      this.#dataLeft = length
      at += HEADER_BYTES
    }
    return { end: at, spent, isCut: false }
  }

  #check(length: number): void {
    const { dataMaxBytes } = this.#limits
    if (length > dataMaxBytes) {
      throw new FrameFlood(`a frame of ${String(length)} bytes, of ${String(dataMaxBytes)} allowed`)
    }
    const nowMs = this.#nowMs()
    this.#idleFrames.take(-length / BYTES_PER_FRAME)
    if (this.#idleFrames.tokens(nowMs) < 1) {
      throw new FrameFlood('more frames than any traffic needs')
    }
    this.#idleFrames.take(1)
  }
}
