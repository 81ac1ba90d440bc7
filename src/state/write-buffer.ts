// What lies between the diff layers and LevelDB: merged layers on their way to the disk.
import { type EntryKey, storageOwner } from './entry-key.ts'
import { type LayerContent } from './layer.ts'

/** What a buffer says of an entry: a value, `undefined` for deleted, or nothing at all. */
export type BufferHit = { readonly value: Uint8Array | undefined } | undefined

/** Bytes an entry costs beside its key and value. */
const ENTRY_OVERHEAD_BYTES = 64

/** Entries of consecutive blocks, the newest write of each. */
export class WriteBuffer {
  readonly #entries = new Map<EntryKey, Uint8Array | undefined>()
  readonly #cleared = new Set<string>()
  #sizeBytes = 0
  #blocksCount = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get blocksCount(): number {
    return this.#blocksCount
  }

  /** Puts the next block's layer on top. */
  merge({ entries, cleared }: LayerContent): void {
    for (const owner of cleared) this.#wipe(owner)
    for (const [key, value] of entries) {
      const replacedBytes = this.#entries.get(key)?.length ?? 0
      const countBefore = this.#entries.size
      this.#entries.set(key, value)
      if (this.#entries.size > countBefore) this.#sizeBytes += key.length + ENTRY_OVERHEAD_BYTES
      this.#sizeBytes += (value?.length ?? 0) - replacedBytes
    }
    this.#blocksCount += 1
  }

  find(key: EntryKey): BufferHit {
    const value = this.#entries.get(key)
    if (value !== undefined || this.#entries.has(key)) return { value }
    const owner = storageOwner(key)
    return owner !== undefined && this.#cleared.has(owner) ? { value: undefined } : undefined
  }

  entries(): ReadonlyMap<EntryKey, Uint8Array | undefined> {
    return this.#entries
  }

  /** Accounts whose storage on disk counts no more. */
  cleared(): ReadonlySet<string> {
    return this.#cleared
  }

  /** Rare: since EIP-6780 only storage made in the same transaction can be wiped. */
  #wipe(owner: string): void {
    this.#cleared.add(owner)
    for (const key of this.#entries.keys()) {
      if (storageOwner(key) === owner) this.#entries.delete(key)
    }
  }
}
