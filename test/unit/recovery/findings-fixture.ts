// Findings to start a table row from: a sequencer at block 10 whose three backups all agree.
import { type BlockRef } from '../../../src/chain/blocks/block.ts'
import { type BlockFindings, type TipAnswer } from '../../../src/recovery/decide/findings.ts'

export const BACKUPS = ['backup-1', 'backup-2', 'backup-3'] as const

/** A block reference whose hash spells its height and branch. */
export function ref(number: number, branch = 'a'): BlockRef {
  const digits = Buffer.from(branch).toString('hex') + number.toString(16).padStart(4, '0')
  return { number: BigInt(number), hash: `0x${digits.padEnd(64, '0')}` }
}

export function answered(tip?: BlockRef): TipAnswer {
  return { kind: 'answered', tip }
}

/** The answers of the three backups, in order. */
export function answers(...given: readonly (TipAnswer | undefined)[]) {
  const map = new Map<string, TipAnswer>()
  for (const [index, answer] of given.entries()) {
    const backup = BACKUPS[index]
    if (backup !== undefined && answer !== undefined) map.set(backup, answer)
  }
  return map
}

/** All is well: with no change, the gate opens. */
export function blockFindings(change: Partial<BlockFindings> = {}): BlockFindings {
  return {
    role: 'sequencer',
    head: ref(10),
    record: { kind: 'good', tip: ref(10) },
    conflict: undefined,
    shown: [],
    gapFailures: new Map(),
    answers: answers(answered(), answered(), answered()),
    backupSets: [{ name: 'configured', backups: BACKUPS }],
    quorum: 'auto',
    isAskDue: false,
    rounds: { firstFullMs: 0, quietFullMs: 6_000, newInARow: 0 },
    nowMs: 6_000,
    blockTimeMs: 1_000,
    stateAtHead: true,
    unknownHash: undefined,
    clockFault: undefined,
    scheduleNamesUs: true,
    sequencing: true,
    writesWaitFor: undefined,
    foreign: undefined,
    giveUpAbove: undefined,
    ...change
  }
}
