// Reading a signed record from end to end, and telling a torn last entry from damage (src/recovery/README.md, "Decisions").
import { type FileHandle } from 'node:fs/promises'
import { crc32c } from '../../protocols/crc32c.ts'
import {
  BODY_MAX_BYTES,
  decodeBody,
  decodeEntryHead,
  ENTRY_HEAD_BYTES,
  type EntryHead,
  HEADER_BYTES,
  type RecordEntry
} from './record-format.ts'

/** Bytes read ahead; a longer entry is read whole. */
const WINDOW_BYTES = 1 << 20

/** An entry and where its head begins in the file. */
export interface LocatedEntry {
  readonly entry: RecordEntry
  readonly offset: number
  /** Where the next one begins. */
  readonly end: number
}

/**
 * How the file ended: `whole` at its last entry; `torn` where an entry was being written when the
 * process or the machine died, all before `end` being good; `damaged` in a way that no crash explains.
 */
export type ScanEnd =
  | { readonly kind: 'whole' | 'torn'; readonly end: number }
  | { readonly kind: 'damaged'; readonly offset: number }

/** The stretch to read; `start` is where an entry begins. */
export interface ScanRange {
  readonly salt: Uint8Array
  readonly start: number
  readonly end: number
}

/** Yields the entries in their order (messages are views, good until the next one) and returns how they ended. */
export async function* scanEntries(
  handle: FileHandle,
  { salt, start, end }: ScanRange
): AsyncGenerator<LocatedEntry, ScanEnd, undefined> {
  const seed = crc32c(salt)
  const file = createFileWindow(handle, end)
  let offset = start
  while (offset < end) {
    if (end - offset < ENTRY_HEAD_BYTES) return { kind: 'torn', end: offset }
    const head = decodeEntryHead(seed, await file.bytes(offset, ENTRY_HEAD_BYTES))
    if (head === undefined) {
      const isTorn = !(await holdsEntryAfter(file, { seed, offset, end }))
      return isTorn ? { kind: 'torn', end: offset } : { kind: 'damaged', offset }
    }
    const entryEnd = offset + ENTRY_HEAD_BYTES + head.bodyBytes
    if (entryEnd > end) return { kind: 'torn', end: offset }
    const body = await file.bytes(offset + ENTRY_HEAD_BYTES, head.bodyBytes)
    if (!isBodySound(seed, head, body)) {
      return entryEnd === end ? { kind: 'torn', end: offset } : { kind: 'damaged', offset }
    }
    const entry = decodeBody(body)
    // Its checksum fits, so it was written like this: by a later version, or not by us.
    if (entry === undefined) return { kind: 'damaged', offset }
    yield { entry, offset, end: entryEnd }
    offset = entryEnd
  }
  return { kind: 'whole', end }
}

/** The header's bytes and what follows it, up to what any version's header may take. */
export async function readHeaderBytes(handle: FileHandle, size: number): Promise<Uint8Array> {
  return createFileWindow(handle, size).bytes(0, Math.min(size, 4 * HEADER_BYTES))
}

function isBodySound(seed: number, { bodyCrc }: EntryHead, body: Uint8Array): boolean {
  return crc32c(body, seed) === bodyCrc
}

/**
 * Entries are written one at a time, each synced before the next: a crash can hurt the last one alone.
 * So when behind a head that does not fit another entry's head is found, or more than one entry's
 * bytes, it is not the last one that was hurt. A message cannot pass for an entry: its sender does not
 * know the salt.
 */
async function holdsEntryAfter(
  file: FileWindow,
  { seed, offset, end }: { seed: number; offset: number; end: number }
): Promise<boolean> {
  if (end - offset > ENTRY_HEAD_BYTES + BODY_MAX_BYTES) return true
  const rest = await file.bytes(offset, end - offset)
  for (let at = 1; at + ENTRY_HEAD_BYTES <= rest.length; at++) {
    if (decodeEntryHead(seed, rest.subarray(at, at + ENTRY_HEAD_BYTES)) !== undefined) return true
  }
  return false
}

interface FileWindow {
  /** A view, good until the next call. Rejects when the file is shorter. */
  bytes(offset: number, length: number): Promise<Uint8Array>
}

/** Reads `handle` up to `end` in large pieces. */
function createFileWindow(handle: FileHandle, end: number): FileWindow {
  let start = 0
  let window = new Uint8Array(0)
  return {
    async bytes(offset, length) {
      if (offset < start || offset + length > start + window.length) {
        window = new Uint8Array(Math.min(Math.max(length, WINDOW_BYTES), end - offset))
        start = offset
        await readFully(handle, window, offset)
      }
      return window.subarray(offset - start, offset - start + length)
    }
  }
}

async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done)
    if (bytesRead === 0) throw new Error(`the file ends at byte ${position + done}`)
    done += bytesRead
  }
}
