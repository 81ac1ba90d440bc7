// The state of the chain: the disk layer, and diff layers above it, one a block, forks side by side.
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { pathKey } from '../trie/nibbles.ts'
import { EMPTY_ROOT } from '../trie/trie.ts'
import { checkEntries, type EntriesCheck } from './check-entries.ts'
import {
  DiskLayer,
  type DiskLayerDeps,
  type DiskLayerOptions,
  type FlushProgress
} from './disk-layer.ts'
import { codeKey, type EntryKey, nodeKey } from './entry-key.ts'
import { type EntrySource } from './entry-source.ts'
import { isFetchUnderWay } from './fetch-checkpoint.ts'
import { FetchedState } from './fetched-state.ts'
import { readPoint } from './flush-batch.ts'
import { type JournalLayer } from './journal-codec.ts'
import { Layer, type PreparedLayer } from './layer.ts'
import { LayerIndex } from './layer-index.ts'
import { LayerSeries } from './layer-series.ts'
import { createStateView, LayeredReads, readNoting } from './layered-reads.ts'
import { onceMended } from './once-mended.ts'
import { RootIndex } from './root-index.ts'
import { StateError } from './state-error.ts'
import { type ShownMending, StateMender } from './state-mender.ts'
import { type StateChanges, type StatePoint, type StateView } from './state-view.ts'
import { wipeStore } from './wipe-store.ts'

/** Bounds of what is kept in memory. */
export interface StateStoreOptions extends DiskLayerOptions {
  readonly diffLayersMax: number
}

/** Bounds of a node; tests bring smaller ones. */
export const STATE_DEFAULTS: StateStoreOptions = {
  diffLayersMax: 128,
  writeBufferMaxBytes: 64 * 2 ** 20,
  writeBufferMaxBlocks: 4_096
}

/** The state at genesis, from the genesis file. */
export interface GenesisState {
  readonly changes: StateChanges
  readonly number: bigint
  readonly hash: Hex
}

const NOTHING: StatePoint = { number: -1n, hash: '0x', root: `0x${'00'.repeat(32)}` }

/** Dependencies of the state store. */
export interface StateStoreDeps extends DiskLayerDeps {
  readonly clock?: Clock
  /** Empties the database but for its schema entry; deletes key by key where it is left out. */
  readonly wipe?: () => Promise<void>
}

/** One state store; its calls are synchronous but for what computes or writes. */
export class StateStore {
  readonly #deps: StateStoreDeps
  readonly #options: StateStoreOptions
  readonly #layers = new Map<Hex, Layer>()
  readonly #index = new LayerIndex()
  readonly #roots = new RootIndex()
  readonly #mender: StateMender
  readonly #reads: LayeredReads
  #disk: DiskLayer

  constructor(deps: StateStoreDeps, options: Partial<StateStoreOptions> = {}) {
    this.#deps = deps
    this.#options = { ...STATE_DEFAULTS, ...options }
    this.#disk = this.#openDisk(readPoint(deps.store) ?? NOTHING)
    const { log, clock = systemClock } = deps
    this.#reads = new LayeredReads(this.#index, () => this.#disk)
    this.#mender = new StateMender({ log, clock, disk: () => this.#disk })
  }

  /** What could not be made again of what is here comes from there, from now on. */
  mendFrom(source: EntrySource): void {
    this.#mender.useSource(source)
  }

  /** What is damaged, and what was mended. */
  mending(): ShownMending {
    return this.#mender.shown()
  }

  /** Undefined before the genesis state was written. */
  diskPoint(): StatePoint | undefined {
    return this.#disk.point.number < 0n ? undefined : this.#disk.point
  }

