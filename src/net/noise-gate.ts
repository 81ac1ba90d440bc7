// Bytes of one connection below its encryption, cut at the messages of noise: decrypted in slices, none of them too short.
import { FrameFlood } from './frame-gate.ts'
import { type Gate } from './shared-work.ts'

/** A message without its length, which is 2 bytes, has at least the tag of its cipher (libp2p specifications, "noise"). */
const MESSAGE_MIN_BYTES = 16
/** Decrypting a small one and handing it on, in units of FrameGate; the bytes of a large one are counted there. */
const MESSAGE_UNITS = 0.5
const BYTE = 256

/**
 * The library decrypts all messages of one read from the socket in one go, and takes a message of no bytes, of which a
 * read holds 32,768, for one that is still to come.
 */
export class NoiseGate implements Gate {
  readonly #emit: (bytes: Uint8Array) => void
  readonly #isHeld: () => boolean
  readonly #chunks: Uint8Array[] = []
  #waitingBytes = 0
  /** Bytes of the current message that are still to come. */
  #bodyLeft = 0
  /** The first byte of a length whose second is still to come. */
  #lengthBegun: number | undefined

  /** While `isHeld`, whoever is behind `emit` takes nothing. */
  constructor(emit: (bytes: Uint8Array) => void, isHeld: () => boolean) {
    this.#emit = emit
    this.#isHeld = isHeld
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  get isPending(): boolean {
    return this.#waitingBytes > 0 && !this.#isHeld()
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push(bytes)
    this.#waitingBytes += bytes.length
  }

  /** Hands on messages of up to `unitsMax`; returns what was spent. Throws FrameFlood, and what `emit` throws. */
  pump(unitsMax: number): number {
    let units = 0
    while (units < unitsMax && this.isPending) {
      const chunk = this.#chunks.shift()
      if (chunk === undefined) break
      const { end, spent } = this.#walk(chunk, unitsMax - units)
      units += spent
      if (end < chunk.length) this.#chunks.unshift(chunk.subarray(end))
      this.#waitingBytes -= end
      this.#emit(chunk.subarray(0, end))
    }
    return units
  }

  /** How far the chunk may be handed on: up to a message that is not paid for. */
  #walk(chunk: Uint8Array, unitsMax: number) {
    let spent = 0
    let at = 0
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const length = Math.min(this.#bodyLeft, chunk.length - at)
        this.#bodyLeft -= length
        at += length
        continue
      }
      if (spent >= unitsMax) break
      const byte = chunk[at]!
      at += 1
      if (this.#lengthBegun === undefined) {
        this.#lengthBegun = byte
        continue
      }
      this.#begin(this.#lengthBegun * BYTE + byte)
      spent += MESSAGE_UNITS
    }
    return { end: at, spent }
  }

  #begin(length: number): void {
    if (length < MESSAGE_MIN_BYTES) {
      const sizes = `${String(length)} bytes, of ${String(MESSAGE_MIN_BYTES)} at least`
      throw new FrameFlood(`a message of noise of ${sizes}`)
    }
    this.#lengthBegun = undefined
    this.#bodyLeft = length
  }
}
