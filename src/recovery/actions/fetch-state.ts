// The state of a recent block out of ranges with proofs, where no block or diff brings it (src/recovery/README.md, "Decisions").
import { type ActionDeps, type ActionOutcome } from './action-deps.ts'
import { formatRef } from '../decide/findings.ts'
import { type StatePivot } from './ports.ts'

/** So often in a row it may fail with peers that serve states: then the other ways are taken. */
const FETCH_TRIES_MAX = 3

/** Once it is whole, the state on disk is above the chain: linking follows. What was fetched before a failure stays. */
export async function fetchState(deps: ActionDeps, signal: AbortSignal): Promise<ActionOutcome> {
  const { states, progress, knowledge, state, log } = deps
  return progress.stage('fetch-state', async (counter) => {
    const choosePivot = () => pivotOf(deps, signal)
    const result = await states.fetch(choosePivot, counter, signal)
    if (result.kind === 'fetched') {
      log.info('state-fetched', { pivot: formatRef(result.pivot) })
      progress.source('peers')
      return 'progress'
    }
    log.warn('state-not-fetched', { reason: result.reason })
    const isOver = knowledge.noteStateFetchFailed() >= FETCH_TRIES_MAX
    if (!isOver) return 'failed'
    knowledge.noteStateFailure('peer-state')
    if (state.isFetchUnderWay()) await state.resetToGenesis()
    return 'progress'
  })
}

/** The highest block that is shown, or its ancestor that the peers' states have reached; its header is proved. */
async function pivotOf(deps: ActionDeps, signal: AbortSignal): Promise<StatePivot | undefined> {
  const { chain, states, knowledge, fetchAncestors } = deps
  const target = knowledge.highestShown() ?? chain.head()
  if (target.number === 0n) return undefined
  const newest = states.newest() ?? target.number
  const lowest = newest < target.number ? newest : target.number
  if (lowest < 1n) return undefined
  const outcome = await fetchAncestors({ target, lowest, signal }, () => undefined)
  const hash = outcome.kind === 'linked' ? outcome.path[0] : undefined
  const block = hash && chain.accepted.namedBlock(hash)
  return block && { number: block.number, hash: block.hash, root: block.stateRoot }
}
