// The other side of a conflict, fetched down to where it leaves our chain: evidence, and what a choice needs.
import { type Log } from '../../base/log.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type Conflict, type EvidenceOutcome } from '../decide/findings.ts'
import { type Knowledge } from '../knowledge/knowledge.ts'
import { type FillGap } from './ports.ts'
import { type RecoveryChain, type RecoveryRecord } from '../knowledge/ports.ts'
import { followsSetAside } from './set-aside.ts'

/** How far below the other block the fork is looked for, one step after the other. */
const FORK_DEPTHS: readonly bigint[] = [1n, 16n, 256n, 4_096n]

/** What the evidence is gathered with. */
export interface EvidenceDeps {
  readonly chain: RecoveryChain
  readonly record: RecoveryRecord
  readonly fillGap: FillGap
  readonly knowledge: Knowledge
  readonly log: Log
}

/** Looks for the other branch of one conflict that was not looked for yet with the peers there are. */
export async function keepEvidence(
  deps: EvidenceDeps,
  signal: AbortSignal
): Promise<'looked' | 'nothing'> {
  const conflict = deps.knowledge.untracedConflict()
  if (conflict === undefined) return 'nothing'
  deps.knowledge.noteTraced(conflict, await gatherEvidence(deps, conflict, signal))
  return 'looked'
}

/** Keeps whatever of the other branch can be had. Blocks that cannot be had are asked for again later. */
export async function gatherEvidence(
  deps: EvidenceDeps,
  { ours, other }: Conflict,
  signal: AbortSignal
): Promise<EvidenceOutcome> {
  const { chain, record, fillGap } = deps
  await acceptRecordedBlock({ chain, record }, ours)
  if (!(await acceptRecordedBlock({ chain, record }, other))) return 'partial'
  for (const depth of FORK_DEPTHS) {
    signal.throwIfAborted()
    if (await followsSetAside(deps, other.hash)) return 'set-aside'
    const number = other.number > depth ? other.number - depth : 0n
    const hash = chain.blocks.canonicalHash(number)
    if (hash === undefined) continue
    const floor = { number, hash }
    const outcome = await fillGap({ floor, target: other, signal }, () => undefined)
    if (outcome.kind === 'unserved') return 'partial'
    if (outcome.kind === 'diverges' && number > 0n) continue
    if (await followsSetAside(deps, other.hash)) return 'set-aside'
    if (outcome.kind === 'linked') return 'whole'
  }
  return 'partial'
}

/** An operator can choose a side, and name the other, only of what is held. False when it is not. */
async function acceptRecordedBlock(
  { chain, record }: Pick<EvidenceDeps, 'chain' | 'record'>,
  { number, hash }: BlockRef
): Promise<boolean> {
  if (
    chain.blocks.canonicalHash(number) === hash ||
    chain.accepted.acceptedBlock(hash) !== undefined
  )
    return true
  if (record.hashAt(number) !== hash) return false
  // The first one is of that height, unless its message is not kept any more.
  const [recorded] = record.blocksAbove(number - 1n)
  if (recorded?.hash !== hash) return false
  await chain.accepted.accept([recorded])
  return true
}
