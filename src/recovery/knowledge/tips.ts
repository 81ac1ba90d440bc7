// One round of `signed_tip`: ask every connected peer which block it holds, and judge each answer.
import { type Clock } from '../../base/clock.ts'
import { withDeadline } from '../../base/deadline.ts'
import { type Hex } from '../../base/bytes.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type BlockRef, type SignedBlock, toRef } from '../../chain/blocks/block.ts'
import { RequestError } from '../../reqresp/request-error.ts'
import { type PeerBlocksDeps, requestTip } from '../../sync/fetching/peer-blocks.ts'
import { type Conflict, type TipAnswer } from '../decide/findings.ts'
import { type Round } from './rounds.ts'

/** A verified answer to `signed_tip`: its block is signed by the signer that the schedule names. */
export type SignedTip =
  | { readonly relation: 'same' }
  | { readonly relation: 'behind' | 'ahead' | 'conflict'; readonly block: SignedBlock }
  | { readonly relation: 'unavailable'; readonly reason: string }

/** Asks one peer; throws when it cannot be reached, breaks the protocol, or shows what our key never signed. */
export type AskTip = (peer: string, head: BlockRef, signal: AbortSignal) => Promise<SignedTip>

/** Asks over the wire. `unavailable` is an answer that says nothing; any other failure is thrown. */
export function askTipWith(requests: PeerBlocksDeps): AskTip {
  return async (peer, head, signal) => {
    try {
      return await requestTip(requests, peer, head, signal)
    } catch (thrown) {
      if (!(thrown instanceof RequestError && thrown.failure.code === 'unavailable')) throw thrown
      return { relation: 'unavailable', reason: thrown.failure.reason }
    }
  }
}

/** Our own chain, as judging an answer needs it. */
export interface CanonicalHashes {
  readonly blocks: {
    canonicalHash(number: bigint): Hex | undefined
    history(): { readonly oldestBlock: bigint }
  }
  readonly accepted: { isSetAside(hash: Hex): boolean }
}

/** A round with the blocks it brought: each is verified, and accepted once written. */
export interface TipRound extends Round {
  readonly shown: readonly { readonly block: SignedBlock; readonly peer: string }[]
  readonly conflicts: readonly Conflict[]
  /** Heights below our oldest block at which one was shown: whether it is of our chain is not known. */
  readonly belowHistory: readonly bigint[]
  /** Every block that came, whatever the relation. */
  readonly brought: readonly { readonly block: SignedBlock; readonly peer: string }[]
}

/** A peer that has not answered by then counts as unreachable in this round. */
export const TIP_DEADLINE_MS = 5_000
/** So often one peer is asked again that shows what was set aside: there are two branches, rarely three. */
const SET_ASIDE_ASKS_MAX = 4
/** No block has it. */
const NO_BLOCK: Hex = `0x${'00'.repeat(32)}`

/** Asks all peers at once; settles when each has answered or its deadline has passed. */
export async function askRound(
  { clock, askTip, chain }: { clock: Clock; askTip: AskTip; chain: CanonicalHashes },
  { peers, head, signal }: { peers: readonly string[]; head: BlockRef; signal: AbortSignal }
): Promise<TipRound> {
  const startedMs = clock.monotonicMs()
  const answers = new Map<string, TipAnswer>()
  const shown: { block: SignedBlock; peer: string }[] = []
  const conflicts: Conflict[] = []
  const belowHistory: bigint[] = []
  const brought: { block: SignedBlock; peer: string }[] = []
  await Promise.all(
    peers.map(async (peer) => {
      try {
        const tip = await withDeadline(
          { clock, signal, what: 'signed_tip', ms: TIP_DEADLINE_MS },
          (inner) => askWhatCounts({ askTip, chain }, { peer, head, signal: inner })
        )
        const below = belowHistoryOf(chain, tip)
        if (below !== undefined) belowHistory.push(below)
        answers.set(peer, below === undefined ? judgeTip(tip) : CANNOT_BE_JUDGED)
        if (tip.relation === 'same' || tip.relation === 'unavailable') return
        brought.push({ block: tip.block, peer })
        const conflict = findConflict(chain, head, tip.block, peer)
        if (conflict !== undefined) conflicts.push(conflict)
        if (tip.relation === 'ahead') shown.push({ block: tip.block, peer })
      } catch (thrown) {
        signal.throwIfAborted()
        answers.set(peer, judgeFailedAsk(thrown))
      }
    })
  )
  return {
    answers,
    shown,
    conflicts,
    belowHistory,
    brought,
    shownHashes: shown.map(({ block }) => block.hash),
    startedMs,
    endedMs: clock.monotonicMs()
  }
}

