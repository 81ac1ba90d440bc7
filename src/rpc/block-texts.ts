// Parts of answers about blocks that are asked for again and again, kept as JSON text. A block never changes.
import { type Hex } from '../base/bytes.ts'
import { LruMap } from '../base/lru.ts'
import { type LogWords } from './format.ts'

/** A log as text, with what filters look at. */
export interface LogText extends LogWords {
  readonly text: string
}

/** What may be kept of one block. */
export interface BlockText {
  /** All its logs, in their order. */
  readonly logs?: readonly LogText[]
  /** All its transactions in full, with the commas between them. */
  readonly transactions?: string
}

/** Blocks of which something is kept. */
const BLOCKS_MAX = 256
/** Characters that all texts may take. */
const TEXTS_MAX_CHARS = 16 * 2 ** 20
/** Of one block, so that a large one does not take the place of all others. */
const BLOCK_MAX_CHARS = 2 ** 20
/** Blocks remembered as asked for once. */
const ASKED_MAX = 4_096
/** What a log takes beside its text: address and topics, and the objects that hold them. */
const LOG_WORDS_CHARS = 512

interface Kept {
  readonly text: BlockText
  readonly chars: number
}

/** Those asked for least lately go first. */
export class BlockTexts {
  readonly #maxChars: number
  readonly #blocks = new LruMap<Hex, Kept>(BLOCKS_MAX + 1)
  readonly #asked = new LruMap<Hex, true>(ASKED_MAX)
  #chars = 0

  constructor({ maxChars = TEXTS_MAX_CHARS } = {}) {
    this.#maxChars = maxChars
  }

  get(blockHash: Hex): BlockText {
    return this.#blocks.get(blockHash)?.text ?? {}
  }

  /** False for the first time: what is asked for once, as by who goes over the whole chain, is not worth keeping. */
  isAskedAgain(blockHash: Hex): boolean {
    const isAgain = this.#asked.has(blockHash)
    this.#asked.set(blockHash, true)
    return isAgain
  }

  /** Keeps more of a block beside what is kept of it; nothing where that is too much for one block. */
  add(blockHash: Hex, more: BlockText): void {
    const text = { ...this.get(blockHash), ...more }
    const chars = charsOf(text)
    if (chars > BLOCK_MAX_CHARS) return
    this.#drop(blockHash)
    this.#blocks.set(blockHash, { text, chars })
    this.#chars += chars
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_MAX && this.#chars <= this.#maxChars) return
      this.#drop(oldest)
    }
  }

  #drop(blockHash: Hex): void {
    this.#chars -= this.#blocks.get(blockHash)?.chars ?? 0
    this.#blocks.delete(blockHash)
  }
}

/** Collects what is to be kept of one block while it is written; gives up once it is too much. */
export class TextCollector<T> {
  #parts: T[] | undefined = []
  #chars = 0

  /** `chars`: what the part takes. */
  add(part: T, chars: number): void {
    this.#chars += chars
    if (this.#chars > BLOCK_MAX_CHARS) this.#parts = undefined
    else this.#parts?.push(part)
  }

  /** All parts; undefined where they are too much. */
  get whole(): readonly T[] | undefined {
    return this.#parts
  }
}

/** What a log takes, in characters. */
export function charsOfLog({ text }: LogText): number {
  return text.length + LOG_WORDS_CHARS
}

function charsOf({ logs = [], transactions = '' }: BlockText): number {
  return logs.reduce((sum, log) => sum + charsOfLog(log), transactions.length)
}
