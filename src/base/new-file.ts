// Writes a file that must not exist yet: afterwards it is whole, or not there.
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from './sync-directory.ts'

/**
 * Writes the text to a new file of that mode, synced with its directory. Rejects with the system's error,
 * EEXIST when there is a file; what was written before another error is removed again.
 */
export async function writeNewFile(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (thrown) {
    await file.close()
    await rm(path, { force: true })
    throw thrown
  }
  await file.close()
  await syncDirectory(dirname(path))
}
