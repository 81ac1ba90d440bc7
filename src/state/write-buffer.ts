// What lies between the diff layers and LevelDB: merged layers on their way to the disk.
import { type EntryKey, storageOwner } from './entry-key.ts'
import { type LayerContent } from './layer.ts'
import { type Slot, ValueSlots } from './value-slots.ts'

/** What a buffer says of an entry: a value, `undefined` for deleted, or nothing at all. */
export type BufferHit = { readonly value: Uint8Array | undefined } | undefined

/** Bytes an entry costs beside its key and value. */
const ENTRY_OVERHEAD_BYTES = 64
/** In place of a slot: the entry is deleted. */
const DELETED: Slot = -1

/** Entries of consecutive blocks, the newest write of each. It keeps copies of the values that are merged. */
export class WriteBuffer {
  readonly #slots = new Map<EntryKey, Slot>()
  readonly #values = new ValueSlots()
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
      const before = this.#slots.get(key)
      if (before === undefined) this.#sizeBytes += key.length + ENTRY_OVERHEAD_BYTES
      else this.#sizeBytes -= this.#lengthOf(before)
      this.#sizeBytes += value?.length ?? 0
      const slot = this.#put(before, value)
      if (slot !== before) this.#slots.set(key, slot)
    }
    this.#blocksCount += 1
  }

  /** The value is a copy: the reader's own. */
  find(key: EntryKey): BufferHit {
    const slot = this.#slots.get(key)
    if (slot !== undefined) return { value: slot === DELETED ? undefined : this.#values.copy(slot) }
    const owner = storageOwner(key)
    return owner !== undefined && this.#cleared.has(owner) ? { value: undefined } : undefined
  }

  /** All entries, undefined for deleted. A value is only good until the next layer is merged. */
  *entries(): Generator<readonly [EntryKey, Uint8Array | undefined], void, undefined> {
    for (const [key, slot] of this.#slots) {
      yield [key, slot === DELETED ? undefined : this.#values.view(slot)]
    }
  }

  /** Accounts whose storage on disk counts no more. */
  cleared(): ReadonlySet<string> {
    return this.#cleared
  }

  #put(before: Slot | undefined, value: Uint8Array | undefined): Slot {
    const isThere = before !== undefined && before !== DELETED
    if (value === undefined) {
      if (isThere) this.#values.remove(before)
      return DELETED
    }
    return isThere ? this.#values.replace(before, value) : this.#values.add(value)
  }

  #lengthOf(slot: Slot): number {
    return slot === DELETED ? 0 : this.#values.lengthOf(slot)
  }

  /** Rare: since EIP-6780 only storage made in the same transaction can be wiped. */
  #wipe(owner: string): void {
    this.#cleared.add(owner)
    for (const [key, slot] of this.#slots) {
      if (storageOwner(key) !== owner) continue
      this.#sizeBytes -= key.length + ENTRY_OVERHEAD_BYTES + this.#lengthOf(slot)
      if (slot !== DELETED) this.#values.remove(slot)
      this.#slots.delete(key)
    }
  }
}
