// Which failures a state diff is to blame for, and which it is not.
import { StateDiffError } from '../../protocols/state-diffs-by-range/state-diff-error.ts'
import { errorMessage } from '../base/node-error.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { DiffError } from '../state/diff-error.ts'
import { ApplyError } from './apply-error.ts'

/** True for what a diff can be to blame for; anything else is ours. */
export function isRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof DiffError || thrown instanceof StateDiffError || thrown instanceof ChainError
  )
}

/**
 * ApplyError `diff-refused` for what a diff can be to blame for, and `diff-of-another-block` for one that names
 * another block: on another branch it is true. What was thrown for anything else.
 */
export function refusedDiff(number: bigint, thrown: unknown): unknown {
  if (!isRefusal(thrown)) return thrown
  const code = isOfAnotherBlock(thrown) ? 'diff-of-another-block' : 'diff-refused'
  return new ApplyError({ code, number, reason: errorMessage(thrown) }, { cause: thrown })
}

function isOfAnotherBlock(thrown: unknown): boolean {
  if (!(thrown instanceof DiffError)) return false
  const { failure } = thrown
  return failure.code === 'header-differs' && failure.field === 'blockHash'
}
