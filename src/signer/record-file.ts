// One file of a signed record: synced appends that leave nothing behind when they fail, and reads.
import { readSync, type Stats } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { crc32c } from '../../protocols/crc32c.ts'
import { errorMessage } from '../base/node-error.ts'
import {
  decodeBody,
  decodeEntryHead,
  ENTRY_HEAD_BYTES,
  HASH_BYTES,
  type RecordEntry
} from './record-format.ts'
import { SignerError } from './signer-error.ts'

/** What a record needs of the file system: node:fs/promises, or one that fails where a test wants it to. */
export interface RecordDisk {
  open(path: string, flags: string, mode?: number): Promise<FileHandle>
  rename(from: string, to: string): Promise<void>
  rm(path: string, options: { readonly force: true }): Promise<void>
  stat(path: string): Promise<Stats>
}

/** The machine's file system. */
export const systemDisk: RecordDisk = { open, rename, rm, stat }

/** An open file; `length` is where its last good entry ends, and where the next one goes. */
export class RecordFile {
  readonly path: string
  readonly #disk: RecordDisk
  readonly #handle: FileHandle
  readonly #seed: number
  #length: number
  #brokenBy: string | undefined

  constructor(
    { disk, path, handle }: { disk: RecordDisk; path: string; handle: FileHandle },
    { salt, length }: { salt: Uint8Array; length: number }
  ) {
    this.path = path
    this.#disk = disk
    this.#handle = handle
    this.#seed = crc32c(salt)
    this.#length = length
  }

  get handle(): FileHandle {
    return this.#handle
  }

  get length(): number {
    return this.#length
  }

  /**
   * Writes one entry behind the last and syncs. `recheck` runs when nothing is left to wait for but the
   * disk; what it throws is passed on. Throws SignerError `record-write-failed` when nothing of the entry
   * is left in the file, `record-broken` when that is not known. Not to be called twice at a time.
   */
  async append(bytes: Uint8Array, recheck: () => void): Promise<number> {
    await this.assertInPlace()
    recheck()
    const offset = this.#length
    try {
      await writeFully(this.#handle, bytes, offset)
      await this.#handle.sync()
    } catch (thrown) {
      await this.#cutBack(thrown)
      const reason = errorMessage(thrown)
      throw new SignerError(
        { code: 'record-write-failed', path: this.path, reason },
        { cause: thrown }
      )
    }
    this.#length = offset + bytes.length
    return offset
  }

  /** The file was found, or made, to be good up to there. */
  extendTo(length: number): void {
    this.#length = length
  }

  readHash(offset: number): Hex {
    return bytesToHex(this.#read(offset, HASH_BYTES))
  }

  /** Why nothing can be written any more; undefined while all is well. */
  get brokenBy(): string | undefined {
    return this.#brokenBy
  }

  /** The entry that begins there, its checksum verified. Throws SignerError `record-broken`. */
  readEntry(offset: number): RecordEntry {
    const head = decodeEntryHead(this.#seed, this.#read(offset, ENTRY_HEAD_BYTES))
    const body = head && this.#read(offset + ENTRY_HEAD_BYTES, head.bodyBytes)
    const isSound = body !== undefined && crc32c(body, this.#seed) === head?.bodyCrc
    const entry = isSound ? decodeBody(body) : undefined
    if (entry === undefined) throw this.broken(`the entry at byte ${offset} changed on disk`)
    return entry
  }

  /** `count` hashes from there on. */
  readHashes(offset: number, count: number): Uint8Array {
    return this.#read(offset, count * HASH_BYTES)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length;) {
      const count = readSync(this.#handle.fd, bytes, done, length - done, offset + done)
      if (count === 0) throw this.broken(`the file ends at byte ${offset + done}`)
      done += count
    }
    return bytes
  }

  /** A file that was moved away or replaced would take entries that no restart finds. Throws SignerError. */
  async assertInPlace(): Promise<void> {
    if (this.#brokenBy !== undefined) throw this.broken(this.#brokenBy)
    const [ours, named] = await Promise.all([
      this.#handle.stat(),
      this.#disk.stat(this.path).catch(() => undefined)
    ])
    if (ours.ino === named?.ino && ours.dev === named.dev && ours.size === this.#length) return
    throw this.broken('the file was moved, replaced or changed while in use')
  }

  async #cutBack(cause: unknown): Promise<void> {
    try {
      await this.#handle.truncate(this.#length)
      await this.#handle.sync()
    } catch (thrown) {
      this.#brokenBy = `${errorMessage(cause)}; cutting it back: ${errorMessage(thrown)}`
      throw this.broken(this.#brokenBy, cause)
    }
  }

  /** Lets nothing be written any more, and returns the error that says so. */
  broken(reason: string, cause?: unknown): SignerError {
    this.#brokenBy ??= reason
    return new SignerError({ code: 'record-broken', path: this.path, reason }, { cause })
  }
}

/** Writes all bytes at the position, however many calls it takes. */
export async function writeFully(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/** Makes a rename in the file's directory last through a power cut. */
export async function syncDirectory(disk: RecordDisk, path: string): Promise<void> {
  const directory = await disk.open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
