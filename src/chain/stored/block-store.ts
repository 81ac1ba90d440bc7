// The canonical chain: blocks, receipts, indexes and head, moved forward by one synced batch a block.
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../base/bytes.ts'
import { type SerialExecutor } from '../../base/serial.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey } from '../../store/keys.ts'
import { addAcceptedOperations } from './accepted-index.ts'
import { type AcceptedStore } from './accepted-store.ts'
import { type Block } from '../blocks/block.ts'
import { isSigned } from '../blocks/block-content.ts'
import { blockOperations, type BlockReader } from './block-reader.ts'
import {
  canonicalOperations,
  headOperation,
  indexOperations,
  readCanonical,
  receiptsOperation,
  requireBlock
} from './canonical-entries.ts'
import { isEntryDamaged, putEntry, readEntry, unlessDamaged } from './chain-entry.ts'
import { historyAfter, historyOperation, type StoredHistory } from './chain-history.ts'
import { ChainError } from '../blocks/chain-error.ts'
import { type DiffStore, type EncodedDiff } from './diff-store.ts'
import { assertNext, assertReceiptsCount } from './persist-checks.ts'
import { ReceiptCache } from './receipt-cache.ts'
import { encodeReceipts, type Receipt } from '../blocks/receipt.ts'
import { decodeReceipts, readReceipts, type StoredReceipt } from './stored-receipts.ts'

/** Where a transaction of the canonical chain stands. */
export interface TransactionLocation {
  readonly number: bigint
  readonly blockHash: Hex
  /** From 0. */
  readonly index: number
}

/** Dependencies of the store. */
export interface BlockStoreDeps {
  readonly store: KeyValueStore
  readonly reader: BlockReader
  readonly accepted: AcceptedStore
  readonly diffs: DiffStore
  /** Shared with the accepted store. */
  readonly writes: SerialExecutor
}

/** What goes into a block's batch with it. */
export interface PersistedBeside {
  readonly diff?: EncodedDiff
  readonly extra?: readonly BatchOperation[]
}

/** One block of several that go into one batch. */
export interface PersistedBlock {
  readonly block: Block
  readonly receipts: readonly Receipt[]
  readonly diff?: EncodedDiff | undefined
}

/** What is known again of a block that was stored and is not whole any more. */
export interface PutBack {
  readonly number: bigint
  readonly hash: Hex
  /** Undefined while only its hash is known. */
  readonly block?: Block | undefined
  /** Undefined while they are not known, or are there. */
  readonly receipts?: readonly Receipt[] | undefined
}

/** Reads throw ChainError when an entry is damaged or missing, and StoreError. */
export class BlockStore {
  readonly #store: KeyValueStore
  readonly #reader: BlockReader
  readonly #accepted: AcceptedStore
  readonly #diffs: DiffStore
  readonly #writes: SerialExecutor
  readonly #receipts = new ReceiptCache()
  #head: Block
  #history: StoredHistory

  /** `head` is what readHead answers, `history` what readHistory does. */
  constructor(
    { store, reader, accepted, diffs, writes }: BlockStoreDeps,
    { head, history }: { readonly head: Block; readonly history: StoredHistory }
  ) {
    this.#store = store
    this.#reader = reader
    this.#accepted = accepted
    this.#diffs = diffs
    this.#writes = writes
    this.#head = head
    this.#history = history
  }

  /** The highest canonical block; genesis at first. */
  head(): Block {
    return this.#head
  }

  /** From which heights on blocks and receipts are stored, up to the head. */
  history(): StoredHistory {
    return this.#history
  }

