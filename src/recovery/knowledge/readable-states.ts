// Which states can be read, out of the state store: its disk layer and the layers above it.
import { toRef } from '../../chain/blocks/block.ts'
import { type StateStore } from '../../state/state-store.ts'
import { type RecoveryState } from './ports.ts'

/** What is read, and what begins the state anew. */
export interface ReadableStatesDeps {
  readonly state: Pick<StateStore, 'diskPoint' | 'isFetchUnderWay' | 'isReadable' | 'layers'>
  /** Replaces the state by that of genesis; the blocks stay. */
  readonly resetState: () => Promise<void>
}

/** Of every branch, as of now. */
export function recoveryState({ state, resetState }: ReadableStatesDeps): RecoveryState {
  return {
    diskLayer: () => state.diskPoint(),
    isReadable: (hash) => state.isReadable(hash),
    isFetchUnderWay: () => state.isFetchUnderWay(),
    readable() {
      const disk = state.diskPoint()
      const points = Array.from(state.layers(), ({ point }) => toRef(point)).reverse()
      return disk === undefined ? points : [...points, toRef(disk)]
    },
    resetToGenesis: resetState
  }
}
