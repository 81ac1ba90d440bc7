// What needs no state and is done while the state is mended: asking, fetching what was shown, keeping evidence.
import { type Hex } from '../base/bytes.ts'
import { linkTarget } from './actions/actions.ts'
import { askEverybody } from './asking.ts'
import { type BlockAction } from './decide/decide.ts'
import { keepEvidence } from './actions/evidence.ts'
import { type RecoveryDeps } from './recovery.ts'

/** Does, each time it is called, what can be done of a block action without a state to apply blocks on. */
export function createPreparation(
  deps: RecoveryDeps
): (action: BlockAction, signal: AbortSignal) => Promise<void> {
  /** The last target whose blocks were fetched: they are not walked again. */
  let linkedTarget: Hex | undefined
  return async (action, signal) => {
    switch (action.action) {
      case 'adopt': {
        const { block } = action.target
        if (linkedTarget === block.hash) return
        if (await linkTarget(deps, block, signal)) linkedTarget = block.hash
        return
      }
      case 'ask':
        await askEverybody(deps, signal)
        return
      case 'follow':
        if (deps.knowledge.peers.unasked().length > 0) await askEverybody(deps, signal)
        return
      case 'stay-shut-conflict':
      case 'stay-shut-gap':
        if ((await keepEvidence(deps, signal)) === 'looked') return
        await askEverybody(deps, signal)
        return
      default:
    }
  }
}
