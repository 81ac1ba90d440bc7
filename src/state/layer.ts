// Diff layers: what one block changes, on its parent, and who is an ancestor of whom.
import { type Hex } from '../base/bytes.ts'
import { type EntryKey } from './entry-key.ts'
import { type StatePoint } from './state-view.ts'

/** Entries a block writes; undefined deletes. */
export type LayerEntries = ReadonlyMap<EntryKey, Uint8Array | undefined>

/** All that a block changes in the database. */
export interface LayerContent {
  readonly entries: LayerEntries
  /** Accounts (address hash, latin1) whose storage from before counts no more. */
  readonly cleared: ReadonlySet<string>
  readonly sizeBytes: number
}

/** A layer that is computed and in nobody's view; `StateStore.add` takes it. */
export interface PreparedLayer {
  readonly root: Hex
  readonly parentHash: Hex
  readonly content: LayerContent
  /** The account's storage root after the block, 32 bytes, or the empty trie's. */
  readonly storageRoot: (addressHash: Uint8Array) => Uint8Array
}

/** Layers that follow each other without a fork. */
interface Run {
  readonly parent: Run | undefined
  /** The height of the last layer of `parent` below this run. */
  readonly forkNumber: bigint
  tip: bigint
}

/** One block's state above the disk layer. */
export class Layer {
  readonly point: StatePoint
  readonly parentHash: Hex
  readonly content: LayerContent
  readonly #run: Run
  #parent: Layer | undefined
  #fate: 'live' | 'merged' | 'dropped' = 'live'

  /** `parent` is undefined on the disk layer. */
  constructor(
    point: StatePoint,
    parent: Layer | undefined,
    { parentHash, content }: Pick<PreparedLayer, 'parentHash' | 'content'>
  ) {
    this.point = point
    this.#parent = parent
    this.parentHash = parentHash
    this.content = content
    const below = parent === undefined ? undefined : parent.#run
    if (below !== undefined && below.tip === parent?.point.number) {
      this.#run = below
      this.#run.tip = point.number
    } else {
      const forkNumber = parent?.point.number ?? -1n
      this.#run = { parent: below, forkNumber, tip: point.number }
    }
  }

  /** `merged`: part of the disk layer now; `dropped`: its branch lost. */
  get fate(): 'live' | 'merged' | 'dropped' {
    return this.#fate
  }

  /** Undefined on the disk layer, and for a layer that is no longer live. */
  get parent(): Layer | undefined {
    return this.#parent
  }

  /** Ends its life. Its reference to the parent is dropped: else the newest layer would keep all before it in memory. */
  end(fate: 'merged' | 'dropped'): void {
    this.#fate = fate
    this.#parent = undefined
  }

  /** True when this layer's entries count for the other: it is that layer or below it. Costs one step a fork. */
  isBelow(other: Layer): boolean {
    let run: Run | undefined = other.#run
    let number = other.point.number
    while (run !== undefined && run !== this.#run) {
      number = run.forkNumber
      run = run.parent
    }
    return run !== undefined && this.point.number <= number
  }
}
