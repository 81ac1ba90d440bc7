// Lost states by state diffs: those of stored blocks, rebuilt without executing.
import { type Log } from '../../base/log.ts'
import { type ActionDeps, type ActionOutcome } from './action-deps.ts'
import { type StateWay } from '../decide/findings.ts'
import { type DiffsResult } from './ports.ts'
import { type StateStretch } from '../knowledge/ports.ts'
import { type StageCounter } from './progress.ts'

/** What rebuilding works with. */
export interface ReplayActionDeps extends Pick<
  ActionDeps,
  'state' | 'diffs' | 'knowledge' | 'progress'
> {
  readonly log: Log
}

/** Our own diffs, merged into one commit; a bad one is named, and what lies above it is left to the other ways. */
export async function mergeDiffs(
  deps: ReplayActionDeps,
  stretch: StateStretch,
  signal: AbortSignal
): Promise<ActionOutcome> {
  return rebuild(deps, stretch, 'diffs', (counter) =>
    deps.diffs.replayStored(
      stretch,
      (count) => {
        counter.add({ items: count })
      },
      signal
    )
  )
}

/** Peers' diffs, one by one against the headers. */
export async function fetchPeerDiffs(
  deps: ReplayActionDeps,
  stretch: StateStretch,
  signal: AbortSignal
): Promise<ActionOutcome> {
  return rebuild(deps, stretch, 'peer-diffs', (counter) =>
    deps.diffs.replayFetched(
      stretch,
      (items, { peer, bytes }) => {
        counter.add({ items, peer, bytes })
      },
      signal
    )
  )
}

/** Runs one way as the stage of the rows; a failure bars it until the next recovery, or until a peer changes. */
async function rebuild(
  { state, knowledge, progress, log }: ReplayActionDeps,
  { from, to }: StateStretch,
  way: StateWay,
  work: (counter: StageCounter) => Promise<DiffsResult>
): Promise<ActionOutcome> {
  return progress.stage('rebuild-state', async (counter) => {
    const count = Number(to.number - from.number)
    counter.expect(count)
    progress.lostLayers(count)
    if (!state.isReadable(from.hash)) await state.resetToGenesis()
    let replayedCount = 0
    const counted: StageCounter = {
      expect: (items) => {
        counter.expect(items)
      },
      add(counts) {
        replayedCount += counts.items ?? 0
        counter.add(counts)
      }
    }
    const result = await work(counted)
    if (replayedCount > 0) progress.source('diffs')
    if (result.kind === 'rebuilt') return 'progress'
    log.warn('state-diffs-failed', { way, reason: result.reason })
    knowledge.noteStateFailure(way)
    return 'failed'
  })
}
