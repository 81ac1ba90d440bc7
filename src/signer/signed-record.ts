// The signed record: what our key signed, on disk before any signature leaves (src/signer/README.md).
import { randomBytes } from 'node:crypto'
import { type Hex } from '../base/bytes.ts'
import { SerialExecutor } from '../base/serial.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type RecordDisk, systemDisk } from './record-file.ts'
import { type RecordBinding, type RecordEntry, SALT_BYTES } from './record-format.ts'
import {
  appendEntry,
  assertAbove,
  assertReleasable,
  heightsAbove,
  type LiveRecord,
  type RecordedBlock,
  signedAt
} from './record-live.ts'
import { type OpenedRecord, type RecordFinding, readRecord, recordFinding } from './record-open.ts'
import { PRUNE_LIMITS, type PruneHeads, type PruneLimits, pruneFrom } from './record-prune.ts'
import { type RecordRewrite, rewritePath, rewriteRecord } from './record-rewrite.ts'
import { SignerError } from './signer-error.ts'

/** Writes at a time: the one under way and those that wait for it. */
const WRITES_MAX = 16

/** How a record is kept; tests make everything small. */
export interface SignedRecordOptions extends Partial<PruneLimits> {
  readonly disk?: RecordDisk
  /** 16 bytes that nobody can know beforehand. */
  readonly salt?: () => Uint8Array
}

export { type RecordedBlock } from './record-live.ts'
export { type RecordFinding } from './record-open.ts'

/** Opens the record at `path`, changing nothing of it. The caller holds its lock (file-lock.ts). Never rejects. */
export async function openSignedRecord(
  path: string,
  binding: RecordBinding,
  options: SignedRecordOptions = {}
): Promise<SignedRecord> {
  const disk = options.disk ?? systemDisk
  // What a crash left of a rewrite is of no use; that it cannot be removed hurts nobody.
  await disk.rm(rewritePath(path), { force: true }).catch(() => undefined)
  const opened = await readRecord({ disk, path, binding, flags: 'r+' })
  return new SignedRecord({ path, binding, opened }, options)
}

/** The open record of one key. One at a time may exist for a file, in all processes. */
export class SignedRecord {
  readonly path: string
  readonly #binding: RecordBinding
  readonly #disk: RecordDisk
  readonly #salt: () => Uint8Array
  readonly #pruneLimits: PruneLimits
  readonly #writes = new SerialExecutor('signed record', WRITES_MAX)
  #opened: OpenedRecord
  #pruning: Promise<void> | undefined

  constructor(
    { path, binding, opened }: { path: string; binding: RecordBinding; opened: OpenedRecord },
    {
      disk = systemDisk,
      salt = () => new Uint8Array(randomBytes(SALT_BYTES)),
      ...pruneLimits
    }: SignedRecordOptions
  ) {
    this.path = path
    this.#binding = binding
    this.#opened = opened
    this.#disk = disk
    this.#salt = salt
    this.#pruneLimits = { ...PRUNE_LIMITS, ...pruneLimits }
  }

