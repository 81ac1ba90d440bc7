// Who must have answered before silence above our head may count as agreement (src/recovery/README.md, "Quorum").
import { type BlockFindings, type QuorumSetting, type KnownRecord } from './findings.ts'

/** In-flight blocks of a dead process are gone after this: 12 gossip heartbeats. */
export const QUIET_MIN_MS = 6_000
/** …and after this many slots, whichever is longer. */
export const QUIET_SLOTS = 3
/** New blocks in this many full rounds running mean that somebody else builds with our key. */
export const NEW_ROUNDS_MAX = 3

/** What the quorum asks for, and who is missing. */
export interface QuorumState {
  /** True when no record vouches for the tip: what a dead process left in flight must be waited out. */
  readonly needsQuietRound: boolean
  /** Backups that have not answered, when that leaves some set short; empty when the quorum stands. */
  readonly missing: readonly string[]
  /** Answers needed and given, over the set that is furthest from its quorum. */
  readonly required: number
  readonly answered: number
}

type QuorumFindings = Pick<BlockFindings, 'answers' | 'backupSets' | 'head' | 'quorum' | 'record'>

/** The quorum over each set of backups; a changed set needs the old one's and the new one's. */
export function quorumState(findings: QuorumFindings): QuorumState {
  const vouched = recordVouches(findings)
  const missing = new Set<string>()
  let furthest = { required: 0, answered: 0, short: -Infinity }
  let needsAny = false
  for (const { backups } of findings.backupSets) {
    const silent = backups.filter((backup) => findings.answers.get(backup)?.kind !== 'answered')
    const setRequired = requiredCount(findings.quorum, backups.length, vouched)
    const setAnswered = backups.length - silent.length
    if (setAnswered < setRequired) for (const backup of silent) missing.add(backup)
    needsAny ||= setRequired > 0
    const short = setRequired - setAnswered
    if (short >= furthest.short) furthest = { required: setRequired, answered: setAnswered, short }
  }
  const { required, answered } = furthest
  return { needsQuietRound: !vouched && needsAny, missing: [...missing], required, answered }
}

/** How long after the first full round the second may come. */
export function quietMs(blockTimeMs: number): number {
  return Math.max(QUIET_MIN_MS, QUIET_SLOTS * blockTimeMs)
}

/** True when the record is not empty and its tip is at or above our head and every tip shown. */
export function recordVouches({
  record,
  head,
  answers
}: Pick<QuorumFindings, 'record' | 'head' | 'answers'>): boolean {
  if (record.kind !== 'good') return false
  if (record.tip.number < head.number) return false
  for (const answer of answers.values()) {
    if (answer.kind === 'answered' && answer.tip && answer.tip.number > record.tip.number) {
      return false
    }
  }
  return true
}

/** The record's tip, if the record can be read and holds one. */
export function recordTip(record: KnownRecord) {
  return record.kind === 'good' || record.kind === 'torn' ? record.tip : undefined
}

function requiredCount(quorum: QuorumSetting, backupCount: number, vouched: boolean): number {
  if (quorum === 'none') return 0
  if (typeof quorum === 'number') return Math.min(quorum, backupCount)
  if (quorum === 'all' || !vouched) return backupCount
  return majorityOf(backupCount)
}

/** More than half. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1
}
