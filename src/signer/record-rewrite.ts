// Replacing a signed record as a whole: written beside it, synced, renamed over it, directory synced.
import { type FileHandle } from 'node:fs/promises'
import { concatBytes } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { createYielder } from '../base/yielder.ts'
import { type RecordDisk, RecordFile, syncDirectory, writeFully } from './record-file.ts'
import {
  encodeEntry,
  encodeHeader,
  HASH_BYTES,
  HEADER_BYTES,
  HEIGHTS_PER_ENTRY_MAX,
  type RecordEntry,
  type RecordHeader
} from './record-format.ts'
import { RecordIndex } from './record-index.ts'
import { type LiveRecord } from './record-live.ts'
import { scanEntries } from './record-scan.ts'
import { SignerError } from './signer-error.ts'

/** Where the next version of a record is written; what a crash leaves there is of no use. */
export function rewritePath(path: string): string {
  return `${path}.rewrite`
}

/**
 * Lets `work` fill a new version and commit it. When it throws, what was written is discarded, and
 * SignerError says so: `record-broken` as `commit` has it, else `record-write-failed`.
 */
export async function rewriteRecord(
  disk: RecordDisk,
  { path, header }: { readonly path: string; readonly header: RecordHeader },
  work: (rewrite: RecordRewrite) => Promise<void>
): Promise<void> {
  let rewrite: RecordRewrite | undefined
  try {
    const handle = await disk.open(rewritePath(path), 'w+', 0o600)
    rewrite = new RecordRewrite({ disk, path, handle }, header)
    await work(rewrite)
  } catch (thrown) {
    await rewrite?.discard().catch(() => undefined) // a leftover is written over by the next one
    if (thrown instanceof SignerError) throw thrown
    const failure = { code: 'record-write-failed', path, reason: errorMessage(thrown) } as const
    throw new SignerError(failure, { cause: thrown })
  }
}

/** One new version of a record in the making. */
export class RecordRewrite {
  readonly #disk: RecordDisk
  readonly #path: string
  readonly #live: LiveRecord

  constructor(
    opened: { readonly disk: RecordDisk; readonly path: string; readonly handle: FileHandle },
    header: RecordHeader
  ) {
    this.#disk = opened.disk
    this.#path = opened.path
    const file = new RecordFile(opened, { salt: header.salt, length: HEADER_BYTES })
    this.#live = { header, file, index: new RecordIndex((offset) => file.readHash(offset)) }
  }

  /** Copies what the record holds before byte `end`; below `keepFrom` hashes alone. */
  async copyHeights(from: LiveRecord, { keepFrom, end }: { keepFrom: bigint; end: number }) {
    for (const { number, hash } of from.index.setAside.values()) {
      await this.add({ kind: 'set-aside', number, hash })
    }
    const dropped = new HeightsCollector((entry) => this.add(entry))
    const yielder = createYielder()
    for (const span of from.index.spans()) {
      await yielder.maybeYield()
      if (span.kind === 'hashes') {
        await dropped.append(span.first, from.file.readHashes(span.hashesOffset, span.count))
      } else if (span.offset >= end) {
        break
      } else if (span.number < keepFrom) {
        await dropped.append(span.number, from.file.readHashes(span.hashOffset, 1))
      } else {
        await dropped.flush()
        await this.add(from.file.readEntry(span.offset))
      }
    }
    await dropped.flush()
  }

  /** Copies the entries that lie from byte `start` on, as they are. */
  async copyTail({ file, header }: LiveRecord, start: number): Promise<void> {
    const range = { salt: header.salt, start, end: file.length }
    for await (const { entry } of scanEntries(file.handle, range)) await this.add(entry)
  }

  async add(entry: RecordEntry): Promise<void> {
    const { header, file, index } = this.#live
    const offset = file.length
    const bytes = encodeEntry(header.salt, entry)
    await writeFully(file.handle, bytes, offset)
    file.extendTo(offset + bytes.length)
    if (index.apply(entry, offset)) return
    const reason = `an entry of kind ${entry.kind} cannot follow those before it`
    throw new SignerError({ code: 'record-write-failed', path: this.#path, reason })
  }

  /** What was written so far is on disk afterwards, so that `commit` has little left to wait for. */
  async sync(): Promise<void> {
    await this.#live.file.handle.sync()
  }

  /**
   * Puts the new version in the record's place. Throws SignerError `record-broken` when it cannot be
   * told which of the two a power cut would leave; after any other error the old one still stands.
   */
  async commit(): Promise<LiveRecord> {
    await writeFully(this.#live.file.handle, encodeHeader(this.#live.header), 0)
    await this.sync()
    await this.#disk.rename(rewritePath(this.#path), this.#path)
    try {
      await syncDirectory(this.#disk, this.#path)
    } catch (thrown) {
      const reason = `it was replaced, but its directory was not synced: ${errorMessage(thrown)}`
      throw new SignerError({ code: 'record-broken', path: this.#path, reason }, { cause: thrown })
    }
    return this.#live
  }

  /** Takes back what was written. */
  async discard(): Promise<void> {
    await this.#live.file.close()
    await this.#disk.rm(rewritePath(this.#path), { force: true })
  }
}

/** Gathers consecutive heights into entries as long as they may be. */
class HeightsCollector {
  readonly #add: (entry: RecordEntry) => Promise<void>
  #first = 0n
  #count = 0
  #parts: Uint8Array[] = []

  constructor(add: (entry: RecordEntry) => Promise<void>) {
    this.#add = add
  }

  async append(first: bigint, hashes: Uint8Array): Promise<void> {
    const count = hashes.length / HASH_BYTES
    const isNext = first === this.#first + BigInt(this.#count)
    if (!isNext || this.#count + count > HEIGHTS_PER_ENTRY_MAX) await this.flush()
    if (this.#count === 0) this.#first = first
    this.#count += count
    this.#parts.push(hashes)
  }

  async flush(): Promise<void> {
    if (this.#count === 0) return
    const hashes = concatBytes(...this.#parts)
    this.#parts = []
    this.#count = 0
    await this.#add({ kind: 'heights', first: this.#first, hashes })
  }
}
