// Every combination of what the decision on blocks reads, over a small domain; and what it is made of.
import {
  type BlockFindings,
  type GapFailure,
  type QuorumSetting,
  type KnownRecord,
  type TipAnswer
} from '../../../src/recovery/decide/findings.ts'
import { answered, answers, blockFindings, ref } from './findings-fixture.ts'

/** A block above the head that a peer shows. */
export const SHOWN = { block: ref(11), holders: ['backup-1'] }
/** A block of ours with another beside it. */
export const CONFLICT = { ours: ref(9), other: ref(9, 'b'), holders: ['backup-2'] }
/** SHOWN, which nobody serves. */
export const GAP_FAILURE: GapFailure = {
  target: ref(11),
  firstMissing: 11n,
  lastMissing: 11n,
  reason: 'nobody serves it'
}
/** A clock that is off. */
export const CLOCK_FAULT = {
  reason: 'off-from-backups',
  offMs: 6_000,
  by: ['backup-1', 'backup-2']
} as const
/** A record that cannot be read. */
export const UNREADABLE = { kind: 'unreadable', path: 'signed-record', reason: 'crc' } as const
/** Two full rounds, and the quiet time between them. */
export const QUIET_DONE = { firstFullMs: 0, quietFullMs: 6_000, newInARow: 0 }

/** Hundreds of thousands. */
export function* everyCombination(): Generator<BlockFindings> {
  const records: KnownRecord[] = [
    { kind: 'off' },
    { kind: 'missing' },
    { kind: 'empty' },
    { kind: 'torn', tip: ref(11) },
    { kind: 'good', tip: ref(9) },
    { kind: 'good', tip: ref(10) },
    { kind: 'good', tip: ref(11) },
    UNREADABLE
  ]
  const quorums: QuorumSetting[] = ['auto', 'all', 'none', 2]
  const given: ReadonlyMap<string, TipAnswer>[] = [
    new Map(),
    answers(answered(), answered()),
    answers(answered(), answered(), answered()),
    answers(answered(ref(12)), answered(), { kind: 'unreachable', reason: 'closed' })
  ]
  const rounds = [
    QUIET_DONE,
    { firstFullMs: undefined, quietFullMs: undefined, newInARow: 3 },
    { firstFullMs: 0, quietFullMs: undefined, newInARow: 0 }
  ]
  for (const role of ['sequencer', 'backup'] as const) {
    for (const record of records) {
      for (const quorum of quorums) {
        for (const answersGiven of given) {
          for (const round of rounds) {
            for (let bits = 0; bits < 2 ** 11; bits++) {
              const has = (bit: number) => (bits & (1 << bit)) !== 0
              yield blockFindings({
                role,
                record,
                quorum,
                answers: answersGiven,
                rounds: round,
                conflict: has(0) ? CONFLICT : undefined,
                shown: has(1) ? [SHOWN] : [],
                gapFailures: has(2) ? new Map([[SHOWN.block.hash, GAP_FAILURE]]) : new Map(),
                clockFault: has(3) ? CLOCK_FAULT : undefined,
                stateAtHead: has(4),
                sequencing: has(5),
                writesWaitFor: has(6) ? 'disk-full' : undefined,
                foreign: has(7) ? { block: ref(11, 'b'), from: 'backup-1' } : undefined,
                giveUpAbove: has(8) ? ref(10).hash : undefined,
                scheduleNamesUs: has(9),
                isAskDue: has(10)
              })
            }
          }
        }
      }
    }
  }
}
