// A journal on disk, read in pieces: memory holds one record of it at a time.
import { type FileHandle, open } from 'node:fs/promises'
import { type DecodedJournal, decodeJournal } from './journal-codec.ts'

/** Bytes of one read; the system gives no more than 2 GiB. */
const READ_MAX_BYTES = 2 ** 30

/** As much of it as is sound; undefined when there is no file. Rejects when it cannot be read. */
export async function readJournal(path: string): Promise<DecodedJournal | undefined> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
  try {
    const stats = await file.stat()
    // What a directory says of its size is up to the file system: it may pass for an empty journal.
    if (!stats.isFile()) throw new Error('it is not a file')
    return await decodeJournal({
      sizeBytes: stats.size,
      read: (offset, lengthBytes) => readBytes(file, offset, lengthBytes)
    })
  } finally {
    await file.close()
  }
}

async function readBytes(
  file: FileHandle,
  offset: number,
  lengthBytes: number
): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes)
  for (let done = 0; done < lengthBytes;) {
    const length = Math.min(lengthBytes - done, READ_MAX_BYTES)
    const { bytesRead } = await file.read(bytes, done, length, offset + done)
    if (bytesRead === 0) throw new RangeError(`the file ends at byte ${String(offset + done)}`)
    done += bytesRead
  }
  return bytes
}