  /** True when a state was being fetched in ranges and is not whole: nothing is readable then. */
  isFetchUnderWay(): boolean {
    return isFetchUnderWay(this.#deps.store)
  }

  /** The block LevelDB stands for. */
  persistedPoint(): StatePoint | undefined {
    return this.#disk.persistedPoint.number < 0n ? undefined : this.#disk.persistedPoint
  }

  get layersCount(): number {
    return this.#layers.size
  }

  get flushProgress(): FlushProgress | undefined {
    return this.#disk.flushProgress
  }

  get bufferedBytes(): number {
    return this.#disk.bufferedBytes
  }

  isReadable(hash: Hex): boolean {
    return this.#layers.has(hash) || this.#disk.point.hash === hash
  }

  /** The state after a block. The view throws StateError `view-stale` once its block left memory. */
  view(hash: Hex): StateView | undefined {
    const layer = this.#layers.get(hash)
    if (layer !== undefined) return this.#createView(layer.point, layer)
    const { point } = this.#disk
    return point.hash === hash ? this.#createView(point, undefined) : undefined
  }

  /** As view, for a readable state with this root; undefined where none has it. */
  viewOfRoot(root: Hex): StateView | undefined {
    const hash = this.#roots.find(root)?.hash
    if (hash !== undefined) return this.view(hash)
    const point = this.diskPoint()
    return point?.root === root ? this.view(point.hash) : undefined
  }

  /** A code of any readable state; undefined where none has it. Throws StateError where the disk damaged it. */
  code(codeHash: Uint8Array): Uint8Array | undefined {
    const key = codeKey(codeHash)
    const written = this.#index.findAny(key)
    if (written !== undefined) return written
    if (this.diskPoint() === undefined) return undefined
    return this.#disk.read(key) === undefined ? undefined : this.#disk.readCode(codeHash)
  }

  /**
   * Holds these flat entries against the block's trie, and writes those of the disk anew that are not what it holds: what a
   * block or a diff gives on them would be wrong. Throws StateError when the trie is damaged.
   */
  async checkEntries(hash: Hex, keys: Iterable<EntryKey>): Promise<EntriesCheck> {
    if (!this.isReadable(hash)) {
      throw new StateError({ code: 'parent-not-readable', parentHash: hash })
    }
    const layer = this.#layers.get(hash)
    const { root } = layer?.point ?? this.#disk.point
    const isOfDisk = (key: EntryKey) =>
      layer === undefined || this.#index.find(key, layer) === undefined
    return checkEntries(
      {
        root,
        read: (key) => this.#reads.entry(layer, key),
        mend: async (key, problem) => isOfDisk(key) && this.#disk.mendFlat(key, problem)
      },
      keys
    )
  }

  /** Computes what the changes make of the parent's state. Throws StateError, `view-stale` once that left memory. */
  async prepare(parentHash: Hex, changes: StateChanges): Promise<PreparedLayer> {
    return onceMended(this, parentHash, async () => {
      const series = this.beginSeries(parentHash)
      await series.add(changes)
      return series.finish()
    })
  }

  /**
   * True when what this failure of reading a block's state names is whole again, on disk: made again of what is here, else
   * fetched from peers. False where it cannot be had, and for any other failure. Throws StoreError.
   */
  async mend(thrown: unknown, blockHash: Hex): Promise<boolean> {
    if (!this.isReadable(blockHash)) return false
    const layer = this.#layers.get(blockHash)
    const point = layer?.point ?? this.#disk.point
    return this.#mender.mend(thrown, {
      root: hexToBytes(point.root),
      read: (key) => this.#reads.entry(this.#topOf(point, layer), key)
    })
  }

  /** Blocks that follow each other on a readable parent, as one layer. Throws as `prepare` does, each of its steps too. */
  beginSeries(parentHash: Hex): LayerSeries {
    if (!this.isReadable(parentHash)) {
      throw new StateError({ code: 'parent-not-readable', parentHash })
    }
    const layer = this.#layers.get(parentHash)
    return this.#seriesOn(layer?.point ?? this.#disk.point, layer)
  }

  /** Makes a prepared layer readable as the state after a block. Throws when its parent is not. */
  add(prepared: PreparedLayer, { number, hash }: { number: bigint; hash: Hex }): void {
    const { parentHash, root, content } = prepared
    if (this.restore({ point: { number, hash, root }, parentHash, content })) return
    throw new StateError({ code: 'parent-not-readable', parentHash })
  }

  /**
   * Keeps the layers of the newest `diffLayersMax` blocks up to the head, however many blocks each is of; older ones go to
   * the disk layer.
   */
  cap(headHash: Hex): void {
    this.#mergeBelow(headHash, BigInt(this.#options.diffLayersMax))
  }

  /** Settles when there is memory for the next state; a disk that does not take a flush is waited for. */
  async room(): Promise<void> {
    await this.#disk.room()
  }

  /** Puts every layer up to the head on disk; what a clean stop does. */
  async flushAll(headHash: Hex): Promise<void> {
    this.#mergeBelow(headHash, 0n)
    await this.#disk.flush()
  }

  /** Layers above the disk layer, each after its parent: what the journal keeps. */
  *layers(): Generator<JournalLayer, void, undefined> {
    const ascending = [...this.#layers.values()].sort((one, other) =>
      Number(one.point.number - other.point.number)
    )
    for (const { point, parentHash, content } of ascending) yield { point, parentHash, content }
  }

  /** Takes in a layer as the journal kept it; false when its parent is not readable. */
  restore({ point, parentHash, content }: JournalLayer): boolean {
    if (this.isReadable(point.hash)) return true
    if (!this.isReadable(parentHash)) return false
    const layer = new Layer(point, this.#layers.get(parentHash), { parentHash, content })
    this.#layers.set(point.hash, layer)
    this.#index.add(layer)
    this.#roots.add(point)
    return true
  }

  /** Settles when no flush is under way. */
  async idle(): Promise<void> {
    await this.#disk.flush()
  }

  /** Replaces everything by the state at genesis. Returns its root. Nothing is readable meanwhile. */
  async resetToGenesis({ changes, number, hash }: GenesisState): Promise<Hex> {
    const from = this.diskPoint()?.number
    if (from !== undefined) this.#deps.log.warn('state-reset', { from, to: number })
    const before = this.#dropAll()
    await before.flush().catch(() => undefined) // it may not land after the wipe
    await this.#wipe()
    const series = this.#seriesOn(NOTHING, undefined)
    await series.add(changes)
    const prepared = await series.finish()
    this.#disk.merge(prepared.content, { number, hash, root: prepared.root })
    await this.#disk.flush()
    return prepared.root
  }

  /**
   * A state to be fetched in ranges in place of this one, or the one that was begun. Nothing is readable until `takeFetched`.
   */
  async beginFetch(): Promise<FetchedState> {
    const before = this.#dropAll()
    await before.flush().catch(() => undefined) // it may not land after the wipe
    return FetchedState.open(this.#deps.store, () => this.#wipe())
  }

  /** The fetched state is whole and on disk. Throws where it is not that of the point. */
  async takeFetched(fetched: FetchedState, point: StatePoint): Promise<void> {
    await fetched.finish(point)
    this.#disk = this.#openDisk(point)
  }

  async #wipe(): Promise<void> {
    await (this.#deps.wipe?.() ?? wipeStore(this.#deps.store))
  }

  /** Nothing is readable afterwards. Returns the disk layer that was. */
  #dropAll(): DiskLayer {
    for (const layer of this.#layers.values()) {
      layer.end('dropped')
      this.#forget(layer)
    }
    const before = this.#disk
    // First of all: a reader of what is half wiped would take an account that is gone for an empty one.
    this.#disk = this.#openDisk(NOTHING)
    return before
  }

  #openDisk(point: StatePoint): DiskLayer {
    return new DiskLayer(this.#deps, point, this.#options)
  }

  #mergeBelow(headHash: Hex, keptBlocks: bigint): void {
    const head = this.#layers.get(headHash)
    const merged: Layer[] = []
    for (let layer = head; layer?.fate === 'live'; layer = layer.parent) {
      if (head !== undefined && layer.point.number + keptBlocks <= head.point.number) {
        merged.push(layer)
      }
    }
    for (const layer of merged.reverse()) {
      this.#disk.merge(layer.content, layer.point)
      layer.end('merged')
      this.#forget(layer)
    }
    if (merged.length > 0) this.#dropSideBranches()
  }

  /** Layers that no longer descend from the disk layer. */
  #dropSideBranches(): void {
    const { hash } = this.#disk.point
    for (const layer of [...this.#layers.values()]) {
      let lowest = layer
      while (lowest.parent?.fate === 'live') lowest = lowest.parent
      if (lowest.parentHash === hash) continue
      layer.end('dropped')
      this.#forget(layer)
    }
  }

  #forget(layer: Layer): void {
    this.#layers.delete(layer.point.hash)
    this.#index.remove(layer)
    this.#roots.remove(layer.point)
  }

  #seriesOn(point: StatePoint, layer: Layer | undefined): LayerSeries {
    const top = () => this.#topOf(point, layer)
    return new LayerSeries({
      hash: point.hash,
      root: point.number < 0n ? EMPTY_ROOT : hexToBytes(point.root),
      account: (hash) =>
        readNoting(() => this.#reads.account(top(), hash), this.#noteDamage(point)),
      node: (owner, path) => this.#reads.entry(top(), nodeKey(owner, pathKey(path)))
    })
  }

  /** Where reads of a block's state begin: undefined on the disk layer. Throws once that is of another block. */
  #topOf({ hash }: StatePoint, layer: Layer | undefined): Layer | undefined {
    if (layer?.fate === 'live') return layer
    if (this.#disk.point.hash === hash) return undefined
    throw new StateError({ code: 'view-stale', hash })
  }

  #createView(point: StatePoint, layer: Layer | undefined): StateView {
    return createStateView({
      point,
      reads: this.#reads,
      top: () => this.#topOf(point, layer),
      noteDamage: this.#noteDamage(point)
    })
  }

  /** Mends beside whoever reads; what fails is told by the mender. */
  #noteDamage({ hash }: StatePoint) {
    return (thrown: unknown) => void this.mend(thrown, hash).catch(() => undefined)
  }
}
