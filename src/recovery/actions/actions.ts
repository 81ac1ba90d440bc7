// The work that decisions name: adopting a branch, taking the record's blocks, rebuilding state.
import { type Hex } from '../../base/bytes.ts'
import { createYielder } from '../../base/yielder.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type ActionDeps, type ActionOutcome } from './action-deps.ts'
import { applyBlocks } from './apply-blocks.ts'
import { formatRef } from '../decide/findings.ts'
import { type RecoveryRecord } from '../knowledge/ports.ts'
import { acceptRecorded, publishRecorded } from './recorded-blocks.ts'
import { followsSetAside } from './set-aside.ts'

/**
 * Fetches and links all blocks up to the target. Needs no state. Undefined when it could not. `wasExecuted`: this
 * node had the target's branch as its own before it lost the blocks.
 */
export async function linkTarget(
  deps: ActionDeps,
  target: BlockRef,
  signal: AbortSignal,
  { wasExecuted = false } = {}
): Promise<readonly Hex[] | undefined> {
  const { chain, knowledge, fillGap, progress, record, log } = deps
  const floor = chain.head()
  if (target.number <= floor.number) return linkPassed(deps, target)
  const outcome = await progress.stage('fetch-blocks', (counter) => {
    counter.expect(Number(target.number - floor.number))
    return fillGap({ floor, target, signal }, ({ peer, blocks, bytes }) => {
      counter.add({ peer, bytes, items: blocks.length })
    })
  })
  const setAside = await followsSetAside(deps, target.hash)
  if (setAside !== undefined) {
    log.warn('branch-set-aside', { target: formatRef(target), standsOn: formatRef(setAside) })
    // Where the record still names it, its release was interrupted: nobody serves it, and the exit `--give-up-above` goes on with it.
    const reason = 'it was set aside by an operator'
    const firstMissing = floor.number + 1n
    knowledge.noteGapFailure({ target, firstMissing, lastMissing: target.number, reason })
    return undefined
  }
  if (outcome.kind === 'unserved') {
    const { firstMissing, lastMissing, reason } = outcome
    knowledge.noteGapFailure({ target, firstMissing, lastMissing, reason })
    return undefined
  }
  if (outcome.kind === 'diverges') {
    knowledge.noteConflict({ ours: outcome.ours, other: outcome.other, holders: [] })
    knowledge.noteGapFailure({
      target,
      firstMissing: floor.number + 1n,
      lastMissing: target.number,
      reason: `its branch leaves ours at ${formatRef(outcome.ours)}`
    })
    return undefined
  }
  const clash =
    findRecordClash(record, floor, outcome.path) ??
    (await findClash(deps, floor, { path: outcome.path, wasExecuted }))
  if (clash === undefined) return outcome.path
  knowledge.noteConflict({ ...clash, holders: [] })
  const reason = `its branch is not that of ${formatRef(clash.ours)}`
  const { number } = clash.other
  knowledge.noteGapFailure({ target, firstMissing: number, lastMissing: number, reason })
  return undefined
}

/** The head moved past the target since it was decided on; a walk would find no end below it, down to genesis. */
function linkPassed(
  { chain, knowledge }: Pick<ActionDeps, 'chain' | 'knowledge'>,
  target: BlockRef
): readonly Hex[] | undefined {
  const { number } = target
  const hash = chain.blocks.canonicalHash(number)
  if (hash === target.hash) return []
  if (hash === undefined) return undefined
  knowledge.noteConflict({ ours: { number, hash }, other: target, holders: [] })
  return undefined
}

/** Links the target and applies everything up to it. */
export async function adoptTarget(
  deps: ActionDeps,
  target: BlockRef,
  signal: AbortSignal
): Promise<ActionOutcome> {
  const floor = deps.chain.head()
  const path = await linkTarget(deps, target, signal)
  if (path === undefined) return 'failed'
  const outcome = await applyPath(deps, target, path, signal)
  const head = deps.chain.head()
  if (head.number > floor.number) {
    deps.progress.source('peers')
    deps.progress.blocks({ number: floor.number + 1n, hash: path[0] ?? head.hash }, head)
  }
  return outcome
}

