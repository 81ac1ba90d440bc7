// Accepted blocks: signed messages on disk before they are executed, by hash and by height (src/recovery/README.md, "Words").
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { type Hex } from '../../base/bytes.ts'
import { type Log } from '../../base/log.ts'
import { type SerialExecutor } from '../../base/serial.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey } from '../../store/keys.ts'
import {
  addAcceptedOperations,
  readAccepted,
  walkAcceptedDown,
  walkContestedDown
} from './accepted-index.ts'
import { type Block, type BlockRef, type SignedBlock } from '../blocks/block.ts'
import { blockOperations, type BlockReader } from './block-reader.ts'
import { putEntry, readEntry, unlessDamaged } from './chain-entry.ts'
import { ChainError } from '../blocks/chain-error.ts'
import { type SignerSchedule } from '../blocks/signer-schedule.ts'

/** Why an operator's word counts for more than the block (src/recovery/README.md, "Operator's exits"). */
export type SetAsideReason = 'chosen-against' | 'given-up' | 'released' | 'rewound'

const REASONS: readonly string[] = [
  'chosen-against',
  'given-up',
  'released',
  'rewound'
] satisfies readonly SetAsideReason[]

/** What marks the blocks, for a batch of the chain database. */
export function setAsideOperations(
  hashes: readonly Hex[],
  reason: SetAsideReason
): readonly BatchOperation[] {
  const body = new Uint8Array(Buffer.from(reason, 'latin1'))
  return hashes.map((hash) => putEntry(hashKey(CHAIN_PREFIX.setAside, hash), body))
}

/** Contested heights that are kept; more conflicts than these tell an operator nothing new. */
const CONTESTED_MAX = 8_192

/** What the store needs. */
export interface AcceptedStoreDeps {
  readonly store: KeyValueStore
  readonly reader: BlockReader
  /** One write at a time for the whole database: the index of a height is read, and written with one more. */
  readonly writes: SerialExecutor
  readonly schedule: SignerSchedule
  readonly log: Log
}

/** What was accepted. A block counts when the schedule names its signer and nobody set it aside. */
export class AcceptedStore {
  readonly #store: KeyValueStore
  readonly #reader: BlockReader
  readonly #writes: SerialExecutor
  readonly #schedule: SignerSchedule
  readonly #log: Log
  #highest: BlockRef | undefined
  #hasSetAside = false
  readonly #contested: bigint[] = []

  constructor({ store, reader, writes, schedule, log }: AcceptedStoreDeps) {
    this.#store = store
    this.#reader = reader
    this.#writes = writes
    this.#schedule = schedule
    this.#log = log
  }

