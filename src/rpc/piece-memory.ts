// Memory of answers in pieces of one size, given back when a piece is done with: a garbage collector comes to it late, or never.

/** Bytes of a piece. */
export const PIECE_BYTES = 64 * 1024
/** Pieces that nobody uses and that keep their memory for the next answer: 4 MiB. */
const SPARE_MAX = 64
/** Pieces without memory, kept since each new one would bring the garbage collector nearer; a few hundred bytes each. */
const EMPTY_MAX = 1_024

/** One piece; of a buffer that can be shrunk, which is the one way to give memory back at once. */
export type Piece = Buffer<ArrayBuffer>

/** Pieces of all answers of a server. */
export class PieceMemory {
  readonly #spareMax: number
  readonly #spare: Piece[] = []
  readonly #empty: Piece[] = []

  constructor({ spareMax = SPARE_MAX } = {}) {
    this.#spareMax = spareMax
  }

  /** Pieces kept for the next answers. */
  get spareCount(): number {
    return this.#spare.length
  }

  /** PIECE_BYTES, of any content. */
  take(): Piece {
    const spare = this.#spare.pop()
    if (spare !== undefined) return spare
    const empty = this.#empty.pop()
    if (empty !== undefined) {
      empty.buffer.resize(PIECE_BYTES)
      return empty
    }
    return Buffer.from(new ArrayBuffer(PIECE_BYTES, { maxByteLength: PIECE_BYTES }))
  }

  /** Nothing may read or write the piece any more, the system included. */
  give(piece: Piece): void {
    if (this.#spare.length < this.#spareMax) {
      this.#spare.push(piece)
      return
    }
    piece.buffer.resize(0)
    if (this.#empty.length < EMPTY_MAX) this.#empty.push(piece)
  }
}
