// Chunks that carry a block message, of whatever protocol (BR-4, BH-3).
import { type Answer, contentsOf } from '../frames.ts'
import { expectRule, expectSeen } from '../verdict.ts'

/** The smallest block message (BM-1). */
export const MESSAGE_MIN_BYTES = 66
const MESSAGE_MAX_BYTES = 10 * 2 ** 20
const VERSION_MAX = 3

/** Throws RuleBroken where the version or the size of a message is out of bounds, NotRun where no message came. */
export function checkMessageChunks(answers: readonly Answer[]): void {
  for (const answer of answers) checkAnswer(answer)
  expectSeen(answers.flatMap(contentsOf).length, 'the node serves no block')
}

function checkAnswer(answer: Answer): void {
  const wrong = answer.frames.find(({ result, version }) => result === 0 && version > VERSION_MAX)
  expectRule(wrong === undefined, `${answer.what}: version ${String(wrong?.version)}`)
  for (const { length } of contentsOf(answer)) {
    const isRight = length >= MESSAGE_MIN_BYTES && length <= MESSAGE_MAX_BYTES
    expectRule(isRight, `${answer.what}: a message of ${String(length)} bytes`)
  }
}
