// One process at a time for a file: LevelDB's lock, which the kernel holds and drops when the process dies.
import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { errorMessage } from '../base/node-error.ts'
import { SignerError } from './signer-error.ts'

/** A held lock. */
export interface FileLock {
  release(): Promise<void>
}

/**
 * Locks `path` for this process, by an empty database in `path`.lock. Node has no advisory locks of its
 * own; a file with a process id in it outlives a kill and lies across containers, while LevelDB's is the
 * kernel's (fcntl) and goes with the process. The file itself need not exist, its directory has to.
 * Throws SignerError `signer-locked` when another process, or this one, holds it, else `lock-failed`.
 */
export async function lockFile(path: string): Promise<FileLock> {
  const target = await resolvePath(path)
  const database = new ClassicLevel(`${target}.lock`, { writeBufferSize: 64 * 1024 })
  try {
    await database.open()
  } catch (thrown) {
    const isHeld = causes(thrown).some((cause) => codeOf(cause) === 'LEVEL_LOCKED')
    if (isHeld) throw new SignerError({ code: 'signer-locked', path: target }, { cause: thrown })
    const reason = causes(thrown).map(errorMessage).join(': ')
    throw new SignerError({ code: 'lock-failed', path: target, reason }, { cause: thrown })
  }
  return { release: () => database.close() }
}

/** The file that the path stands for, through links, so that two names of it share one lock. */
export async function resolvePath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    // It does not exist yet; its directory may, under another name.
    const directory = await realpath(dirname(path)).catch(() => dirname(path))
    return join(directory, basename(path))
  }
}

function causes(thrown: unknown): unknown[] {
  const found: unknown[] = []
  for (let error = thrown; error !== undefined;) {
    found.push(error)
    error = error instanceof Error ? error.cause : undefined
  }
  return found
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}