  /** Cheap: recovery asks at each turn. */
  finding(): RecordFinding {
    return recordFinding(this.path, this.#opened)
  }

  /** The highest block signed or adopted. */
  get tip(): BlockRef | undefined {
    return this.#live()?.index.tip
  }

  /** The hash signed or adopted at that height. Throws SignerError `record-broken`, as all reads do. */
  hashAt(number: bigint): Hex | undefined {
    return this.#live()?.index.hashAt(number)
  }

  /** The signed block at that height, unless its message was dropped. */
  messageAt(number: bigint): RecordedBlock | undefined {
    const live = this.#live()
    return live && signedAt(live, number)
  }

  /** Blocks above a height whose messages are kept, ascending, each read when it is asked for. */
  *blocksAbove(number: bigint): Generator<RecordedBlock> {
    for (const height of this.#live()?.index.heights(number + 1n) ?? []) {
      const block = this.messageAt(height) // of what is the record by then: a rewrite may come between
      if (block !== undefined) yield block
    }
  }

  /** What was signed or adopted above a height, ascending, whether its message is kept or not. */
  heightsAbove(number: bigint): Iterable<BlockRef> {
    const live = this.#live()
    return live === undefined ? [] : heightsAbove(live, number)
  }

  /** True for a block that an operator set aside: it counts for nothing any more. */
  isSetAside(hash: Hex): boolean {
    return this.#live()?.index.setAside.has(hash) ?? false
  }

  /** Writes an empty record, for a key that never signed. Throws SignerError `record-exists`. */
  async create(): Promise<void> {
    await this.#writes.run(async () => {
      if (this.#opened.kind !== 'missing') {
        throw new SignerError({ code: 'record-exists', path: this.path })
      }
      await this.#replace(undefined, (_, put) => put())
    })
  }

  /**
   * Writes what is about to leave, and returns the message that may: the one given, or the earlier one
   * when the same block was signed before. `recheck` runs last, right before the write. Throws
   * SignerError.
   */
  async append(block: RecordedBlock, recheck: () => void): Promise<Uint8Array> {
    const { number, hash, version, message } = block
    return this.#writes.run(async () => {
      const live = this.#assertOpen()
      if (live.index.tip === undefined) throw this.#unusable()
      const earlier = signedAt(live, number)
      if (earlier?.hash === hash) {
        recheck()
        return earlier.message
      }
      assertAbove(live, { number, hash })
      await appendEntry(live, { kind: 'signed', number, hash, version, message }, recheck)
      return message
    })
  }

  /**
   * The head that recovery ended on is the last block of this key. Creates a missing record, cuts
   * a torn last entry off. Writes nothing when the head is the tip. Throws SignerError.
   */
  async adopt({ number, hash }: BlockRef): Promise<void> {
    const entry: RecordEntry = { kind: 'adopted', number, hash }
    await this.#writes.run(async () => {
      if (this.#opened.kind === 'missing') {
        await this.#replace(undefined, (rewrite, put) => rewrite.add(entry).then(put))
        return
      }
      if (this.#opened.kind === 'unreadable') throw this.#unusable()
      const { kind, live } = this.#opened
      const isTip = live.index.tip?.number === number && live.index.tip.hash === hash
      if (!isTip) assertAbove(live, { number, hash })
      if (kind === 'torn') {
        await this.#replace(live, async (rewrite, put) => {
          await rewrite.copyHeights(live, { keepFrom: 0n, end: live.file.length })
          if (!isTip) await rewrite.add(entry)
          await put()
        })
      } else if (isTip) {
        await live.file.assertInPlace() // nothing is written, and yet it must be the file that is named
      } else {
        await appendEntry(live, entry, () => undefined)
      }
    })
  }

  /** Throws SignerError unless `release` would be carried out. */
  assertReleasable(above: bigint, confirm: Hex): void {
    assertReleasable(this.#assertOpen(), above, confirm)
  }

  /**
   * An operator's exit: frees all heights above one; the blocks there are set aside. `confirm` is the
   * hash of the tip. Throws SignerError.
   */
  async release(above: bigint, confirm: Hex): Promise<void> {
    await this.#writes.run(async () => {
      this.assertReleasable(above, confirm)
      await appendEntry(
        this.#assertOpen(),
        { kind: 'released', above, lastHash: confirm },
        () => undefined
      )
    })
  }

  /**
   * Drops messages that are persisted and far enough below the replicated head, once that frees enough.
   * Signing goes on meanwhile; a call while one is under way does nothing. Throws SignerError; the record
   * stands as it was then, unless the error is `record-broken`.
   */
  async prune(heads: PruneHeads): Promise<void> {
    if (this.#opened.kind !== 'open' || this.#pruning !== undefined) return
    const { live } = this.#opened
    const keepFrom = pruneFrom(live, heads, this.#pruneLimits)
    if (keepFrom === undefined) return
    this.#pruning = this.#rewrite(live, keepFrom)
    try {
      await this.#pruning
    } finally {
      this.#pruning = undefined
    }
  }

  /** Waits for what is under way and closes the file; the record cannot be used afterwards. */
  async close(): Promise<void> {
    await this.#pruning?.catch(() => undefined) // the caller of `prune` hears of it
    await this.#writes.idle()
    const live = this.#live()
    this.#opened = { kind: 'unreadable', reason: 'it was closed' }
    await live?.file.close()
  }

  /** Most is copied beside the writes; they wait only for what they added meanwhile. */
  async #rewrite(live: LiveRecord, keepFrom: bigint): Promise<void> {
    const end = live.file.length
    await this.#replace(live, async (rewrite, put) => {
      await rewrite.copyHeights(live, { keepFrom, end })
      await rewrite.sync()
      await this.#writes.run(async () => {
        await rewrite.copyTail(live, end)
        await put()
      })
    })
  }

  /** `put` makes the new file the record. */
  async #replace(
    old: LiveRecord | undefined,
    fill: (rewrite: RecordRewrite, put: () => Promise<void>) => Promise<void>
  ): Promise<void> {
    const header = { ...this.#binding, salt: old?.header.salt ?? this.#salt() }
    await rewriteRecord(this.#disk, { path: this.path, header }, (rewrite) =>
      fill(rewrite, async () => {
        this.#opened = { kind: 'open', live: await rewrite.commit() }
        await old?.file.close().catch(() => undefined) // all it held is in the new one
      })
    )
  }

  #live(): LiveRecord | undefined {
    return 'live' in this.#opened ? this.#opened.live : undefined
  }

  /** What can be appended to. */
  #assertOpen(): LiveRecord {
    if (this.#opened.kind !== 'open') throw this.#unusable()
    return this.#opened.live
  }

  #unusable(): SignerError {
    const finding = this.finding()
    if (finding.kind !== 'unreadable') {
      const { kind } = finding
      return new SignerError({ code: 'record-not-adopted', path: this.path, finding: kind })
    }
    const { path, reason } = finding
    return new SignerError({ code: 'record-unreadable', path, reason })
  }
}