  canonicalHash(number: bigint): Hex | undefined {
    if (number < 0n || number > this.#head.number) return undefined
    if (number === this.#head.number) return this.#head.hash
    return readCanonical(this.#store, number)
  }

  blockByNumber(number: bigint): Block | undefined {
    const hash = this.canonicalHash(number)
    return hash === undefined ? undefined : requireBlock(this.#reader, hash)
  }

  /** Undefined for a block that is not canonical, accepted or not. */
  blockByHash(hash: Hex): Block | undefined {
    const block = this.#reader.block(hash)
    return block !== undefined && this.canonicalHash(block.number) === hash ? block : undefined
  }

  /** The signed message of the canonical block; undefined for genesis and where no signature is stored. */
  messageByNumber(number: bigint): VersionedMessage | undefined {
    const hash = this.canonicalHash(number)
    return hash === undefined ? undefined : this.#reader.message(hash)
  }

  /** All at once, which takes long where there are many logs; undefined for a block that was never persisted. */
  receipts(hash: Hex): readonly Receipt[] | undefined {
    const encoded = this.#encodedReceipts(hash)
    return encoded && decodeReceipts(encoded)
  }

  /** The same one by one, to be gone through once. */
  storedReceipts(hash: Hex): Iterable<StoredReceipt> | undefined {
    const encoded = this.#encodedReceipts(hash)
    return encoded && readReceipts(encoded)
  }

  transactionLocation(hash: Hex): TransactionLocation | undefined {
    const body = readEntry(this.#store, 'transaction', hashKey(CHAIN_PREFIX.transaction, hash))
    if (body === undefined) return undefined
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    const number = view.getBigUint64(0, false)
    const blockHash = this.canonicalHash(number)
    return blockHash && { number, blockHash, index: view.getUint32(8, false) }
  }

  /** The state diff of the canonical block in SSZ; undefined when it is not kept. Not checked but for its entry. */
  diffByNumber(number: bigint): Uint8Array | undefined {
    const hash = this.canonicalHash(number)
    return hash === undefined ? undefined : this.#diffs.encoded(number, hash)
  }

  /** The lowest height whose state diff is kept. */
  oldestDiff(): bigint | undefined {
    return this.#diffs.oldest()
  }

  /** Replaces or adds the diff of a canonical block, synced; nothing for one that would not be kept. */
  async persistDiff(number: bigint, diff: EncodedDiff): Promise<void> {
    if (this.#diffs.isTooOld(number, this.#head.number)) return
    await this.#writes.run(async () => {
      const { operations, noteWritten } = this.#diffs.batch([{ number, diff }])
      await this.#store.batch(operations, { sync: true })
      noteWritten()
    })
  }

  /**
   * Makes a child of the head the head: block, receipts, indexes, pointers, state diff and whatever else has
   * to be on disk with it, in one synced batch. A signed block that was not accepted is accepted with it. Throws
   * ChainError `not-child-of-head`, `receipts-count-wrong`; StoreError; SerialError. The head is as it was.
   */
  async persist(
    block: Block,
    receipts: readonly Receipt[],
    { diff, extra = [] }: PersistedBeside = {}
  ): Promise<void> {
    await this.persistAll([{ block, receipts, diff }], extra)
  }

  /**
   * The same for blocks that follow each other, all of them in one synced batch: after a crash all are there, or none.
   * Throws as `persist` does.
   */
  async persistAll(
    steps: readonly PersistedBlock[],
    extra: readonly BatchOperation[] = []
  ): Promise<void> {
    await this.#writes.run(async () => {
      let head = this.#head
      for (const { block, receipts } of steps) {
        assertNext(head, block)
        assertReceiptsCount(block, receipts)
        head = block
      }
      const encoded = steps.map(({ receipts }) => encodeReceipts(receipts))
      const diffs = this.#diffs.batch(
        steps.flatMap(({ block: { number }, diff }) =>
          diff === undefined ? [] : [{ number, diff }]
        )
      )
      const beside = steps.map(({ block }, at) => receiptsOperation(block, encoded[at]!))
      await this.#writeHead(
        steps.map(({ block }) => block),
        [...beside, ...diffs.operations, ...extra]
      )
      diffs.noteWritten()
      for (const [at, { block }] of steps.entries()) this.#receipts.set(block.hash, encoded[at]!)
    })
  }

