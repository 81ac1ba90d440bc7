// Resident memory of a process that works on a state: it grows with the depth of the tries, not with their size.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bytesToHex } from '../../src/base/bytes.ts'
import { silentLog } from '../../src/base/log.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { STATE_DATABASE } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { AccountTrie, NO_STORAGE, updatesOfRound } from './account-trie.ts'
import { type Bench, benchLine } from './bench-line.ts'

/** What a process does: blocks in diff layers, each with so many updates. */
interface Work {
  readonly blocks: number
  readonly updates: number
}

/** Accounts of the states, those of the baseline's, and what is done on each. */
const WHOLE = {
  sizes: [10_000, 100_000, 1_000_000],
  baseAccounts: 1_000,
  work: { blocks: 50, updates: 1_000 }
}
const SMALLEST = { sizes: [1_000], baseAccounts: 100, work: { blocks: 5, updates: 100 } }

const run = promisify(execFile)

/** Each figure is of a process of its own. */
export const residentMemory: Bench = async function* ({ isSmallest, times }) {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
  try {
    const { sizes, baseAccounts, work } = isSmallest ? SMALLEST : WHOLE
    const base = await fill(directory, baseAccounts)
    for (const accountsCount of sizes) {
      const path = await fill(directory, accountsCount)
      const ours: number[] = []
      const baseline: number[] = []
      while (ours.length < times) {
        ours.push(await measureApart(path, accountsCount, work))
        baseline.push(await measureApart(base, baseAccounts, work))
      }
      const size = `${String(accountsCount)} accounts, ${String(baseAccounts)} beside them`
      const facts = { bench: 'resident-memory', size, unit: 'MiB', target: null }
      yield benchLine(facts, ours, baseline)
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Works on the state in the directory, and returns what the process then takes, in MiB. It leaves the disk as it is. */
export async function measureResident(
  path: string,
  accountsCount: number,
  { blocks, updates: count }: Work
): Promise<number> {
  const store = await openLevelStore(path, STATE_DATABASE)
  try {
    const state = new StateStore({ store, log: silentLog })
    const point = state.diskPoint()
    if (point === undefined) throw new Error(`there is no state in ${path}`)
    let { number, hash } = point
    for (let round = 0; round < blocks; round++) {
      const updates = updatesOfRound(round, { count, accountsCount })
      const accounts = updates.map((update) => ({ ...update, ...NO_STORAGE }))
      const layer = await state.prepare(hash, { accounts, codes: [] })
      number += 1n
      hash = bytesToHex(Buffer.from(number.toString().padStart(32)))
      state.add(layer, { number, hash })
      state.cap(hash)
    }
    return process.memoryUsage().rss / 2 ** 20
  } finally {
    await store.close()
  }
}

async function fill(directory: string, accountsCount: number): Promise<string> {
  const path = join(directory, String(accountsCount))
  await (await AccountTrie.fill(path, accountsCount)).close()
  return path
}

async function measureApart(path: string, accountsCount: number, work: Work): Promise<number> {
  const args = [path, accountsCount, work].map((value) => JSON.stringify(value)).join(', ')
  const script = `import { ${measureResident.name} } from ${JSON.stringify(import.meta.url)}
    console.log(await ${measureResident.name}(${args}))`
  const flags = ['--input-type=module', '--eval', script]
  const { stdout } = await run(process.execPath, flags)
  return Number(stdout)
}
