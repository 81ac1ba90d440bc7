// The files of a database held against each other before LevelDB opens it: it deletes what it does not know of, and loses what it cannot read.
import { copyFile, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createYielder } from '../base/yielder.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Manifest, readManifest } from './level-manifest.ts'
import { banRecords, readLevelRecords } from './level-records.ts'
import { banBlocks, checkTable } from './level-tables.ts'

const CURRENT = /^(MANIFEST-\d{6,})\n$/
const LOG_FILE = /^\d{6,}\.log$/
const TABLE_FILE = /^\d{6,}\.(ldb|sst)$/
/** Where a repair of LevelDB puts what it cannot use. */
const LOST = 'lost'
const ENTRY_FILE = /^(\d{6,})\.(log|ldb|sst)$/

/** So much is read at every start, in a fraction of a second: all tables of a small database. */
const READ_AT_START_MAX_BYTES = 64 * 2 ** 20

/**
 * What is wrong with the files of the database in `path`; undefined for one that is sound, and where there is none. Reads
 * manifest and logs, and looks at the sizes of tables; it reads these too where they are few, or `isDeep` asks for it.
 */
export async function findFileDamage(
  path: string,
  { isDeep = false }: { readonly isDeep?: boolean } = {}
): Promise<string | undefined> {
  let names: readonly string[]
  try {
    names = await readdir(path)
  } catch {
    return undefined // whoever opens it says what that means
  }
  try {
    return await damageOf(path, names, isDeep)
  } catch (thrown) {
    return errorMessage(thrown) // a file that cannot be read as one
  }
}

async function damageOf(
  path: string,
  names: readonly string[],
  isDeep: boolean
): Promise<string | undefined> {
  if (!names.includes('CURRENT')) {
    const orphan = names.find((name) => ENTRY_FILE.test(name))
    return orphan && `CURRENT is missing beside ${orphan}`
  }
  const [, manifestName] = CURRENT.exec(await readFile(join(path, 'CURRENT'), 'latin1')) ?? []
  if (manifestName === undefined) return 'CURRENT names no manifest'
  if (!names.includes(manifestName)) return `CURRENT names ${manifestName}, which is missing`
  const finding = readManifest(await readFile(join(path, manifestName)))
  if ('damage' in finding) return `${manifestName}: ${finding.damage}`
  const logs = await logDamage(path, names, finding.manifest)
  return logs ?? (await tablesDamage(path, names, { ...finding.manifest, isDeep }))
}

/** The manifest names the log that is written, from the first on; lost with its last edits it would name an older one. */
async function logDamage(
  path: string,
  names: readonly string[],
  { logNumber }: Manifest
): Promise<string | undefined> {
  const live = names.filter((name) => name.endsWith('.log') && numberOf(name) >= logNumber)
  const isThere = logNumber === 0 || live.some((name) => numberOf(name) === logNumber)
  if (!isThere) return `the log ${String(logNumber)}, which the manifest names, is missing`
  for (const name of live) {
    const { damage } = readLevelRecords(await readFile(join(path, name)))
    if (damage !== undefined) return `${name}: ${damage}`
  }
  return undefined
}

async function tablesDamage(
  path: string,
  names: readonly string[],
  { tables, isDeep }: Manifest & { readonly isDeep: boolean }
): Promise<string | undefined> {
  const yielder = createYielder()
  const allBytes = [...tables.values()].reduce((sum, bytes) => sum + bytes, 0)
  const isRead = isDeep || allBytes <= READ_AT_START_MAX_BYTES
  const files = new Map(
    names.filter((name) => !name.endsWith('.log')).map((name) => [numberOf(name), name])
  )
  for (const [number, sizeBytes] of tables) {
    const name = files.get(number)
    if (name === undefined)
      return `the table ${String(number)}, which the manifest names, is missing`
    const { size } = await stat(join(path, name))
    if (size !== sizeBytes) {
      return `${name} has ${String(size)} bytes, by the manifest ${String(sizeBytes)}`
    }
    const problem = isRead ? (await checkTable(join(path, name))).problem : undefined
    if (problem !== undefined) return `${name}: ${problem}`
    await yielder.maybeYield()
  }
  return undefined
}

/**
 * Makes files such that LevelDB can repair them: it reads records and blocks without looking at their checksums, and what is wrong with
 * an index may end its process. What is changed is copied into lost/ before. Rejects with the system's error.
 */
export async function readyToRepair(path: string): Promise<void> {
  const lost = join(path, LOST)
  for (const name of await readdir(path)) {
    const file = join(path, name)
    if (LOG_FILE.test(name)) {
      const bytes = await readFile(file)
      const sound = Uint8Array.from(bytes)
      if (banRecords(sound) === 0) continue
      await mkdir(lost, { recursive: true })
      await rename(file, join(lost, `${name}.damaged`))
      await writeFile(file, sound)
    }
    if (!TABLE_FILE.test(name)) continue
    const finding = await checkTable(file)
    if (finding.problem === undefined) continue
    await mkdir(lost, { recursive: true })
    if (finding.kind === 'unusable') {
      await rename(file, join(lost, `${name}.unusable`))
    } else if (finding.badBlocks.length > 0) {
      await copyFile(file, join(lost, `${name}.damaged`))
      await banBlocks(file, finding.badBlocks)
    }
  }
}

/** Names and bytes of the logs, a line each. Rejects with the system's error. */
export async function logSizes(path: string): Promise<string> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.log')).sort()
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size))
  return names.map((name, at) => `${name} ${String(sizes[at])}\n`).join('')
}

/**
 * A log that is not as it was when the database was closed: cut where a record ends, or in the last one, it looks like that
 * of a killed process. One that is gone is what an open leaves, or the manifest names it.
 */
export async function findChangedLog(path: string, atClose: string): Promise<string | undefined> {
  const present = new Map((await logSizes(path)).split('\n').map((line) => lineParts(line)))
  for (const line of atClose.split('\n')) {
    const [name, size] = lineParts(line)
    const now = present.get(name)
    if (now === undefined || name === '') continue
    if (now < size) {
      return `${name} has ${String(now)} bytes, and had ${String(size)} when it was closed`
    }
    const { isTorn } = readLevelRecords(await readFile(join(path, name)))
    if (now === size && isTorn) return `${name}: a record ends too early`
  }
  return undefined
}

function lineParts(line: string): readonly [name: string, size: number] {
  const [name = '', size = '0'] = line.split(' ')
  return [name, Number(size)]
}

/** -1 for a file that is none of LevelDB's with entries. */
function numberOf(name: string): number {
  const [, digits] = ENTRY_FILE.exec(name) ?? []
  return digits === undefined ? -1 : Number(digits)
}
