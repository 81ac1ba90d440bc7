// What recovery is doing and has done: stages with their counts, for status, the log and observers.
import { type Clock } from '../../base/clock.ts'
import { type Log } from '../../base/log.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'

/** The kinds of work a recovery can consist of. */
export type StageName =
  | 'search-store'
  | 'rebuild-state'
  | 'fetch-state'
  | 'ask-backups'
  | 'fetch-blocks'
  | 'link-blocks'
  | 'apply-blocks'
  | 'take-record'
  | 'quiet-round'

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

/** Of what a stage consists: accounts, slots, ... */
export interface StagePart {
  readonly name: string
  readonly done: number
  /** In all, as far as can be told from what came. */
  readonly expected: number | undefined
}

/** The work of one stage reports its counts here while it runs. */
export interface StageCounter {
  add(counts: { readonly items?: number; readonly bytes?: number; readonly peer?: string }): void
  /** How many items the stage will have; for `left` in status. */
  expect(items: number): void
}

/** For a stage whose items are of several kinds. */
export interface DetailedCounter extends StageCounter {
  /** What it has of each kind; and how far it is as a whole, from 0 to 1, which is known better than by counting. */
  detail(parts: readonly StagePart[], share: number): void
}

/** What runs now, for status. */
export interface CurrentStage {
  readonly name: StageName
  readonly done: number
  readonly expected: number | undefined
  readonly bytes: number
  readonly peers: readonly string[]
  readonly elapsedMs: number
  /** Items a second since the stage began to run; undefined before the first one. */
  readonly rate: number | undefined
  /** Until the end, at this rate. */
  readonly leftMs: number | undefined
  /** How far it is, from 0 to 1; undefined while nobody knows. */
  readonly share: number | undefined
  /** Empty where all items are of one kind. */
  readonly parts: readonly StagePart[]
}

/** Measures and remembers the stages of one recovery. */
export interface Progress {
  stage<T>(name: StageName, work: (counter: DetailedCounter) => Promise<T>): Promise<T>
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
  /** Items when it began to run. */
  startedItems: number
  readonly peers: Set<string>
  parts: readonly StagePart[]
  share: number | undefined
}

/** What the stages of one recovery add up to. */
class Tally {
  readonly stages = new Map<StageName, StageTally>()
  readonly sources = new Set<RecoverySource>()
  first: bigint | undefined
  last: bigint | undefined
  layers = 0
  readonly startedMs: number

  constructor(startedMs: number) {
    this.startedMs = startedMs
  }

  addBlocks(from: BlockRef, to: BlockRef): void {
    if (this.first === undefined || from.number < this.first) this.first = from.number
    if (this.last === undefined || to.number > this.last) this.last = to.number
  }

  stage(name: StageName): StageTally {
    const known = this.stages.get(name)
    if (known !== undefined) return known
    const tally = {
      elapsedMs: 0,
      items: 0,
      bytes: 0,
      expected: undefined,
      startedMs: undefined,
      startedItems: 0,
      peers: new Set<string>(),
      parts: [],
      share: undefined
    }
    this.stages.set(name, tally)
    return tally
  }

  running(nowMs: number): readonly CurrentStage[] {
    return [...this.stages].flatMap(([name, stage]) =>
      stage.startedMs === undefined ? [] : toCurrent(name, stage, nowMs - stage.startedMs)
    )
  }

  report(nowMs: number): RecoveryReport {
    return {
      sources: [...this.sources],
      firstBlock: this.first,
      lastBlock: this.last,
      lostLayers: this.layers,
      stages: [...this.stages].map(([name, stage]) => toStageReport(name, stage)),
      elapsedMs: Math.round(nowMs - this.startedMs)
    }
  }
}

/** What a recovery reports its stages to. */
export interface ProgressDeps {
  readonly clock: Clock
  readonly log: Log
  /** Awaited at the end of each stage. */
  readonly onStage: (event: StageEvent) => Promise<void>
}

/** Starts counting. */
export function createProgress({ clock, log, onStage }: ProgressDeps): Progress {
  let tally = new Tally(clock.monotonicMs())

  async function runStage<T>(name: StageName, work: (counter: DetailedCounter) => Promise<T>) {
    const stage = tally.stage(name)
    const beganMs = clock.monotonicMs()
    const itemsBefore = stage.items
    stage.startedMs = beganMs
    stage.startedItems = itemsBefore
    try {
      return await work(counterOf(stage))
    } finally {
      stage.startedMs = undefined
      stage.elapsedMs += clock.monotonicMs() - beganMs
      const items = stage.items - itemsBefore
      log.debug('recovery-stage', { stage: name, items, elapsedMs: stage.elapsedMs })
      await onStage({ step: 'recovery-stage', stage: name, items })
    }
  }

  return {
    stage: runStage,
    source: (source) => void tally.sources.add(source),
    blocks: (from, to) => {
      tally.addBlocks(from, to)
    },
    lostLayers(count) {
      tally.layers = Math.max(tally.layers, count)
    },
    current: () => tally.running(clock.monotonicMs()),
    report: () => tally.report(clock.monotonicMs()),
    restart() {
      tally = new Tally(clock.monotonicMs())
    }
  }
}

function counterOf(stage: StageTally): DetailedCounter {
  return {
    add({ items = 0, bytes = 0, peer }) {
      stage.items += items
      stage.bytes += bytes
      if (peer !== undefined) stage.peers.add(peer)
    },
    expect(items) {
      stage.expected = stage.items + items
    },
    detail(parts, share) {
      stage.parts = parts
      stage.share = share
    }
  }
}

function toCurrent(
  name: StageName,
  { items, expected, bytes, peers, startedItems, parts, share }: StageTally,
  elapsedMs: number
): CurrentStage {
  const perMs = elapsedMs > 0 ? (items - startedItems) / elapsedMs : 0
  const isKnown = expected !== undefined && perMs > 0
  return {
    name,
    done: items,
    expected,
    bytes,
    peers: [...peers],
    elapsedMs,
    rate: perMs > 0 ? 1_000 * perMs : undefined,
    leftMs: isKnown ? Math.max(0, expected - items) / perMs : undefined,
    share: share ?? shareOfItems(items, expected),
    parts
  }
}

function shareOfItems(items: number, expected: number | undefined): number | undefined {
  return expected === undefined || expected === 0 ? undefined : Math.min(1, items / expected)
}

function toStageReport(name: StageName, tally: StageTally): StageReport {
  const { elapsedMs, items, bytes, peers } = tally
  return { name, elapsedMs: Math.round(elapsedMs), items, bytes, peers: [...peers] }
}
