// The bytes of one answer while it is made: bounded, in pieces; a part that fails is cut off again.
import { type ByteLease } from './byte-ledger.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** Bytes of one answer; geth's `--rpc.batch-response-max-size` for a batch, here for a single request, too. */
export const ANSWER_MAX_BYTES = 25_000_000

/** Characters that are put together before they become bytes. */
const PIECE_CHARS = 32 * 1024

/** A point to take an answer back to. */
export interface AnswerMark {
  readonly piecesCount: number
  readonly bytes: number
  readonly text: string
}

/** Grows as it is written. Throws RpcError `response too large` above its bound, -32005 where others hold the memory. */
export class AnswerBuffer {
  readonly #lease: ByteLease
  readonly #maxBytes: number
  #pieces: Buffer[] = []
  #bytes = 0
  #text = ''
  #isDropped = false

  constructor(lease: ByteLease, { maxBytes = ANSWER_MAX_BYTES } = {}) {
    this.#lease = lease
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
    if (this.#text.length >= PIECE_CHARS) this.#flush()
  }

  /** As `write`, for the few bytes of an error: within the bound or beyond it. */
  writeError(text: string): void {
    if (!this.#isDropped) this.#text += text
  }

  mark(): AnswerMark {
    return { piecesCount: this.#pieces.length, bytes: this.#bytes, text: this.#text }
  }

  /** Takes back what came after the mark. */
  rewind({ piecesCount, bytes, text }: AnswerMark): void {
    if (this.#isDropped) return
    this.#text = text
    this.#pieces.length = piecesCount
    this.#lease.shrink(this.#bytes - bytes)
    this.#bytes = bytes
  }

  /** Throws as `write` does, for what is not bytes yet. */
  check(): void {
    this.#flush()
  }

  /** The pieces in their order, each given back to the ledger once it was taken. */
  *takePieces(): Generator<Buffer> {
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      yield piece
      this.#bytes -= piece.length
      this.#lease.shrink(piece.length)
    }
    if (this.#text !== '') yield Buffer.from(this.#text, 'utf8')
    this.#text = ''
  }

  /** Drops all. */
  drop(): void {
    this.#isDropped = true
    this.#pieces = []
    this.#text = ''
    this.#bytes = 0
    this.#lease.release()
  }

  /** A short text in place of all that there is, and of what was lost. */
  replace(text: string): void {
    this.drop()
    this.#text = text
  }

  #flush(): void {
    const maxBytes = this.#maxBytes
    if (this.#text === '' || this.#isDropped) return
    if (this.#bytes + this.#text.length > maxBytes) throw tooLarge(maxBytes)
    const piece = Buffer.from(this.#text, 'utf8')
    this.#text = ''
    if (this.#bytes + piece.length > maxBytes) throw tooLarge(maxBytes)
    if (!this.#lease.grow(piece.length)) throw memoryShort()
    this.#pieces.push(piece)
    this.#bytes += piece.length
  }
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
