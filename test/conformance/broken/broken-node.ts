// A deliberately broken node: one rule, and what is wrong with a fake so that it breaks that rule alone.
import { type FakeAnswers } from './fake-answers.ts'
import { type ChainBlock } from './fake-chain.ts'
import { type FakeFaults } from './fake-node.ts'
import { type FakeState } from './fake-state.ts'

/** One broken node. */
export interface BrokenNode {
  readonly rule: string
  /** What it does, after "it". */
  readonly what: string
  readonly faults: FakeFaults
}

/** Answers of one protocol that differ from sound ones. */
export type Answering = (
  request: Uint8Array,
  sound: FakeAnswers,
  chain: readonly ChainBlock[],
  state: FakeState
) => Uint8Array

/** A node that answers one protocol wrongly. */
export function answering(
  rule: string,
  what: string,
  protocol: keyof FakeAnswers,
  answer: Answering
): BrokenNode {
  const answers: FakeFaults['answers'] = (sound, chain, state) => ({
    [protocol]: (request: Uint8Array) => answer(request, sound, chain, state)
  })
  return { rule, what, faults: { answers } }
}

/** The bytes with one of them changed. */
export function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = value
  return copy
}
