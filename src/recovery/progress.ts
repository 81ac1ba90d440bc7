// What recovery is doing and has done: stages with their counts, for status, the log and observers.
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { type BlockRef } from '../chain/block.ts'

export type StageName =
  'rebuild-state' | 'ask-backups' | 'fetch-blocks' | 'apply-blocks' | 'take-record' | 'quiet-round'

/** Where what was lost came from. */
export type RecoverySource = 'journal' | 'record' | 'diffs' | 'execution' | 'peers'

/** One stage, summed over its turns. */
export interface StageReport {
  readonly name: StageName
  readonly elapsedMs: number
  readonly items: number
  readonly bytes: number
  readonly peers: readonly string[]
}

/** What one recovery did, from its start to the open gate (or, for a backup, to following). */
export interface RecoveryReport {
  readonly sources: readonly RecoverySource[]
  /** The blocks that were fetched or taken from the record; undefined when none were. */
  readonly firstBlock: bigint | undefined
  readonly lastBlock: bigint | undefined
  readonly lostLayers: number
  readonly stages: readonly StageReport[]
  readonly elapsedMs: number
}

/** A finished stage, as observers hear of it; awaited before the next step. */
export interface StageEvent {
  readonly step: 'recovery-stage'
  readonly stage: StageName
  readonly items: number
}

/** The work of one stage reports its counts here while it runs. */
export interface StageCounter {
  add(counts: { readonly items?: number; readonly bytes?: number; readonly peer?: string }): void
  /** How many items the stage will have; for `left` in status. */
  expect(items: number): void
}

/** What runs now, for status. */
export interface CurrentStage {
  readonly name: StageName
  readonly done: number
  readonly expected: number | undefined
  readonly elapsedMs: number
}

/** Measures and remembers the stages of one recovery. */
export interface Progress {
  stage<T>(name: StageName, work: (counter: StageCounter) => Promise<T>): Promise<T>
  source(source: RecoverySource): void
  blocks(first: BlockRef, last: BlockRef): void
  lostLayers(count: number): void
  current(): readonly CurrentStage[]
  report(): RecoveryReport
  restart(): void
}

interface StageTally {
  elapsedMs: number
  items: number
  bytes: number
  expected: number | undefined
  startedMs: number | undefined
  readonly peers: Set<string>
}

export function createProgress({
  clock,
  log,
  onStage
}: {
  readonly clock: Clock
  readonly log: Log
  readonly onStage: (event: StageEvent) => Promise<void>
}): Progress {
  const tallies = new Map<StageName, StageTally>()
  const sources = new Set<RecoverySource>()
  let first: bigint | undefined
  let last: bigint | undefined
  let layers = 0
  let startedMs = clock.monotonicMs()

  async function runStage<T>(name: StageName, work: (counter: StageCounter) => Promise<T>) {
    const tally = tallies.get(name) ?? emptyTally()
    tallies.set(name, tally)
    const beganMs = clock.monotonicMs()
    const itemsBefore = tally.items
    tally.startedMs = beganMs
    try {
      return await work({
        add({ items = 0, bytes = 0, peer }) {
          tally.items += items
          tally.bytes += bytes
          if (peer !== undefined) tally.peers.add(peer)
        },
        expect(items) {
          tally.expected = tally.items + items
        }
      })
    } finally {
      tally.startedMs = undefined
      tally.elapsedMs += clock.monotonicMs() - beganMs
      const items = tally.items - itemsBefore
      log.debug('recovery-stage', { stage: name, items, elapsedMs: tally.elapsedMs })
      await onStage({ step: 'recovery-stage', stage: name, items })
    }
  }

  return {
    stage: runStage,
    source: (source) => void sources.add(source),
    blocks(from, to) {
      if (first === undefined || from.number < first) first = from.number
      if (last === undefined || to.number > last) last = to.number
    },
    lostLayers(count) {
      layers = Math.max(layers, count)
    },
    current() {
      const running = [...tallies].filter(([, { startedMs: began }]) => began !== undefined)
      return running.map(([name, tally]) => ({
        name,
        done: tally.items,
        expected: tally.expected,
        elapsedMs: clock.monotonicMs() - (tally.startedMs ?? 0)
      }))
    },
    report: () => ({
      sources: [...sources],
      firstBlock: first,
      lastBlock: last,
      lostLayers: layers,
      stages: [...tallies].map(([name, tally]) => toStageReport(name, tally)),
      elapsedMs: Math.round(clock.monotonicMs() - startedMs)
    }),
    restart() {
      tallies.clear()
      sources.clear()
      first = undefined
      last = undefined
      layers = 0
      startedMs = clock.monotonicMs()
    }
  }
}

function emptyTally(): StageTally {
  return {
    elapsedMs: 0,
    items: 0,
    bytes: 0,
    expected: undefined,
    startedMs: undefined,
    peers: new Set()
  }
}

function toStageReport(name: StageName, tally: StageTally): StageReport {
  const { items, bytes, peers } = tally
  return { name, elapsedMs: Math.round(tally.elapsedMs), items, bytes, peers: [...peers] }
}
