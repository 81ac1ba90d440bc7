// What an attack must not bring about: each demand as one criterion, pure over what was measured.
import { type LoopDelay } from '../../../devnet/cluster/loop-delay.ts'
import { type Criterion } from '../criterion.ts'
import { describeDistribution } from '../distribution.ts'
import { type AttackCounts } from './attacker-process.ts'
import { type SlotFindings } from './heads-watch.ts'
import { type CallerTimes } from './honest-caller.ts'

/** The demands. */
export const LIMITS = {
  missedSlots: 0,
  blocksBehind: 1,
  loopDelayP99Ms: 50,
  memoryMoreBytes: 128 * 2 ** 20,
  /** What may be left of it when the attack is over. */
  memoryLeftBytes: 64 * 2 ** 20,
  /** Of the transfers that are offered. */
  transfersShare: 0.8,
  callerP99Ms: 1_000,
  gateOpensMs: 60_000
} as const

const MIB = 2 ** 20

/** Resident memory of one node. */
export interface NodeMemory {
  readonly beforeBytes: number
  readonly peakBytes: number
  /** The least that was seen in the time it has to come back. */
  readonly afterBytes: number
}

/** What was seen of one attack; undefined where it did not come to that. */
export interface TrialFacts {
  readonly counts: AttackCounts
  readonly slots: SlotFindings | undefined
  /** Honest backups, and the most blocks that each was behind. */
  readonly lags: ReadonlyMap<string, number>
  /** Honest nodes; undefined for one that did not answer. */
  readonly loops: ReadonlyMap<string, LoopDelay | undefined>
  readonly memories: ReadonlyMap<string, NodeMemory>
  readonly caller: CallerTimes | undefined
  readonly transfers: { readonly included: number; readonly offered: number } | undefined
  /** From the kill under attack to the first block after it. */
  readonly reopenedMs: number | undefined
  /** Who punished whom, of honest nodes. */
  readonly punished: readonly string[]
  /** Honest nodes that ended by themselves, and why. */
  readonly died: readonly string[]
  /** Checks of the devnet that did not hold, and what else went wrong. */
  readonly broken: readonly string[]
}

/** How an attack is judged. */
export interface JudgeOptions {
  readonly name: string
  readonly sparesCaller: boolean
}

/** Every demand, in a fixed order. */
export function judgeTrial(facts: TrialFacts, options: JudgeOptions): readonly Criterion[] {
  const { reopenedMs, punished, died, broken } = facts
  const named = (criterion: Criterion): Criterion => ({
    ...criterion,
    criterion: `${options.name}: ${criterion.criterion}`
  })
  return [
    judgeEffort(facts),
    judgeSlots(facts),
    judgeLags(facts),
    judgeLoops(facts),
    judgeMemories(facts),
    judgeTransfers(facts),
    judgeCaller(facts, options),
    {
      criterion: 'milliseconds from a kill to the next block',
      ok: reopenedMs !== undefined && reopenedMs <= LIMITS.gateOpensMs,
      value: reopenedMs === undefined ? 'none came' : Math.round(reopenedMs),
      limit: LIMITS.gateOpensMs
    },
    { criterion: 'honest peers punished', ok: punished.length === 0, value: punished, limit: 0 },
    { criterion: 'nodes that died', ok: died.length === 0, value: died, limit: 0 },
    { criterion: 'all other checks', ok: broken.length === 0, value: broken, limit: 0 }
  ].map(named)
}

/** An attack that did nothing shows nothing; what its own side broke does not count. */
function judgeEffort({ counts }: TrialFacts): Criterion {
  const done = Object.entries(counts).filter(([what]) => !what.startsWith('broken'))
  const ok = done.some(([, times]) => times > 0)
  return { criterion: 'the attack was made', ok, value: counts, limit: 1 }
}

function judgeSlots({ slots }: TrialFacts): Criterion {
  const { slotsCount = 0, missed = [], latestMs = null } = slots ?? {}
  return {
    criterion: 'slots missed',
    ok: slotsCount > 0 && missed.length <= LIMITS.missedSlots,
    value: { missed: missed.length, of: slotsCount, latestMs },
    limit: LIMITS.missedSlots
  }
}

function judgeLags({ lags }: TrialFacts): Criterion {
  return {
    criterion: 'blocks that honest backups were behind',
    ok: lags.size > 0 && [...lags.values()].every((lag) => lag <= LIMITS.blocksBehind),
    value: Object.fromEntries(lags),
    limit: LIMITS.blocksBehind
  }
}

function judgeLoops({ loops }: TrialFacts): Criterion {
  const isGood = (delay: LoopDelay | undefined) =>
    delay !== undefined && delay.samplesCount > 0 && delay.p99Ms <= LIMITS.loopDelayP99Ms
  const describe = (delay: LoopDelay | undefined) =>
    delay === undefined
      ? 'no answer'
      : { p99: Math.round(delay.p99Ms), max: Math.round(delay.maxMs), samples: delay.samplesCount }
  return {
    criterion: 'event-loop delay p99 in ms',
    ok: loops.size > 0 && [...loops.values()].every(isGood),
    value: Object.fromEntries([...loops].map(([name, delay]) => [name, describe(delay)])),
    limit: LIMITS.loopDelayP99Ms
  }
}

function judgeMemories({ memories }: TrialFacts): Criterion {
  const isGood = ({ beforeBytes, peakBytes, afterBytes }: NodeMemory) =>
    peakBytes - beforeBytes <= LIMITS.memoryMoreBytes &&
    afterBytes - beforeBytes <= LIMITS.memoryLeftBytes
  const describe = ({ beforeBytes, peakBytes, afterBytes }: NodeMemory) => ({
    before: Math.round(beforeBytes / MIB),
    peak: Math.round(peakBytes / MIB),
    after: Math.round(afterBytes / MIB)
  })
  return {
    criterion: 'memory in MiB, more under the attack and left afterwards',
    ok: memories.size > 0 && [...memories.values()].every(isGood),
    value: Object.fromEntries([...memories].map(([name, memory]) => [name, describe(memory)])),
    limit: { more: LIMITS.memoryMoreBytes / MIB, left: LIMITS.memoryLeftBytes / MIB }
  }
}

function judgeTransfers({ transfers }: TrialFacts): Criterion {
  const { included = 0, offered = 0 } = transfers ?? {}
  return {
    criterion: 'honest transfers included',
    ok: offered > 0 && included >= LIMITS.transfersShare * offered,
    value: included,
    limit: Math.ceil(LIMITS.transfersShare * offered)
  }
}

/** Measured in any case; where the attack is not on the API, what a loaded machine adds is not judged. */
function judgeCaller({ caller }: TrialFacts, { sparesCaller }: JudgeOptions): Criterion {
  const elapsedMs = [...(caller?.elapsedMs ?? [])].sort((a, b) => a - b)
  const p99 = elapsedMs[Math.ceil(0.99 * elapsedMs.length) - 1] ?? Infinity
  const isGood = p99 <= LIMITS.callerP99Ms && caller?.failedCount === 0
  return {
    criterion: 'an honest caller, answer p99 in ms',
    ok: isGood || !sparesCaller,
    value: {
      p99: Math.round(p99),
      failed: caller?.failedCount ?? null,
      ...describeDistribution(elapsedMs)
    },
    limit: sparesCaller ? LIMITS.callerP99Ms : null
  }
}
