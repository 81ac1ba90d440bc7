// Requests that a node has to refuse.
import { type Asked, isCut, isRefused, linesOf } from '../asking.ts'
import { limitsOf, type ProtocolName } from '../protocol-facts.ts'
import { type Subject } from '../subject.ts'
import { askEach } from '../suite-peer.ts'
import { expectRule } from '../verdict.ts'

/** Requests of one protocol, each in words and in bytes. */
export function requestsOf(
  protocol: ProtocolName,
  named: readonly (readonly [what: string, bytes: Uint8Array])[]
): readonly Asked[] {
  return named.map(([what, bytes]) => ({ protocol, what, bytes }))
}

/**
 * Throws RuleBroken unless each is answered with result 2 and nothing more. Where a request is over the limit of its
 * protocol, the stream may be closed instead (FR-4).
 */
export async function expectRefused(subject: Subject, asked: readonly Asked[]): Promise<void> {
  const answers = await askEach(subject, asked)
  const wrong = answers.filter((answer, at) => {
    const isOverLimit = (asked[at]?.bytes.length ?? 0) > limitsOf(answer.protocol).requestMaxBytes
    return !isRefused(answer) && !(isOverLimit && isCut(answer))
  })
  expectRule(wrong.length === 0, linesOf(wrong))
}
