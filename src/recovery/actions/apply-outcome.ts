// Applying as recovery does it: what is the block's fault is a result, anything else is ours and is thrown.
import { ApplyError } from '../../apply/apply-error.ts'
import { type Applier } from '../../apply/applier.ts'
import { type Hex } from '../../base/bytes.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type AcceptedStore } from '../../chain/stored/accepted-store.ts'
import { type RecoveryApply } from './ports.ts'

/** An ApplyError is the block's fault and a result; anything else is ours and is thrown. */
export function recoveryApply(
  applier: Applier,
  { accepted }: { readonly accepted: Pick<AcceptedStore, 'namedBlock'> }
): RecoveryApply {
  const run = async (work: () => Promise<void>) => {
    try {
      await work()
      return { kind: 'applied' } as const
    } catch (thrown) {
      if (!(thrown instanceof ApplyError)) throw thrown
      return { kind: 'refused', reason: errorMessage(thrown) } as const
    }
  }
  return {
    applyBlock: (block) => run(() => applier.apply(block)),
    replayBlock: (number) => run(() => applier.replay(number)),
    jump: (block) => run(() => applier.jump(block)),
    linkBlocks: (path, onLinked, signal) => {
      const block = (hash: Hex) => accepted.namedBlock(hash)
      return run(() => applier.link({ path, block, onLinked, signal }))
    }
  }
}
