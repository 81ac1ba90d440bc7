// Checking what peers serve of a state: nothing of an answer counts before its proof or its hash was verified.
import { ProtocolError } from '../../../protocols/protocol-error.ts'
import { LEAF_OVERHEAD_BYTES, type StateLeaf } from '../../../protocols/state-leaves.ts'
import { compareBytes } from '../../base/bytes.ts'
import { errorMessage, NodeError } from '../../base/node-error.ts'
import { createYielder, type Yielder } from '../../base/yielder.ts'
import { type ProvenNode } from '../../state/proven-state.ts'
import { type RangeClaim, RangeProofError, verifyRangeInSteps } from '../../trie/range-proof.ts'

/** What a peer served of a state and must not: heavy, but for an answer that ended early. */
export interface FalseState {
  readonly code: 'state-false' | 'state-unrequested' | 'state-answer-empty'
  readonly peer: string
  readonly protocol: string
  readonly reason: string
}

/** Thrown at such an answer; nothing of it counts. */
export class FalseStateError extends NodeError<FalseState> {}

/** What every check needs. */
export interface StateChecks {
  /** Hears of each false answer, to score the peer. */
  readonly onFalse: (failure: FalseState) => void
}

/** Who answered what. */
export interface Answered {
  readonly peer: string
  readonly protocol: string
}

/** The error to throw; the peer's failure has been told by then. */
export function falseState(
  { onFalse }: StateChecks,
  failure: FalseState,
  cause?: unknown
): FalseStateError {
  onFalse(failure)
  return new FalseStateError(failure, { cause })
}

/** Runs a check. Throws FalseStateError where the answer fails it: undecodable, no account, no proof of what is claimed. */
export async function judged<T>(
  checks: StateChecks,
  answered: Answered,
  check: () => Promise<T>
): Promise<T> {
  try {
    return await check()
  } catch (thrown) {
    const isFalse =
      thrown instanceof RangeProofError ||
      thrown instanceof ProtocolError ||
      thrown instanceof RangeError
    if (!isFalse) throw thrown
    throw falseState(
      checks,
      { code: 'state-false', ...answered, reason: errorMessage(thrown) },
      thrown
    )
  }
}

/** What an answer may have: no more bytes than were asked for, but for its first item. */
export class AnswerRoom {
  #leftBytes: number
  #isFirst = true

  constructor(maxBytes: number) {
    this.#leftBytes = maxBytes
  }

  /** Throws RangeError where there is no room for one more item. */
  take(bytes: number): void {
    this.#leftBytes -= bytes
    if (this.#leftBytes < 0 && !this.#isFirst) throw new RangeError('more than was asked for')
    this.#isFirst = false
  }
}

/** Keys and values as the trie has them. */
interface ProvedLeaves {
  readonly leaves: readonly StateLeaf[]
  /** The nodes between the edges of the range, with all that is below each. */
  readonly nodes: readonly ProvenNode[]
  /** True where some of the leaves from the last one to the limit are still to come. */
  readonly hasMore: boolean
}

/** What a list of leaves claims. */
export interface LeavesClaim extends Pick<RangeClaim, 'root' | 'origin' | 'proof'> {
  readonly leaves: Iterable<StateLeaf>
  /** One leaf above it may have come, which is cut off. */
  readonly limit: Uint8Array
  /** Of the wire's value that of the trie. Throws RangeError where it is none. */
  readonly toTrieValue: (value: Uint8Array) => Uint8Array
  /** Of the whole answer. */
  readonly room: AnswerRoom
}

/** Verifies a claim, in slices. Throws RangeProofError, RangeError, and what reading the leaves throws. */
export async function proveLeaves(
  { leaves, limit, toTrieValue, room, ...claim }: LeavesClaim,
  yielder: Yielder = createYielder()
): Promise<ProvedLeaves> {
  const read: StateLeaf[] = []
  const keys: Uint8Array[] = []
  const values: Uint8Array[] = []
  for (const leaf of leaves) {
    room.take(LEAF_OVERHEAD_BYTES + leaf.value.length)
    read.push(leaf)
    keys.push(leaf.hash)
    values.push(toTrieValue(leaf.value))
    const pause = yielder.maybeYield()
    if (pause !== undefined) await pause
  }
  const nodes: ProvenNode[] = []
  const onNode = (path: Uint8Array, encoded: Uint8Array) => void nodes.push({ path, encoded })
  const steps = verifyRangeInSteps({ ...claim, limit, keys, values, onNode })
  let step = steps.next()
  while (step.done !== true) {
    const pause = yielder.maybeYield()
    if (pause !== undefined) await pause
    step = steps.next()
  }
  const last = keys.at(-1)
  const fromLimit = last === undefined ? -1 : compareBytes(last, limit)
  if (fromLimit > 0) read.pop()
  return { leaves: read, nodes, hasMore: step.value.hasMore && fromLimit < 0 }
}
