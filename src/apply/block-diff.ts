// The state diff of a block that was executed, in bytes.
import { encodeStateDiff } from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { StateDiffError } from '../../protocols/state-diffs-by-range/state-diff-error.ts'
import { equalBytes } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { encodeReceipt } from '../chain/blocks/receipt.ts'
import { type NewPayloadValid } from '../execution/engine.ts'
import { type PreparedLayer } from '../state/layer.ts'
import { changesToDiff } from '../state/state-diff.ts'
import { type DiffSource } from './replay-diffs.ts'

/**
 * What executing the block on its parent gave, as it is stored and served. Undefined where it goes beyond
 * a bound of the protocol, as a receipt of more than 16 MiB does: such a block has no diff, and is executed again.
 */
export function encodeDiff(
  { number, hash, stateRoot }: Block,
  parent: Pick<Block, 'stateRoot'>,
  { changes, layer, receipts }: Omit<NewPayloadValid<PreparedLayer>, 'kind'>
): Uint8Array | undefined {
  const diff = changesToDiff(
    { number, hash, stateRoot, parentStateRoot: parent.stateRoot },
    changes,
    (addressHash) => layer.storageRoot(addressHash),
    receipts.map(encodeReceipt)
  )
  try {
    return encodeStateDiff(diff)
  } catch (thrown) {
    if (thrown instanceof StateDiffError) return undefined
    throw thrown
  }
}

/** False also when what is stored is damaged. */
export function isDiffStored(
  chain: Pick<DiffSource, 'diffByNumber'>,
  number: bigint,
  bytes: Uint8Array
): boolean {
  try {
    const stored = chain.diffByNumber(number)
    return stored !== undefined && equalBytes(stored, bytes)
  } catch (thrown) {
    if (thrown instanceof ChainError || thrown instanceof StateDiffError) return false
    throw thrown
  }
}