/** The record's blocks above our head, each applied and published if young enough. */
export async function takeRecord(
  deps: ActionDeps,
  tip: BlockRef,
  signal: AbortSignal
): Promise<ActionOutcome> {
  const { chain, progress } = deps
  const floor = chain.head()
  const recorded = await progress.stage('take-record', (counter) =>
    acceptRecorded(deps, { above: floor.number }, { counter, signal })
  )
  const path = await linkTarget(deps, tip, signal)
  if (path === undefined) return 'failed'
  const outcome = await applyPath(deps, tip, path, signal)
  progress.source(recorded.length > 0 ? 'record' : 'peers')
  progress.blocks({ number: floor.number + 1n, hash: path[0] ?? tip.hash }, chain.head())
  if (outcome === 'failed') return outcome
  await publishRecorded(deps, recorded)
  return outcome
}

/** Executes stored blocks again from the highest readable state up to the head. */
export async function reexecute(
  { chain, state, apply, progress, log }: ActionDeps,
  { from, to }: { from: BlockRef; to: BlockRef },
  signal: AbortSignal
): Promise<ActionOutcome> {
  return progress.stage('rebuild-state', async (counter) => {
    const count = Number(to.number - from.number)
    counter.expect(count)
    progress.lostLayers(count)
    if (!state.isReadable(from.hash)) await state.resetToGenesis()
    for (let number = from.number + 1n; number <= to.number; number++) {
      signal.throwIfAborted()
      const result = await apply.replayBlock(number)
      if (result.kind === 'refused') {
        log.error('state-not-rebuilt', { number, reason: result.reason })
        return 'failed'
      }
      counter.add({ items: 1 })
    }
    progress.source('execution')
    return chain.head().hash === to.hash ? 'progress' : 'failed'
  })
}

/** Makes linked blocks our chain, and looks for what came beside them meanwhile: gossip goes on all the time. */
async function applyPath(
  deps: ActionDeps,
  target: BlockRef,
  path: readonly Hex[],
  signal: AbortSignal
): Promise<ActionOutcome> {
  const floor = deps.chain.head()
  const outcome = await applyBlocks(deps, target, path, signal)
  await deps.knowledge.notePath(floor, path)
  return outcome
}

/** The record holds another hash at a height of the path: our key signed both. */
function findRecordClash(record: RecoveryRecord, floor: BlockRef, path: readonly Hex[]) {
  for (const [index, hash] of path.entries()) {
    const number = floor.number + 1n + BigInt(index)
    const recorded = record.hashAt(number)
    if (recorded !== undefined && recorded !== hash) {
      return { ours: { number, hash: recorded }, other: { number, hash } }
    }
  }
  return undefined
}

/**
 * A backup keeps the branch whose block at the fork it accepted first, however long another grows; for a
 * sequencer any two blocks at one height are a conflict. Undefined when the path is the one that counts.
 */
async function findClash(
  { chain, knowledge }: ActionDeps,
  floor: BlockRef,
  { path, wasExecuted }: { readonly path: readonly Hex[]; readonly wasExecuted: boolean }
) {
  const yielder = createYielder()
  let parent = floor.hash
  for (const [index, hash] of path.entries()) {
    const number = floor.number + 1n + BigInt(index)
    const held = chain.accepted.acceptedAt(number)
    if (held.some((block) => block.hash !== hash)) {
      const first = held.find(
        (block) => chain.accepted.acceptedBlock(block.hash)?.parentHash === parent
      )
      if (first !== undefined && first.hash !== hash) {
        // It was accepted before the other one; what told so was lost, but for the state after it.
        const isOurs = wasExecuted && !knowledge.isSequencer
        if (isOurs) knowledge.noteConflict({ ours: { number, hash }, other: first, holders: [] })
        else return { ours: { number, hash: first.hash }, other: { number, hash } }
      }
      const beside = held.find((block) => block.hash !== hash)
      if (beside !== undefined && knowledge.isSequencer) {
        return { ours: { number, hash }, other: { number, hash: beside.hash } }
      }
    }
    parent = hash
    await yielder.maybeYield()
  }
  return undefined
}
