// The disk layer: LevelDB at one block, and above it the buffers of blocks on their way there.
import { bytesToHex, equalBytes } from '../base/bytes.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { keccak256 } from '../base/keccak.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { openValue } from '../store/checked-value.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { isStoreDamaged } from '../store/store-error.ts'
import {
  codeKey,
  type EntryKey,
  isFlat,
  isNode,
  isSameEntry,
  keyAfter,
  keyToBytes,
  storagePrefixes,
  toOperation
} from './entry-key.ts'
import { FlatMender } from './flat-mender.ts'
import { flushOperations } from './flush-batch.ts'
import { type LayerContent } from './layer.ts'
import { NodeMender } from './node-mender.ts'
import { StateError } from './state-error.ts'
import { type StatePoint } from './state-view.ts'
import { WriteBuffer } from './write-buffer.ts'

/** When the buffer goes to disk. */
export interface DiskLayerOptions {
  readonly writeBufferMaxBytes: number
  readonly writeBufferMaxBlocks: number
}

/** Dependencies of the disk layer. */
export interface DiskLayerDeps {
  readonly store: KeyValueStore
  readonly log: Log
  readonly clock?: Pick<Clock, 'monotonicMs'>
  /** Hears that LevelDB stands for another block now. */
  readonly onFlushed?: () => void
}

/** One that is being written, and one that fills meanwhile: when that is full too, the next block waits. */
export const WRITE_BUFFERS_MAX = 2

/** A flush under way. */
export interface FlushProgress {
  /** The block that LevelDB will stand for. */
  readonly number: bigint
  readonly elapsedMs: number
  /** True while somebody waits for it: the next block, where both buffers are full. */
  readonly isAwaited: boolean
}

/** A buffer on its way to disk. */
interface FrozenBuffer {
  readonly buffer: WriteBuffer
  readonly point: StatePoint
  readonly startedMs: number
}