  /** Reads which block is the highest. Once, before anything else. Throws ChainError, StoreError. */
  async open(): Promise<void> {
    const start = Uint8Array.of(CHAIN_PREFIX.setAside)
    const end = Uint8Array.of(CHAIN_PREFIX.setAside + 1)
    for await (const [key] of this.#store.iterate({ start, end, limit: 1 })) {
      this.#hasSetAside = key.length > 0
    }
    for await (const number of walkContestedDown(this.#store)) {
      const counting = unlessDamaged(() => this.acceptedAt(number))
      if (counting === undefined || counting.length > 1) this.#contested.push(number)
      if (this.#contested.length === CONTESTED_MAX) break
    }
    await this.#findHighest()
  }

  /** Heights with more than one accepted block that counts, the newest first, as they were when the store was opened. */
  contestedHeights(): readonly bigint[] {
    return this.#contested
  }

  /** False while no block at all was set aside: then nobody needs to look for one. */
  get hasSetAside(): boolean {
    return this.#hasSetAside
  }

  /**
   * Writes verified blocks in one synced batch, each behind those that came before it at its height; those
   * that are held are left as they are. Throws ChainError `too-many-at-height`, StoreError, SerialError;
   * nothing of the batch is accepted then, unless the StoreError is a write's.
   */
  async accept(blocks: readonly SignedBlock[]): Promise<void> {
    await this.#writes.run(async () => {
      const missing = this.#missingOf(blocks)
      if (missing.length === 0) return
      const indexed = addAcceptedOperations(this.#store, missing)
      // Made one by one as the batch is: a megabyte is copied and summed in no time, and ten of them are not.
      await this.#store.batch(operationsOf(indexed, missing), { sync: true })
      this.noteAccepted(blocks)
    })
  }

  /** What accepts the blocks that are not held yet; for a batch of the same executor. Throws ChainError. */
  acceptOperations(blocks: readonly SignedBlock[]): readonly BatchOperation[] {
    const missing = this.#missingOf(blocks)
    return [...operationsOf(addAcceptedOperations(this.#store, missing), missing)]
  }

  /** The blocks are on disk now. */
  noteAccepted(blocks: readonly SignedBlock[]): void {
    for (const block of blocks) {
      this.#reader.remember(block)
      const { number, hash, signer } = block
      if (this.#counts(number, { hash, signer })) this.#raiseHighest({ number, hash })
    }
  }

  /** By hash, whether it counts or not. One that is damaged on disk is not held: it may be accepted anew. */
  acceptedBlock(hash: Hex): SignedBlock | undefined {
    return this.#unlessDamaged(hash, () => this.#reader.signedBlock(hash))
  }

  /**
   * Writes blocks that came without a signature, and whose hashes signed descendants name. They can be adopted, and are
   * not accepted: nobody is shown them as the signer's. Throws StoreError, SerialError.
   */
  async keepNamed(blocks: readonly Block[]): Promise<void> {
    await this.#writes.run(async () => {
      const missing = blocks.filter(({ hash }) => this.namedBlock(hash) === undefined)
      if (missing.length === 0) return
      await this.#store.batch(missing.flatMap(blockOperations), { sync: true })
      for (const block of missing) this.#reader.remember(block)
    })
  }

  /** By hash, with a signature or without one. One that is damaged on disk is not held. */
  namedBlock(hash: Hex): Block | undefined {
    return this.#unlessDamaged(hash, () => this.#reader.block(hash))
  }

  /** The message of an accepted block, without decoding it. */
  acceptedMessage(hash: Hex): VersionedMessage | undefined {
    return this.#unlessDamaged(hash, () => this.#reader.message(hash))
  }

  /** The blocks of a height that count, in the order of acceptance. Throws ChainError `entry-damaged`. */
  acceptedAt(number: bigint): readonly BlockRef[] {
    return readAccepted(this.#store, number)
      .filter((entry) => this.#counts(number, entry))
      .map(({ hash }) => ({ number, hash }))
  }

  /** True when a block of this height was accepted, whether it counts or not. Throws ChainError `entry-damaged`. */
  isHeldAt(number: bigint): boolean {
    return readAccepted(this.#store, number).length > 0
  }

  /** The highest block that counts, the first accepted of its height. */
  highestAccepted(): BlockRef | undefined {
    return this.#highest
  }

  /** Every block of a height, whether it counts or not. Throws ChainError `entry-damaged`. */
  heldAt(number: bigint): readonly BlockRef[] {
    return readAccepted(this.#store, number).map(({ hash }) => ({ number, hash }))
  }

  /** The highest height of which any block is held. */
  async highestHeld(): Promise<bigint | undefined> {
    for await (const { number } of walkAcceptedDown(this.#store)) return number
    return undefined
  }

  /** Marks blocks that an operator decided against, held or not. Throws StoreError, SerialError. */
  async setAside(hashes: readonly Hex[], reason: SetAsideReason): Promise<void> {
    await this.#writes.run(async () => {
      await this.#store.batch(setAsideOperations(hashes, reason), { sync: true })
      this.#hasSetAside ||= hashes.length > 0
      await this.#findHighest()
    })
  }

  /** Why the block was set aside; undefined when it was not. Throws ChainError `entry-damaged`. */
  setAsideReason(hash: Hex): SetAsideReason | undefined {
    const body = readEntry(this.#store, 'setAside', hashKey(CHAIN_PREFIX.setAside, hash))
    if (body === undefined) return undefined
    const text = Buffer.from(body).toString('latin1')
    return REASONS.find((reason) => reason === text) as SetAsideReason | undefined
  }

  /** True for a block that an operator decided against, held or not. Throws ChainError `entry-damaged`. */
  isSetAside(hash: Hex): boolean {
    return this.#hasSetAside && this.setAsideReason(hash) !== undefined
  }

  #missingOf(blocks: readonly SignedBlock[]): readonly SignedBlock[] {
    return blocks.filter(
      ({ number, hash }) => !this.#isListed(number, hash) || this.acceptedBlock(hash) === undefined
    )
  }

  /** True when the index of the height has it, which costs a look by height: what is new is in no file by its hash. */
  #isListed(number: bigint, hash: Hex): boolean {
    return readAccepted(this.#store, number).some((entry) => entry.hash === hash)
  }

  #counts(number: bigint, { hash, signer }: { hash: Hex; signer: Hex }): boolean {
    return this.#schedule.signerAt(number) === signer && !this.isSetAside(hash)
  }

  #raiseHighest(block: BlockRef): void {
    if (this.#highest === undefined || block.number > this.#highest.number) this.#highest = block
  }

  /** What was the highest stays the answer while the index is walked. */
  async #findHighest(): Promise<void> {
    for await (const { number, entries } of walkAcceptedDown(this.#store)) {
      const entry = entries.find((candidate) => this.#counts(number, candidate))
      if (entry === undefined) continue
      this.#highest = { number, hash: entry.hash }
      return
    }
    this.#highest = undefined
  }

  #unlessDamaged<T>(hash: Hex, read: () => T | undefined): T | undefined {
    try {
      return read()
    } catch (thrown) {
      if (!(thrown instanceof ChainError)) throw thrown
      this.#log.warn('accepted-block-damaged', { hash, reason: thrown.message })
      return undefined
    }
  }
}

/** Made anew, one by one, each time they are gone through. */
function operationsOf(
  indexed: readonly BatchOperation[],
  blocks: readonly SignedBlock[]
): Iterable<BatchOperation> {
  return {
    *[Symbol.iterator]() {
      yield* indexed
      for (const block of blocks) yield* blockOperations(block)
    }
  }
}
