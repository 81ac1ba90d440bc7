// The decision about blocks and the gate, as one pure function: a table whose first matching row decides.
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type BlockFindings, type Conflict, type GapFailure, type ShownBlock } from './findings.ts'
import { NEW_ROUNDS_MAX, quietMs, quorumState, recordTip } from './quorum.ts'
import { firstWait, type WaitReason } from './wait-reasons.ts'

/** What to do about blocks and the gate. */
export type BlockAction =
  | { readonly action: 'stay-shut-conflict'; readonly conflict: Conflict }
  | { readonly action: 'exit'; readonly path: string; readonly reason: string }
  | { readonly action: 'adopt'; readonly target: ShownBlock }
  | { readonly action: 'stay-shut-gap'; readonly failure: GapFailure }
  /** By an operator's word: everybody who counts has answered, and nobody serves it. */
  | {
      readonly action: 'give-up'
      readonly target: BlockRef
      readonly above: BlockRef
    }
  | {
      readonly action: 'ask'
      readonly missing: readonly string[]
      readonly required: number
      readonly answered: number
    }
  | { readonly action: 'take-record'; readonly tip: BlockRef }
  | { readonly action: 'open'; readonly on: BlockRef }
  | { readonly action: 'wait'; readonly reason: WaitReason }
  /** A backup that holds all that can be had: it waits for nobody and has no gate. `gap`: what it cannot reach. */
  | {
      readonly action: 'follow'
      readonly gap?: GapFailure
    }

/** The first match, in the order of the table (src/recovery/README.md, "Decisions"). Total: each input has an action. */
export function decideBlocks(findings: BlockFindings): BlockAction {
  const { role, record, conflict, gapFailures } = findings
  if (role === 'sequencer') {
    if (conflict !== undefined) return { action: 'stay-shut-conflict', conflict }
    if (record.kind === 'unreadable') {
      return { action: 'exit', path: record.path, reason: record.reason }
    }
  }
  const above = findings.shown.filter(({ block }) => block.number > findings.head.number)
  const target = highest(above.filter(({ block }) => !gapFailures.has(block.hash)))
  if (target !== undefined) return { action: 'adopt', target }
  const unreached = highest(above)
  const failed = unreached && gapFailures.get(unreached.block.hash)
  const failure = failed && { ...failed, claimedBy: unreached.holders }
  if (role === 'backup') {
    return { action: 'follow', ...(failure && { gap: failure }) }
  }
  if (failure !== undefined) return decideGap(findings, failure)
  return decideGate(findings)
}

/** What nobody serves is given up only above the named head, and once the quorum has spoken. */
function decideGap(findings: BlockFindings, failure: GapFailure): BlockAction {
  const { head, giveUpAbove, record } = findings
  // With a torn record nothing is given up: it has to be moved away first.
  const isBarred = record.kind === 'torn' && (record.tip?.number ?? 0n) > head.number
  if (giveUpAbove !== head.hash || isBarred) return { action: 'stay-shut-gap', failure }
  const { missing, required, answered } = quorumState(findings)
  if (missing.length > 0 || isUnasked(findings, required)) {
    return { action: 'ask', missing, required, answered }
  }
  return { action: 'give-up', target: failure.target, above: head }
}

/** Every connected peer is asked, also where no answer is required: what it shows counts. */
function isUnasked({ isAskDue }: BlockFindings, required: number): boolean {
  return required === 0 && isAskDue
}

/** Nothing above us is shown: may we take our record's word, may we build? */
function decideGate(findings: BlockFindings): BlockAction {
  const { missing, required, answered, needsQuietRound } = quorumState(findings)
  if (missing.length > 0 || isUnasked(findings, required)) {
    return { action: 'ask', missing, required, answered }
  }
  const tip = recordTip(findings.record)
  if (tip !== undefined && tip.number > findings.head.number) {
    const failure = findings.gapFailures.get(tip.hash)
    if (failure !== undefined) return decideGap(findings, { ...failure, claimedBy: ['record'] })
    return { action: 'take-record', tip }
  }
  const reason = waitReason(findings, needsQuietRound)
  if (reason !== undefined) return { action: 'wait', reason }
  return { action: 'open', on: findings.head }
}

/** What the gate still waits for; undefined when all conditions hold. */
function waitReason(findings: BlockFindings, needsQuietRound: boolean): WaitReason | undefined {
  const { newInARow } = findings.rounds
  return firstWait({
    ...findings,
    roundsWithNewBlocks: newInARow >= NEW_ROUNDS_MAX ? newInARow : undefined,
    quietRemainingMs: needsQuietRound ? quietRemainingMs(findings) : 0
  })
}

/** Milliseconds until a further full round may count; Infinity-free: a round not yet made counts from now. */
function quietRemainingMs({
  rounds,
  nowMs,
  blockTimeMs
}: Pick<BlockFindings, 'rounds' | 'nowMs' | 'blockTimeMs'>): number {
  const pauseMs = quietMs(blockTimeMs)
  if (rounds.firstFullMs === undefined) return pauseMs
  const dueMs = rounds.firstFullMs + pauseMs
  if (rounds.quietFullMs !== undefined && rounds.quietFullMs >= dueMs) return 0
  return Math.max(1, dueMs - nowMs)
}

function highest(shown: readonly ShownBlock[]): ShownBlock | undefined {
  let found: ShownBlock | undefined
  for (const candidate of shown) {
    if (found === undefined || candidate.block.number > found.block.number) found = candidate
  }
  return found
}
