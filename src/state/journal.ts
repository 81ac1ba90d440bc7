// The journal: layers that are not on disk yet, in one file, written at a clean stop (src/state/README.md, "Journal").
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { SerialExecutor } from '../base/serial.ts'
import { syncDirectory } from '../base/sync-directory.ts'
import { createYielder } from '../base/yielder.ts'
import { encodeJournalHeader, encodeJournalLayer, type JournalLayer } from './journal-codec.ts'
import { readJournal } from './read-journal.ts'
import { type StatePoint } from './state-view.ts'

/** The layers above a disk layer; the state store satisfies it. */
export interface JournalledState {
  /** The block LevelDB stands for. */
  persistedPoint(): StatePoint | undefined
  /** Layers above it, each after its parent. */
  layers(): Iterable<JournalLayer>
  /** Takes a layer in; false when its parent is not readable. */
  restore(layer: JournalLayer): boolean
}

/** What became of the journal that lay there at the start. */
export type JournalFinding =
  | { readonly kind: 'absent' }
  /** All of it, or its longest prefix that is sound and links to the disk layer. */
  | { readonly kind: 'taken'; readonly layersCount: number; readonly isWhole: boolean }
  /** It is of another disk layer, or cannot be read at all; nothing of it was taken. */
  | { readonly kind: 'unusable'; readonly reason: string }

/** The journal of one data directory. Its calls are carried out one after the other. */
export interface Journal {
  /** Restores what can be; what cannot stays beside it under a name of its own. Rejects when it cannot be read. */
  takeIn(): Promise<JournalFinding>
  /** Replaces the file atomically. Everything merged must be on disk. */
  write(): Promise<void>
  /** The disk layer has moved: what the file says is of no use any more. */
  discard(): Promise<void>
}

const FILE = 'layers'
const TEMPORARY_FILE = 'layers.tmp'
const JOBS_MAX = 16

/** What the journal needs. */
export interface JournalDeps {
  readonly state: JournalledState
  readonly clock: Pick<Clock, 'nowMs'>
  readonly log: Log
}

/** A journal in a directory of its own, which is made when something is written. */
export function createJournal({ state, clock, log }: JournalDeps, directory: string): Journal {
  const turns = new SerialExecutor('journal', JOBS_MAX)
  const path = join(directory, FILE)

  async function setAside(why: string): Promise<string> {
    const time = new Date(clock.nowMs()).toISOString().replaceAll(/[:.]/g, '-')
    const name = join(directory, `set-aside-${time}-${why}`)
    await rename(path, name)
    return name
  }

  async function takeIn(): Promise<JournalFinding> {
    const read = await readJournal(path)
    if (read === undefined) return { kind: 'absent' }
    const { disk, layers, damage } = read
    const persisted = state.persistedPoint()
    if (disk === undefined || !isSamePoint(disk, persisted)) {
      const reason = disk === undefined ? (damage?.reason ?? '') : 'it is of another disk layer'
      log.warn('journal-set-aside', { reason, path: await setAside('unusable') })
      return { kind: 'unusable', reason }
    }
    let layersCount = 0
    while (layersCount < layers.length && state.restore(layers[layersCount]!)) layersCount++
    const isWhole = damage === undefined && layersCount === layers.length
    if (!isWhole) {
      const reason = damage?.reason ?? 'a layer links to nothing'
      log.warn('journal-torn', { reason, layersCount, path: await setAside('torn') })
    } else {
      log.info('journal-taken-in', { layersCount })
    }
    return { kind: 'taken', layersCount, isWhole }
  }

  async function write(): Promise<void> {
    const disk = state.persistedPoint()
    if (disk === undefined) return
    await mkdir(directory, { recursive: true })
    const temporary = join(directory, TEMPORARY_FILE)
    const yielder = createYielder()
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(encodeJournalHeader(disk))
      for (const layer of state.layers()) {
        await file.writeFile(encodeJournalLayer(layer))
        await yielder.maybeYield()
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncDirectory(directory)
  }

  return {
    takeIn: () => turns.run(takeIn),
    write: () => turns.run(write),
    discard: () => turns.run(() => rm(path, { force: true }))
  }
}

function isSamePoint(one: StatePoint, other: StatePoint | undefined): boolean {
  return one.number === other?.number && one.hash === other.hash && one.root === other.root
}
