// Reads through the layers of one block down to the disk layer, and the view that others have of them.
import { pathKey } from '../trie/nibbles.ts'
import { EMPTY_ROOT } from '../trie/node-source.ts'
import { decodeAccount, type StoredAccount } from './account-codec.ts'
import { type DiskLayer } from './disk-layer.ts'
import { accountKey, codeKey, type EntryKey, nodeKey, slotKey, storageOwner } from './entry-key.ts'
import { type Layer } from './layer.ts'
import { type LayerIndex } from './layer-index.ts'
import { type StatePoint, type StateView } from './state-view.ts'

/** Reads begin at a layer; at undefined on the disk layer. */
export class LayeredReads {
  readonly #index: LayerIndex
  readonly #disk: () => DiskLayer

  constructor(index: LayerIndex, disk: () => DiskLayer) {
    this.#index = index
    this.#disk = disk
  }

  /** Throws StateError on damage. */
  entry(top: Layer | undefined, key: EntryKey): Uint8Array | undefined {
    if (top !== undefined) {
      const hit = this.#index.find(key, top)
      const owner = storageOwner(key)
      const wiped = owner === undefined ? undefined : this.#index.findCleared(owner, top)
      const isWiped = wiped !== undefined && (hit === undefined || !wiped.isBelow(hit.layer))
      if (isWiped) return undefined
      if (hit !== undefined) return hit.value
    }
    return this.#disk().read(key)
  }

  /** Throws StateError on damage. */
  account(top: Layer | undefined, addressHash: Uint8Array): StoredAccount | undefined {
    const body = this.entry(top, accountKey(addressHash))
    return body && decodeAccount(body)
  }

  /** Throws StateError where it is missing or damaged. */
  code(top: Layer | undefined, codeHash: Uint8Array): Uint8Array {
    const hit = top && this.#index.find(codeKey(codeHash), top)
    return hit?.value ?? this.#disk().readCode(codeHash)
  }
}

/** Where a view reads, and who hears of damage. */
export interface ViewedState {
  readonly point: StatePoint
  readonly reads: LayeredReads
  /** Throws StateError `view-stale` once the block left memory. */
  readonly top: () => Layer | undefined
  readonly noteDamage: (thrown: unknown) => void
}

/** Whoever reads has its answer, or its error, at once; what is damaged is told besides, so that the next one finds it mended. */
export function createStateView({ point, reads, top, noteDamage }: ViewedState): StateView {
  const noting = <T>(read: () => T) => readNoting(read, noteDamage)
  return {
    root: point.root,
    account: (hash) => noting(() => reads.account(top(), hash)),
    slot: (address, slot) => noting(() => reads.entry(top(), slotKey(address, slot))),
    storageRoot: (hash) => noting(() => reads.account(top(), hash)?.storageRoot ?? EMPTY_ROOT),
    code: (hash) => noting(() => reads.code(top(), hash)),
    node: (owner, path) => reads.entry(top(), nodeKey(owner, pathKey(path))),
    noteDamage
  }
}

/** A read whose failure is told to whoever mends, beside its reader. */
export function readNoting<T>(read: () => T, noteDamage: (thrown: unknown) => void): T {
  try {
    return read()
  } catch (thrown) {
    noteDamage(thrown)
    throw thrown
  }
}
