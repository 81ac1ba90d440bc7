// State actions carried out: each is one way to bring lost states back.
import { type ActionDeps } from './action-deps.ts'
import { reexecute } from './actions.ts'
import { type StateAction } from '../decide/decide-state.ts'
import { formatRef } from '../decide/findings.ts'
import { fetchState } from './fetch-state.ts'
import { linkDiskLayer } from './link-disk-layer.ts'
import { fetchPeerDiffs, mergeDiffs } from './replay-actions.ts'

/** `decide` when something is known that was not, `wait` when only time or a peer can bring another way. */
export async function mendState(
  deps: ActionDeps,
  action: StateAction,
  signal: AbortSignal
): Promise<'decide' | 'wait'> {
  switch (action.action) {
    case 'merge-diffs':
      await mergeDiffs(deps, action, signal)
      return 'decide'
    case 'fetch-diffs':
      await fetchPeerDiffs(deps, action, signal)
      return 'decide'
    case 'fetch-state':
      return (await fetchState(deps, signal)) === 'progress' ? 'decide' : 'wait'
    case 'link-to-disk-layer':
      await linkDiskLayer(deps, action, signal)
      return 'decide'
    case 'reset-state': {
      const diskLayer = formatRef(action.diskLayer)
      deps.log.warn('state-unreadable', { diskLayer, reason: action.reason })
      await deps.state.resetToGenesis()
      return 'decide'
    }
    case 're-execute':
      if ((await reexecute(deps, action, signal)) === 'progress') return 'decide'
      deps.knowledge.noteStateFailure('execution')
      return 'wait'
    default:
      return 'wait'
  }
}
