// Damage that a disk does to a node that is down, and what `rekindle db verify` says of it, run as an operator runs it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bytesToKey, placeOf } from '../../src/state/entry-key.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { STATE_DATABASE, STATE_PREFIX } from '../../src/store/keys.ts'
import { openLevelStore } from '../../src/store/level-store.ts'
import { type NodePlace } from './recovery-actions.ts'

/** An entry of the state database. */
export interface StoredEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** What verify printed. */
export interface Verdict {
  readonly exitCode: number | null
  /** Kind and place of each, in its order. */
  readonly places: readonly string[]
  readonly mendedCount: number
}

/** Kinds of entries that can be damaged. */
export type StateKind = keyof typeof STATE_PREFIX

/** Runs `rekindle db verify [--repair [--peer …]] --json`. Throws with what it complained of when it printed nothing. */
export async function runVerify(
  { configFile }: NodePlace,
  { isRepair, peers = [] }: { readonly isRepair: boolean; readonly peers?: readonly string[] } = {
    isRepair: false
  }
): Promise<Verdict> {
  const cli = fileURLToPath(new URL('../../bin/rekindle.js', import.meta.url))
  const args = [cli, 'db', 'verify', '--config', configFile, '--json']
  const from = peers.flatMap((peer) => ['--peer', peer])
  const child = spawn(process.execPath, isRepair ? [...args, '--repair', ...from] : args)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  if (stdout === '') throw new Error(`db verify: ${stderr}`)
  const { faults, mendedCount } = JSON.parse(stdout) as {
    readonly faults: readonly { readonly kind?: string; readonly place?: string }[]
    readonly mendedCount: number
  }
  const places = faults.map(({ kind = 'chain', place = '' }) => `${kind} ${place}`)
  return { exitCode, places, mendedCount }
}

/** How verify names an entry. */
export function nameOf({ key }: StoredEntry): string {
  const { kind, place } = placeOf(bytesToKey(key))
  return `${kind} ${place}`
}

/** All entries of a kind in the database of a node that is down. */
export async function readEntries(
  place: NodePlace,
  kind: StateKind
): Promise<readonly StoredEntry[]> {
  return withState(place, async (store) => {
    const entries: StoredEntry[] = []
    const prefix = STATE_PREFIX[kind]
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [key, value] of store.iterate(range)) entries.push({ key, value })
    return entries
  })
}

/** Flips one bit in the middle of each value. */
export async function flipEntries(
  place: NodePlace,
  entries: readonly StoredEntry[]
): Promise<void> {
  await putEntries(
    place,
    entries.map(({ key, value }) => ({ key, value: flipped(value, value.length >> 1) }))
  )
}

/** Writes entries as they are given: damage is taken back with what was read before. */
export async function putEntries(place: NodePlace, entries: readonly StoredEntry[]): Promise<void> {
  await withState(place, (store) =>
    store.batch(
      entries.map((entry) => ({ type: 'put', ...entry })),
      { sync: true }
    )
  )
}

/** The bytes of the journal that a clean stop left. Rejects when there is none. */
export async function readJournalFile({ dataDir }: NodePlace): Promise<Uint8Array> {
  return readFile(join(dataDir, 'journal', 'layers'))
}

/** Puts other bytes in the journal's place. */
export async function writeJournalFile({ dataDir }: NodePlace, bytes: Uint8Array): Promise<void> {
  await writeFile(join(dataDir, 'journal', 'layers'), bytes)
}

/** A copy in which one bit of one byte is another. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at]! ^= 0x10
  return copy
}

/** The lines of a node's log that are of this event, over all its starts. */
export async function readEvents(
  { logFile }: NodePlace,
  event: string
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const lines = (await readFile(logFile, 'utf8')).split('\n')
  return lines
    .filter((line) => line.includes(`"${event}"`))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter((entry) => entry.event === event)
}

async function withState<T>(
  { dataDir }: NodePlace,
  use: (store: KeyValueStore) => Promise<T>
): Promise<T> {
  const store = await openLevelStore(join(dataDir, 'state'), STATE_DATABASE)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
