// One part of a soak: what `--only` names, and what it is run with.
import { type Criterion } from './criterion.ts'
import { type JobSlots } from '../support/job-slots.ts'

/** What all parts are run with. */
export interface SoakOptions {
  /** Runs of each scenario. */
  readonly times: number
  /** Kills with the record on, and as many with it off. */
  readonly kills: number
  /** The first seed; each run takes the next. */
  readonly seed: number
  /** Time from block to block in the scenarios. */
  readonly blockTimeMs: number
  /** How long each attack lasts. */
  readonly seconds: number
  /** Of the state that is joined by. */
  readonly accounts: number
  /** In the storage of that state's contracts. */
  readonly storageSlots: number
  /** Blocks of the shorter chain; the longer one has ten times as many. */
  readonly chainBlocks: number
  /** Joins that are killed once each. */
  readonly joins: number
  /** Every cluster takes one of them. */
  readonly slots: JobSlots
}

/** Parts run side by side, as far as there are slots. */
export interface SoakPart {
  readonly name: string
  /** `--only` takes this name too, for all parts that have it. */
  readonly group?: string
  /** True for what measures the machine too: it runs when all others have ended. */
  readonly isAlone?: true
  readonly run: (options: SoakOptions) => Promise<readonly Criterion[]>
}
