// The entries of one kind as they lie in the database, held against those that a walk of the tries reaches.
import { errorMessage } from '../base/node-error.ts'
import { type KeyValueReader } from '../store/key-value-store.ts'
import { StoreError } from '../store/store-error.ts'
import { bytesToKey, type EntryKey, trailOf } from './entry-key.ts'

/** What is told of a range, each in the order of keys. */
export interface RangeHooks {
  /** No trie leads to the entry. */
  readonly onStray: (key: EntryKey) => Promise<void>
  /** The database cannot be read behind this entry; undefined: not from the first on. */
  readonly onUnreadable: (last: EntryKey | undefined, reason: string) => void
}

/** Walks along with a walk of the tries: both are in the order of keys, so neither is kept in memory. */
export class StoredRange {
  readonly #entries: AsyncIterator<readonly [Uint8Array, Uint8Array], unknown>
  readonly #hooks: RangeHooks
  /** Trails below which nothing can be said, since the node that leads there is damaged; ascending. */
  readonly #hidden: string[] = []
  #next: EntryKey | undefined
  #last: EntryKey | undefined
  #isStarted = false

  constructor(store: Pick<KeyValueReader, 'iterate'>, prefix: number, hooks: RangeHooks) {
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    this.#entries = store.iterate(range)[Symbol.asyncIterator]()
    this.#hooks = hooks
  }

  /** A walk has come to this entry; what lies before it, nothing leads to. Keys have to ascend. */
  async reach(key: EntryKey): Promise<void> {
    if (!this.#isStarted) await this.#advance()
    while (this.#next !== undefined && this.#next < key) await this.#passStray(this.#next)
    if (this.#next === key) await this.#advance()
  }

  /** What lies behind this trail is not stray: the walk could not go there. */
  hide(trail: string): void {
    this.#hidden.push(trail)
  }

  /** The walk is over. */
  async finish(): Promise<void> {
    if (!this.#isStarted) await this.#advance()
    while (this.#next !== undefined) await this.#passStray(this.#next)
    await this.#entries.return?.()
  }

  async #passStray(key: EntryKey): Promise<void> {
    const trail = trailOf(key)
    while (this.#hidden.length > 0 && isBefore(this.#hidden[0]!, trail)) this.#hidden.shift()
    const isHidden = this.#hidden.length > 0 && trail.startsWith(this.#hidden[0]!)
    if (!isHidden) await this.#hooks.onStray(key)
    await this.#advance()
  }

  async #advance(): Promise<void> {
    this.#isStarted = true
    this.#last = this.#next ?? this.#last
    try {
      const result = await this.#entries.next()
      this.#next = result.done === true ? undefined : bytesToKey(result.value[0])
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown
      this.#next = undefined
      this.#hooks.onUnreadable(this.#last, errorMessage(thrown))
    }
  }
}

/** True when all that begins with `hidden` comes before the trail. */
function isBefore(hidden: string, trail: string): boolean {
  return hidden < trail && !trail.startsWith(hidden)
}
