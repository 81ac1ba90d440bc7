// A file that was made or renamed is only there after a power cut when its directory was synced too.
import { open } from 'node:fs/promises'

/** fsync of a directory. Rejects with the system's error. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows has no handle of a directory that could be synced; it journals its entries.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