  /**
   * As `persist`, for a block that was not executed here: there is no diff of it, and its receipts are those that
   * `persistReceipts` wrote, if any. `isLast`: the next one will have a diff, so those below this one go.
   */
  async persistLinked(block: Block, { isLast }: { readonly isLast: boolean }): Promise<void> {
    await this.#writes.run(async () => {
      assertNext(this.#head, block)
      const isEmpty = block.transactions.length === 0
      const dropped = isLast ? this.#diffs.dropOperations(block.number) : []
      const beside = [...(isEmpty ? [receiptsOperation(block, [])] : []), ...dropped]
      await this.#writeHead([block], beside)
      if (isLast) this.#diffs.noteDropped(block.number)
    })
  }

  /**
   * Makes a block the head of a chain that has genesis alone, without the blocks between: the state at it came from
   * peers. Its receipts are those of `persistReceipts`, if any; what lies below comes by `persistBelow`. Throws
   * RangeError for a chain that has blocks.
   */
  async persistJump(block: Block): Promise<void> {
    await this.#writes.run(async () => {
      if (this.#head.number !== 0n) throw new RangeError('the chain has blocks of its own')
      const { number } = block
      const oldestReceipts = this.#hasReceipts(block) ? number : number + 1n
      const history = { oldestBlock: number, oldestReceipts }
      const beside = block.transactions.length === 0 ? [receiptsOperation(block, [])] : []
      await this.#writeHead([block], [...beside, historyOperation(history)])
      this.#history = history
    })
  }

  /**
   * Puts blocks below the oldest one, from the top down, in one synced batch; their receipts are those of
   * `persistReceipts`, if any. Throws ChainError `hash-not-proven` for one that is not the parent of the block above it;
   * StoreError; SerialError.
   */
  async persistBelow(below: readonly Block[]): Promise<void> {
    await this.#writes.run(async () => {
      const history = historyAfter(this.#history, this.#oldestBlock(), below, (block) =>
        this.#hasReceipts(block)
      )
      const signed = below.filter(isSigned)
      const operations = below.flatMap((block) => [
        ...this.#unsignedOperations(block),
        ...canonicalOperations(block),
        ...(block.transactions.length === 0 ? [receiptsOperation(block, [])] : [])
      ])
      const accepted = this.#accepted.acceptOperations(signed)
      const all = [...accepted, ...operations, historyOperation(history)]
      await this.#store.batch(all, { sync: true })
      this.#accepted.noteAccepted(signed)
      this.#history = history
    })
  }

  #hasReceipts({ hash, transactions }: Block): boolean {
    return transactions.length === 0 || this.#encodedReceipts(hash) !== undefined
  }

  #oldestBlock(): Block {
    const { oldestBlock } = this.#history
    const block = this.blockByNumber(oldestBlock)
    if (block !== undefined) return block
    const key = bytesToHex(numberKey(CHAIN_PREFIX.canonical, oldestBlock))
    throw new ChainError({ code: 'entry-missing', entry: 'canonical', key })
  }

  /** Of blocks that are to be linked, in one synced batch. Throws ChainError `receipts-count-wrong`. */
  async persistReceipts(
    steps: readonly { readonly block: Block; readonly receipts: readonly Receipt[] }[]
  ): Promise<void> {
    for (const { block, receipts } of steps) assertReceiptsCount(block, receipts)
    const operations = steps.map(({ block, receipts }) => receiptsOperation(block, receipts))
    await this.#writes.run(() => this.#store.batch(operations, { sync: true }))
  }

  #encodedReceipts(hash: Hex): Uint8Array | undefined {
    const cached = this.#receipts.get(hash)
    if (cached !== undefined) return cached
    const body = readEntry(this.#store, 'receipts', hashKey(CHAIN_PREFIX.receipts, hash))
    if (body !== undefined) this.#receipts.set(hash, body)
    return body
  }

  /** The one batch of blocks that follow each other and the head. */
  async #writeHead(blocks: readonly Block[], beside: readonly BatchOperation[]): Promise<void> {
    const last = blocks.at(-1)
    if (last === undefined) return
    const signed = blocks.filter(isSigned)
    const operations = [
      ...this.#accepted.acceptOperations(signed),
      ...blocks.flatMap((block) => this.#unsignedOperations(block)),
      ...blocks.flatMap(canonicalOperations),
      headOperation(last)
    ]
    await this.#store.batch([...operations, ...beside], { sync: true })
    this.#accepted.noteAccepted(signed)
    this.#head = last
  }

  /**
   * Writes once more what was lost of a canonical block, in one synced batch. Which block it is says the pointer that
   * is there, or proves its child by its parent hash, so that lost pointers come back from the top down. Throws
   * ChainError `hash-not-proven`; StoreError; SerialError. The head stays what it is.
   */
  async putBack({ number, hash, block, receipts }: PutBack): Promise<void> {
    await this.#writes.run(async () => {
      this.#assertProven(number, hash)
      const operations = [
        putEntry(numberKey(CHAIN_PREFIX.canonical, number), hexToBytes(hash)),
        ...(receipts === undefined ? [] : [receiptsOperation({ hash }, receipts)]),
        ...(block === undefined ? [] : [...blockOperations(block), ...indexOperations(block)]),
        ...(block !== undefined && isSigned(block)
          ? addAcceptedOperations(this.#store, [block])
          : [])
      ]
      await this.#store.batch(operations, { sync: true })
      if (block !== undefined && isSigned(block)) this.#accepted.noteAccepted([block])
    })
  }

  /** Deletes a pointer that fails its check, and that nothing proves: it reads as missing then, which it is. */
  async dropDamagedPointer(number: bigint): Promise<void> {
    await this.#writes.run(async () => {
      const key = numberKey(CHAIN_PREFIX.canonical, number)
      if (number >= this.#head.number || !isEntryDamaged(this.#store, 'canonical', key)) return
      await this.#store.batch([{ type: 'del', key }], { sync: true })
    })
  }

  #assertProven(number: bigint, hash: Hex): void {
    if (number === this.#head.number && hash === this.#head.hash) return
    const isBelow = number < this.#head.number
    const child = isBelow ? unlessDamaged(() => this.blockByNumber(number + 1n)) : undefined
    const named = child?.number === number + 1n ? child.parentHash : undefined
    if (named === hash || (child === undefined && this.#isPointedAt(number, hash))) return
    throw new ChainError({ code: 'hash-not-proven', number, hash, named })
  }

  #isPointedAt(number: bigint, hash: Hex): boolean {
    return number < this.#head.number && unlessDamaged(() => this.canonicalHash(number)) === hash
  }

  /** The block itself is on disk when it was kept for its descendants: then nothing of it is written twice. */
  #unsignedOperations(block: Block): readonly BatchOperation[] {
    if (isSigned(block) || this.#reader.block(block.hash) !== undefined) return []
    return blockOperations(block)
  }
}
