// One round of `signed_tip`: ask every connected peer which block it holds, and judge each answer.
import { type Clock } from '../base/clock.ts'
import { withDeadline } from '../base/deadline.ts'
import { type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef, type SignedBlock } from '../chain/block.ts'
import { type Conflict, type TipAnswer } from './findings.ts'
import { type Round } from './rounds.ts'

/** A verified answer to `signed_tip`: its block is signed by the signer that the schedule names. */
export type SignedTip =
  | { readonly relation: 'same' }
  | { readonly relation: 'behind' | 'ahead' | 'conflict'; readonly block: SignedBlock }
  | { readonly relation: 'unavailable'; readonly reason: string }

/** Asks one peer; throws when it cannot be reached, breaks the protocol, or shows what our key never signed. */
export type AskTip = (peer: string, head: BlockRef, signal: AbortSignal) => Promise<SignedTip>

/** Our own chain, as judging an answer needs it. */
export interface CanonicalHashes {
  canonicalHash(number: bigint): Hex | undefined
  isSetAside(hash: Hex): boolean
}

/** A round with the blocks it brought: each is verified, and accepted once written. */
export interface TipRound extends Round {
  readonly shown: readonly { readonly block: SignedBlock; readonly peer: string }[]
  readonly conflicts: readonly Conflict[]
  /** Every block that came, whatever the relation. */
  readonly brought: readonly { readonly block: SignedBlock; readonly peer: string }[]
}

/** A peer that has not answered by then counts as unreachable in this round. */
export const TIP_DEADLINE_MS = 5_000

/** Asks all peers at once; settles when each has answered or its deadline has passed. */
export async function askRound(
  { clock, askTip, chain }: { clock: Clock; askTip: AskTip; chain: CanonicalHashes },
  { peers, head, signal }: { peers: readonly string[]; head: BlockRef; signal: AbortSignal }
): Promise<TipRound> {
  const startedMs = clock.monotonicMs()
  const answers = new Map<string, TipAnswer>()
  const shown: { block: SignedBlock; peer: string }[] = []
  const conflicts: Conflict[] = []
  const brought: { block: SignedBlock; peer: string }[] = []
  await Promise.all(
    peers.map(async (peer) => {
      try {
        const tip = await withDeadline(
          { clock, signal, what: 'signed_tip', ms: TIP_DEADLINE_MS },
          (inner) => askTip(peer, head, inner)
        )
        if (isSetAside(chain, tip)) {
          answers.set(peer, { kind: 'answered', tip: undefined })
          return
        }
        answers.set(peer, judgeTip(tip))
        if (tip.relation === 'same' || tip.relation === 'unavailable') return
        brought.push({ block: tip.block, peer })
        const conflict = findConflict(chain, head, tip.block, peer)
        if (conflict !== undefined) conflicts.push(conflict)
        if (tip.relation === 'ahead') shown.push({ block: tip.block, peer })
      } catch (thrown) {
        signal.throwIfAborted()
        answers.set(peer, { kind: 'unreachable', reason: errorMessage(thrown) })
      }
    })
  )
  return {
    answers,
    shown,
    conflicts,
    brought,
    shownHashes: shown.map(({ block }) => block.hash),
    startedMs,
    endedMs: clock.monotonicMs()
  }
}

/**
 * What an operator decided against counts for nothing. What stands on it and is not known counts: it was signed by
 * our key after all that the operator saw of that branch, by whomever.
 */
function isSetAside(chain: CanonicalHashes, tip: SignedTip): boolean {
  if (tip.relation === 'same' || tip.relation === 'unavailable') return false
  return chain.isSetAside(tip.block.hash)
}

function judgeTip(tip: SignedTip): TipAnswer {
  switch (tip.relation) {
    case 'unavailable':
      return { kind: 'cannot-say', reason: tip.reason }
    case 'same':
      return { kind: 'answered', tip: undefined }
    default:
      return { kind: 'answered', tip: { number: tip.block.number, hash: tip.block.hash } }
  }
}

/** A block at or below our head that is not on our chain: two branches under one key (row 1). */
function findConflict(
  chain: CanonicalHashes,
  head: BlockRef,
  block: SignedBlock,
  peer: string
): Conflict | undefined {
  if (block.number > head.number) return undefined
  const ours = chain.canonicalHash(block.number)
  if (ours === undefined || ours === block.hash) return undefined
  return {
    ours: { number: block.number, hash: ours },
    other: { number: block.number, hash: block.hash },
    holders: [peer]
  }
}