/** One version of every entry. Reads are synchronous and see the newest merged block. */
export class DiskLayer {
  readonly #store: KeyValueStore
  readonly #log: Log
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #options: DiskLayerOptions
  readonly #onFlushed: () => void
  readonly #mender: FlatMender
  readonly #nodes: NodeMender
  #point: StatePoint
  #persisted: StatePoint
  #active = new WriteBuffer()
  #frozen: FrozenBuffer | undefined
  #waitersCount = 0
  #putBack: Promise<unknown> = Promise.resolve()
  #flushing: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(
    { store, log, clock = systemClock, onFlushed = () => undefined }: DiskLayerDeps,
    point: StatePoint,
    options: DiskLayerOptions
  ) {
    this.#onFlushed = onFlushed
    this.#store = store
    this.#log = log
    this.#clock = clock
    this.#options = options
    this.#point = point
    this.#persisted = point
    this.#mender = new FlatMender({
      store,
      log,
      root: () => this.#point.root,
      read: (key) => this.read(key)
    })
    this.#nodes = new NodeMender({ store, log, isBuffered: (key) => this.#isBuffered(key) })
  }

  /** The newest merged block. */
  get point(): StatePoint {
    return this.#point
  }

  /** The block that LevelDB stands for: what a killed process finds again. */
  get persistedPoint(): StatePoint {
    return this.#persisted
  }

  /** Undefined while no buffer is on its way to disk; after a failed flush the one that could not be written is. */
  get flushProgress(): FlushProgress | undefined {
    if (this.#frozen === undefined) return undefined
    const { point, startedMs } = this.#frozen
    const elapsedMs = this.#clock.monotonicMs() - startedMs
    return { number: point.number, elapsedMs, isAwaited: this.#waitersCount > 0 }
  }

  get bufferedBytes(): number {
    return this.#active.sizeBytes + (this.#frozen?.buffer.sizeBytes ?? 0)
  }

  /** A flat entry, trie node or code. Flat entries are checked, and mended from the trie when damaged. */
  read(key: EntryKey): Uint8Array | undefined {
    const hit = this.#active.find(key) ?? this.#frozen?.buffer.find(key)
    if (hit !== undefined) return hit.value
    return this.#readStored(key)
  }

  /** A code, checked by its hash. Throws StateError. */
  readCode(codeHash: Uint8Array): Uint8Array {
    const code = this.read(codeKey(codeHash))
    if (code === undefined) {
      throw new StateError({ code: 'code-missing', codeHash: bytesToHex(codeHash) })
    }
    if (!equalBytes(keccak256(code), codeHash)) {
      throw new StateError({ code: 'code-damaged', codeHash: bytesToHex(codeHash) })
    }
    return code
  }

  /** Writes a flat entry of LevelDB anew, as the trie has it. False when a buffer holds a newer one. */
  async mendFlat(key: EntryKey, problem: string): Promise<boolean> {
    if (this.#isBuffered(key)) return false
    this.#mender.mend(key, problem)
    await this.#mender.settled()
    return true
  }

  /** True when the trie node that this failure names is on disk again, as its parent's hash says. Throws StoreError. */
  async mendNode(thrown: unknown): Promise<boolean> {
    return this.#nodes.mend(thrown)
  }

  /** An entry as LevelDB has it, unchecked; undefined too where it cannot be read. */
  stored(key: EntryKey): Uint8Array | undefined {
    try {
      return this.#store.get(keyToBytes(key))
    } catch (thrown) {
      if (isStoreDamaged(thrown)) return undefined
      throw thrown
    }
  }

  /** Writes an entry of LevelDB anew, unless it is not what it was `before`, or a buffer holds a newer one. Throws StoreError. */
  async putBack(
    key: EntryKey,
    value: Uint8Array | undefined,
    before: Uint8Array | undefined
  ): Promise<void> {
    if (this.#isBuffered(key) || !isSameEntry(this.stored(key), before)) return
    const write = this.#store.batch([toOperation(key, value)], { sync: true })
    this.#putBack = Promise.allSettled([this.#putBack, write])
    await write
  }

  /** Takes in the next block; starts a flush when enough has come together. Throws when a flush failed. */
  merge(content: LayerContent, point: StatePoint): void {
    this.#assertSound()
    this.#active.merge(content)
    this.#point = point
    if (this.#isFull() && this.#frozen === undefined) this.#startFlush()
  }

  /**
   * Settles when the next block has room: at once, unless `WRITE_BUFFERS_MAX` buffers are full. Then it waits
   * for the flush, however long the disk takes, and says so. A failed flush ends the wait: `merge` reports it.
   */
  async room(): Promise<void> {
    while (this.#isFull() && this.#frozen !== undefined && this.#failure === undefined) {
      const { number } = this.#frozen.point
      const { bufferedBytes } = this
      this.#log.warn('flush-awaited', { number, bufferedBytes, buffersMax: WRITE_BUFFERS_MAX })
      await this.#settled()
      this.#log.info('flush-over', { number })
    }
  }

  /** Settles when all that was merged is on disk. Throws StateError when it could not be written. */
  async flush(): Promise<void> {
    do {
      await this.#settled()
      this.#assertSound() // what could not be written stays readable, and nothing newer is written past it
    } while (this.#frozen !== undefined)
    if (this.#active.blocksCount > 0) this.#startFlush()
    await this.#settled()
    await this.#mended()
    this.#assertSound()
  }

  /** Settles when no entry is being written anew: then a flush cannot be overtaken by an older value. */
  async #mended(): Promise<void> {
    await this.#mender.settled()
    await this.#nodes.settled()
    await this.#putBack
  }

  #isBuffered(key: EntryKey): boolean {
    return (this.#active.find(key) ?? this.#frozen?.buffer.find(key)) !== undefined
  }

  #isFull(): boolean {
    const { writeBufferMaxBytes, writeBufferMaxBlocks } = this.#options
    const { sizeBytes, blocksCount } = this.#active
    return sizeBytes >= writeBufferMaxBytes || blocksCount >= writeBufferMaxBlocks
  }

  /** Settles with the flush that is under way, also when it fails. */
  async #settled(): Promise<void> {
    this.#waitersCount++
    await this.#flushing
    this.#waitersCount--
  }

  #assertSound(): void {
    if (this.#failure === undefined) return
    const reason = this.#failure instanceof Error ? this.#failure.message : 'unknown'
    throw new StateError({ code: 'flush-failed', reason }, { cause: this.#failure })
  }

  #startFlush(): void {
    const buffer = this.#active
    const point = this.#point
    this.#frozen = { buffer, point, startedMs: this.#clock.monotonicMs() }
    this.#active = new WriteBuffer()
    this.#flushing = this.#write(buffer, point).then(
      () => {
        this.#persisted = point
        this.#frozen = undefined
        this.#onFlushed()
      },
      (thrown: unknown) => {
        this.#failure = thrown // the buffer stays readable; the next merge reports it
        this.#log.error('state-flush-failed', { number: point.number, reason: String(thrown) })
      }
    )
  }

  /** One atomic, synced batch that carries the block it stands for. */
  async #write(buffer: WriteBuffer, point: StatePoint): Promise<void> {
    await this.#mended()
    const wiped = await this.#keysOf(buffer.cleared())
    const operations = {
      [Symbol.iterator]: () => flushOperations({ wiped, buffer, point })
    }
    await this.#store.batch(operations, { sync: true })
  }

  async #keysOf(owners: Iterable<string>): Promise<readonly Uint8Array[]> {
    const keys: Uint8Array[] = []
    for (const owner of owners) {
      for (const prefix of storagePrefixes(owner)) {
        const range = { start: keyToBytes(prefix), end: keyAfter(prefix) }
        for await (const [key] of this.#store.iterate(range)) keys.push(key)
      }
    }
    return keys
  }

  #readStored(key: EntryKey): Uint8Array | undefined {
    const keyBytes = keyToBytes(key)
    let stored: Uint8Array | undefined
    try {
      stored = this.#store.get(keyBytes)
    } catch (thrown) {
      if (!isStoreDamaged(thrown)) throw thrown
      const reason = errorMessage(thrown)
      if (isFlat(key)) return this.#mender.mend(key, reason)
      // Whoever reads it knows its hash, and with it what to ask for.
      if (isNode(key)) return undefined
      throw new StateError(
        { code: 'entry-damaged', key: bytesToHex(keyBytes), reason },
        { cause: thrown }
      )
    }
    if (stored === undefined || !isFlat(key)) return stored
    return openValue(keyBytes, stored) ?? this.#mender.mend(key, 'it fails its checksum')
  }
}
