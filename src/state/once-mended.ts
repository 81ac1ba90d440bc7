// Work on a state, done again as often as what damaged it was mended meanwhile.
import { type Hex } from '../base/bytes.ts'

/** What mends; the state store satisfies it. */
export interface MendableState {
  /** True when what this failure of reading a block's state names is whole now. Throws StoreError. */
  mend(thrown: unknown, blockHash: Hex): Promise<boolean>
}

/** Entries that are mended for one piece of work; more of them are no single faults. */
const MENDED_MAX = 256

/** Runs the work, which starts over after each entry that was mended. Rejects with what could not be mended. */
export async function onceMended<T>(
  state: MendableState,
  blockHash: Hex,
  work: () => Promise<T>
): Promise<T> {
  for (let mended = 0; ; mended++) {
    try {
      return await work()
    } catch (thrown) {
      if (mended === MENDED_MAX || !(await state.mend(thrown, blockHash))) throw thrown
    }
  }
}
