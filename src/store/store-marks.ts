// What is noted beside a database of what was being done to it: the next start goes by what an ended process left.
import { writeFileSync } from 'node:fs'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../base/sync-directory.ts'

/** Hidden, so that neither LevelDB nor the look at its directory takes them for its own. */
const FILES = {
  /** LevelDB opens it: left behind when that ended the process. */
  opening: '.opening',
  /** It was closed, with logs of these bytes: a line each. */
  closed: '.closed',
  /** LevelDB found damage while it was open. */
  damaged: '.damaged',
  /** What it holds is of no use, as its reader found: for a database whose content can be had again. */
  spoiled: '.spoiled',
  /** It was repaired, or is being: left until whoever owns it has noted that it may have lost something. */
  repaired: '.repaired',
  /** Name and version of its schema, for a database that has lost that entry. */
  schema: '.schema'
} as const

/** Names of marks. */
export type StoreMark = keyof typeof FILES

/** The mark's text; undefined where there is none. */
export async function readMark(path: string, mark: StoreMark): Promise<string | undefined> {
  try {
    return await readFile(join(path, FILES[mark]), 'utf8')
  } catch {
    return undefined
  }
}

/** On disk when it resolves. Rejects with the system's error. */
export async function writeMark(path: string, mark: StoreMark, text: string): Promise<void> {
  const file = await open(join(path, FILES[mark]), 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(path)
}

/** Rejects with the system's error; none is no error. */
export async function removeMark(path: string, mark: StoreMark): Promise<void> {
  await rm(join(path, FILES[mark]), { force: true })
}

/** In the midst of a read, and before its failure is told. What cannot be written is found again at the next read. */
export function noteDamage(path: string, reason: string): void {
  try {
    writeFileSync(join(path, FILES.damaged), reason)
  } catch {
    return
  }
}
