// The bytes of one answer while it is made: bounded, in pieces; a part that fails is cut off again.
import { type ByteLease } from './byte-ledger.ts'
import { type Piece, PIECE_BYTES, type PieceMemory } from './piece-memory.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Bytes of one answer; geth's `--rpc.batch-response-max-size` for a batch, here for a single request, too. */
export const ANSWER_MAX_BYTES = 25_000_000

/** Characters that are put together before they become bytes. */
const TEXT_CHARS = 32 * 1024
/** Characters that become bytes of one piece. */
const SLICE_CHARS = 4 * 1024

/** A point to take an answer back to. */
export interface AnswerMark {
  readonly piecesCount: number
  readonly lastBytes: number
  readonly bytes: number
  readonly text: string
}

interface FilledPiece {
  readonly piece: Piece
  bytes: number
}

/** Where an answer's memory comes from. */
export interface AnswerMemory {
  readonly lease: ByteLease
  readonly pieces: PieceMemory
}

/** Grows as it is written. Throws RpcError `response too large` above its bound, -32005 where others hold the memory. */
export class AnswerBuffer {
  readonly #memory: AnswerMemory
  readonly #maxBytes: number
  #filled: FilledPiece[] = []
  #bytes = 0
  #text = ''
  #isDropped = false

  constructor(memory: AnswerMemory, { maxBytes = ANSWER_MAX_BYTES } = {}) {
    this.#memory = memory
    this.#maxBytes = maxBytes
  }

  /** Bytes that its text is when all of it is bytes; counts what is text still. */
  sizeBytes(): number {
    return this.#bytes + Buffer.byteLength(this.#text, 'utf8')
  }

  /** True once it was dropped; what is written then is lost. */
  get isDropped(): boolean {
    return this.#isDropped
  }

  write(text: string): void {
    if (this.#isDropped) return
    this.#text += text
    if (this.#text.length >= TEXT_CHARS) this.#flush()
  }

  /** As `write`, for the few bytes of an error: within the bound or beyond it. */
  writeError(text: string): void {
    if (!this.#isDropped) this.#text += text
  }

  mark(): AnswerMark {
    const lastBytes = this.#filled.at(-1)?.bytes ?? 0
    return { piecesCount: this.#filled.length, lastBytes, bytes: this.#bytes, text: this.#text }
  }

  /** Takes back what came after the mark. */
  rewind({ piecesCount, lastBytes, bytes, text }: AnswerMark): void {
    if (this.#isDropped) return
    this.#text = text
    this.#bytes = bytes
    for (const { piece } of this.#filled.splice(piecesCount)) this.#giveBack(piece)
    const last = this.#filled.at(-1)
    if (last !== undefined) last.bytes = lastBytes
  }

  /** Throws as `write` does, for what is not bytes yet. */
  check(): void {
    if (!this.#isDropped && this.sizeBytes() > this.#maxBytes) throw tooLarge(this.#maxBytes)
  }

  /**
   * The bytes in their order. What was given is used again once the next is asked for; who stops in between, since
   * the system may still read it, leaves it to the garbage collector.
   */
  *takePieces(): Generator<Uint8Array> {
    for (let next = this.#filled.shift(); next !== undefined; next = this.#filled.shift()) {
      const { piece, bytes } = next
      yield piece.subarray(0, bytes)
      this.#bytes -= bytes
      this.#giveBack(piece)
    }
    if (this.#text !== '') yield Buffer.from(this.#text, 'utf8')
    this.#text = ''
  }

  /** Drops all. */
  drop(): void {
    this.#isDropped = true
    for (const { piece } of this.#filled) this.#memory.pieces.give(piece)
    this.#filled = []
    this.#text = ''
    this.#bytes = 0
    this.#memory.lease.release()
  }

  /** A short text in place of all that there is, and of what was lost. */
  replace(text: string): void {
    this.drop()
    this.#text = text
  }

  #flush(): void {
    const text = this.#text
    if (this.#bytes + text.length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    for (let start = 0; start < text.length;) {
      const end = wholeEnd(text, start + SLICE_CHARS)
      this.#append(text.slice(start, end))
      start = end
    }
    this.#text = ''
  }

  #append(slice: string): void {
    const bytes = Buffer.byteLength(slice, 'utf8')
    if (this.#bytes + bytes > this.#maxBytes) throw tooLarge(this.#maxBytes)
    let last = this.#filled.at(-1)
    if (last === undefined || last.bytes + bytes > PIECE_BYTES) {
      if (!this.#memory.lease.grow(PIECE_BYTES)) throw memoryShort()
      last = { piece: this.#memory.pieces.take(), bytes: 0 }
      this.#filled.push(last)
    }
    last.bytes += last.piece.write(slice, last.bytes, 'utf8')
    this.#bytes += bytes
  }

  #giveBack(piece: Piece): void {
    this.#memory.pieces.give(piece)
    this.#memory.lease.shrink(PIECE_BYTES)
  }
}

/** The end of a slice that does not part the two halves of a character. */
function wholeEnd(text: string, end: number): number {
  const code = end < text.length ? text.charCodeAt(end - 1) : 0
  return code >= 0xd800 && code < 0xdc00 ? end - 1 : Math.min(end, text.length)
}

function tooLarge(maxBytes: number): RpcError {
  const message = `response too large: above ${String(maxBytes)} bytes; ask for fewer blocks, or for less in one batch`
  return new RpcError(RPC_CODES.responseTooLarge, message)
}

/** The answer has to go, as larger and as many others are under way. */
export function memoryShort(): RpcError {
  const message = 'limit exceeded: too many large answers at once; ask for less, or later'
  return new RpcError(RPC_CODES.limitExceeded, message)
}