/**
 * What an operator decided against counts for nothing. But it may be the highest of all that the peer holds, or beside
 * our head, for as long as our chain has not grown past it: then it stands before a block of ours that was lost. So
 * what else the peer holds right above our head is asked for.
 */
async function askWhatCounts(
  { askTip, chain }: { readonly askTip: AskTip; readonly chain: CanonicalHashes },
  { peer, head, signal }: { readonly peer: string; readonly head: BlockRef; signal: AbortSignal }
): Promise<SignedTip> {
  const number = head.number + 1n
  let tip = await askTip(peer, head, signal)
  for (let count = 0; isSetAside(chain, tip) && count < SET_ASIDE_ASKS_MAX; count++) {
    // Nothing of that height but what was named is held, so nothing that stands on our head.
    if (count > 0 && tip.relation !== 'conflict') return { relation: 'same' }
    const hash = 'block' in tip && tip.block.number === number ? tip.block.hash : NO_BLOCK
    tip = await askTip(peer, { number, hash }, signal)
    // It was asked as if our head were one higher.
    if (tip.relation === 'behind') return { relation: 'same' }
    if (tip.relation === 'conflict' && !isSetAside(chain, tip)) return { ...tip, relation: 'ahead' }
  }
  return isSetAside(chain, tip) ? { relation: 'same' } : tip
}

/** What stands on such a block and is not known counts: our key signed it after all that the operator saw of that branch. */
function isSetAside(chain: CanonicalHashes, tip: SignedTip): boolean {
  if (tip.relation === 'same' || tip.relation === 'unavailable') return false
  return chain.accepted.isSetAside(tip.block.hash)
}

function judgeFailedAsk(thrown: unknown): TipAnswer {
  const isSpoken = !(
    thrown instanceof RequestError && thrown.failure.code === 'unsupported-protocol'
  )
  return isSpoken
    ? { kind: 'unreachable', reason: errorMessage(thrown) }
    : { kind: 'not-spoken', reason: 'it does not speak signed_tip' }
}

/** A peer that holds another branch there would be taken for one that is behind. */
const CANNOT_BE_JUDGED: TipAnswer = {
  kind: 'cannot-say',
  reason: 'its block is below our oldest one, which is being filled down to there'
}

function belowHistoryOf({ blocks }: CanonicalHashes, tip: SignedTip): bigint | undefined {
  if (tip.relation === 'same' || tip.relation === 'unavailable') return undefined
  const { number } = tip.block
  return number > 0n && number < blocks.history().oldestBlock ? number : undefined
}

function judgeTip(tip: SignedTip): TipAnswer {
  switch (tip.relation) {
    case 'unavailable':
      return { kind: 'cannot-say', reason: tip.reason }
    case 'same':
      return { kind: 'answered', tip: undefined }
    default:
      return { kind: 'answered', tip: toRef(tip.block) }
  }
}

/** A block at or below our head that is not on our chain: two branches under one key. */
function findConflict(
  chain: CanonicalHashes,
  head: BlockRef,
  block: SignedBlock,
  peer: string
): Conflict | undefined {
  if (block.number > head.number) return undefined
  const ours = chain.blocks.canonicalHash(block.number)
  if (ours === undefined || ours === block.hash) return undefined
  return {
    ours: { number: block.number, hash: ours },
    other: toRef(block),
    holders: [peer]
  }
}
