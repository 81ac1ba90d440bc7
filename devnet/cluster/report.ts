// The report of one scenario: what operators and CI read (shape as in the README's devnet section).
import { type Hex } from '../../src/base/bytes.ts'

/** One thing a checker looked at from outside. */
export interface CheckResult {
  readonly name: CheckName
  readonly ok: boolean
  /** What was seen; on failure, which invariant broke and where. */
  readonly detail: string
}

/** The checks of a report, in its order. */
export type CheckName =
  | 'no-equivocation'
  | 'announced-kept'
  | 'gate'
  | 'built-on-n'
  | 'heads-equal'
  | 'state-root'
  | 'db-sound'
  | 'visible'
  | 'recovered-as-expected'

/** What the recovering node says it did; the checks do not rely on it. */
export interface RecoverySection {
  readonly sources: readonly string[]
  readonly firstBlock: number | null
  readonly lastBlock: number | null
  readonly lostLayers: number
  readonly stages: readonly StageSection[]
  readonly elapsedMs: number
}

/** One stage of a recovery, over all its turns. */
export interface StageSection {
  readonly name: string
  readonly elapsedMs: number
  readonly items: number
  readonly bytes: number
  readonly peers: readonly string[]
}

/** One moment of the run; `atMs` counts from the start of the scenario, `reportedMs` is the node's own by the wall clock. */
export interface TimelineEntry {
  readonly atMs: number
  readonly node: string
  readonly event: string
  readonly [fact: string]: unknown
}

/** Numbers are JSON numbers, hashes 0x hex. */
export interface ScenarioReport {
  readonly scenario: string
  readonly seed: number
  readonly without: string | null
  readonly ok: boolean
  readonly checks: readonly CheckResult[]
  readonly recovery: RecoverySection
  readonly heads: Readonly<Record<string, { readonly number: number; readonly hash: Hex }>>
  readonly timeline: readonly TimelineEntry[]
}

/** A scenario in which nothing was lost, or whose node never got to the end of its recovery. */
export const EMPTY_RECOVERY: RecoverySection = {
  sources: [],
  firstBlock: null,
  lastBlock: null,
  lostLayers: 0,
  stages: [],
  elapsedMs: 0
}

/** Moments kept of one run; the oldest are dropped. */
const TIMELINE_MAX = 20_000

/** The timeline while it grows, with one live watcher. */
export class Timeline {
  readonly #startedMs = performance.now()
  readonly #entries: TimelineEntry[] = []
  readonly #watch: (entry: TimelineEntry) => void

  constructor(watch: (entry: TimelineEntry) => void = () => undefined) {
    this.#watch = watch
  }

  add(node: string, event: string, facts: Readonly<Record<string, unknown>> = {}): void {
    const atMs = Math.round(performance.now() - this.#startedMs)
    const entry = { ...facts, atMs, node, event }
    this.#entries.push(entry)
    if (this.#entries.length > TIMELINE_MAX) this.#entries.shift()
    this.#watch(entry)
  }

  entries(): readonly TimelineEntry[] {
    return this.#entries
  }
}
