// What the cases of the four protocols of state have in common: answers that can be looked at, ranges, proofs.
import { verifyMerkleRangeProof } from '@ethereumjs/mpt'
import { type StateLeaf } from '../../state-leaves.ts'
import { linesOf } from '../asking.ts'
import { keccak256 } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { type Answer } from '../frames.ts'
import { limitsOf } from '../protocol-facts.ts'
import { type Served } from '../served-states.ts'
import { type StateAnswer, type StateSurvey } from '../state-survey.ts'
import { byHash, nibblesOf, wayAlong } from '../trie-ways.ts'
import { expectRule, expectSeen, NotRun, requireGiven } from '../verdict.ts'

/** One of the four protocols, as the cases look at it. */
export interface StateProtocol<Question extends string, Request, Value> {
  readonly protocol: 'account_range' | 'storage_ranges' | 'byte_codes' | 'trie_nodes'
  readonly answers: (survey: StateSurvey) => ReadonlyMap<Question, StateAnswer<Request>>
  readonly read: (answer: Answer) => Served<Value> | undefined
  /** Rules of its page. */
  readonly rules: Readonly<Record<'chunk' | 'bytes' | 'unavailable' | 'window', string>>
  /** What shows that it answers for its newest state, and what it must not have. */
  readonly held: Question
  readonly unheld: readonly Question[]
}

/** A question with what came for it. */
export interface Seen<Request, Value> {
  readonly request: Request
  readonly what: string
  readonly value: Value
}

/** The answer to a question. Throws NotRun where it was not asked. */
export function takeState<Question extends string, Request, Value>(
  protocol: StateProtocol<Question, Request, Value>,
  survey: StateSurvey,
  question: Question
): StateAnswer<Request> {
  const { missing } = survey
  const reason = missing ?? 'the state has too little for the question'
  return requireGiven(protocol.answers(survey).get(question), reason)
}

/** What came for a question. Throws NotRun where it cannot be read: other cases say so. */
export function takeValue<Question extends string, Request, Value>(
  protocol: StateProtocol<Question, Request, Value>,
  survey: StateSurvey,
  question: Question
): Seen<Request, Value> {
  const { request, answer } = takeState(protocol, survey, question)
  const served = requireGiven(protocol.read(answer), `${answer.what}: no chunk that can be read`)
  if (served.broken !== undefined) throw new NotRun(`${answer.what}: ${served.broken.reason}`)
  return { request, what: answer.what, value: served.value }
}

/** All that can be read. Throws NotRun where nothing can. */
export function valuesOf<Question extends string, Request, Value>(
  protocol: StateProtocol<Question, Request, Value>,
  survey: StateSurvey
): readonly Seen<Request, Value>[] {
  const seen = heldAnswers(protocol, survey).flatMap(({ request, answer }) => {
    const value = protocol.read(answer)?.value
    return value === undefined ? [] : [{ request, what: answer.what, value }]
  })
  expectSeen(seen.length, survey.missing ?? `${protocol.protocol} brought nothing to look at`)
  return seen
}

/** But for those to what it must not have: of these only the result counts. */
function heldAnswers<Question extends string, Request, Value>(
  { answers, unheld }: StateProtocol<Question, Request, Value>,
  survey: StateSurvey
): readonly StateAnswer<Request>[] {
  return [...answers(survey)].flatMap(([question, answer]) =>
    unheld.includes(question) ? [] : [answer]
  )
}

/** Cases that each of the four has. */
export function stateAnswerCases<Question extends string, Request, Value>(
  protocol: StateProtocol<Question, Request, Value>
): readonly ConformanceCase[] {
  const { rules } = protocol
  return [
    {
      id: `${rules.chunk} chunk`,
      rules: [rules.chunk, 'FR-7', 'FR-10'],
      title: 'sends one chunk with version 0 that is within its limit',
      run: async ({ survey: { state } }) => {
        checkChunks(protocol, state)
      }
    },
    {
      id: `${rules.bytes} form`,
      rules: [rules.bytes],
      title: 'encodes an answer as SSZ has it, no byte more or less',
      run: async ({ survey: { state } }) => {
        checkForm(protocol, state, 'bytes')
      }
    },
    {
      id: `${rules.unavailable} unavailable`,
      rules: [rules.unavailable, 'FR-11'],
      title: 'answers result 1 where it does not hold what was asked for, and nothing more',
      run: async ({ survey: { state } }) => {
        const unheld = protocol.unheld.map(
          (question) => takeState(protocol, state, question).answer
        )
        const isOne = ({ frames }: Answer) => frames.length === 1 && frames[0]?.result === 1
        expectRule(unheld.every(isOne), linesOf(unheld))
      }
    },
    {
      id: `${rules.window} window`,
      rules: [rules.window, 'FR-13'],
      title: 'answers for the newest state of its status',
      run: async ({ survey: { state } }) => {
        const { answer } = takeState(protocol, state, protocol.held)
        expectRule(answer.frames[0]?.result !== 1, linesOf([answer]))
      }
    }
  ]
}

/** Throws RuleBroken where the codec finds something wrong with the bytes, or with a field. */
export function checkForm<Question extends string, Request, Value>(
  protocol: StateProtocol<Question, Request, Value>,
  survey: StateSurvey,
  kind: 'bytes' | 'field'
): void {
  let seenCount = 0
  for (const { answer } of heldAnswers(protocol, survey)) {
    const served = protocol.read(answer)
    if (served === undefined) continue
    seenCount++
    const { broken } = served
    expectRule(broken?.kind !== kind, `${answer.what}: ${String(broken?.reason)}`)
  }
  expectSeen(seenCount, survey.missing ?? `${protocol.protocol} brought nothing to look at`)
}

function checkChunks<Question extends string, Request, Value>(
  { protocol, answers }: StateProtocol<Question, Request, Value>,
  survey: StateSurvey
): void {
  const { chunkMaxBytes } = limitsOf(protocol)
  let seenCount = 0
  for (const { answer } of answers(survey).values()) {
    const [first, ...others] = answer.frames
    if (first?.result !== 0) continue
    seenCount++
    expectRule(first.version === 0, `${answer.what}: version ${String(first.version)}`)
    expectRule(others.length === 0 && answer.rest.length === 0, linesOf([answer]))
    const lengthMax = 32 + chunkMaxBytes + Math.floor(chunkMaxBytes / 6)
    expectRule(first.lengthBytes <= lengthMax, linesOf([answer]))
  }
  expectSeen(seenCount, survey.missing ?? `${protocol} brought nothing to look at`)
}

/** A stretch of a trie's leaves that a node served. */
export interface ServedStretch {
  readonly what: string
  readonly root: Uint8Array
  readonly origin: Uint8Array
  readonly limit: Uint8Array
  readonly proof: readonly Uint8Array[]
  /** Values as the trie has them. */
  readonly leaves: readonly StateLeaf[]
}

/** Throws RuleBroken unless the leaves are all that the trie has from the origin on, and end at the limit. */
export async function checkStretch(stretch: ServedStretch): Promise<void> {
  const { what, origin, limit, leaves } = stretch
  if (leaves.length === 0) return
  const above = leaves.filter(({ hash }) => Buffer.compare(hash, limit) >= 0)
  expectRule(above.length <= 1, `${what}: ${String(above.length)} that are not below limit`)
  const problem = await problemOf(stretch)
  expectRule(problem === undefined, `${what}: ${String(problem)}`)
  const isBelow = leaves.every(({ hash }) => Buffer.compare(hash, origin) >= 0)
  if (!isBelow) throw new NotRun(`${what}: leaves below origin`)
}

/** Undefined where leaves and proof give the root. */
async function problemOf(stretch: ServedStretch): Promise<string | undefined> {
  const { root, origin, proof, leaves } = stretch
  const keys = leaves.map(({ hash }) => hash)
  const values = leaves.map(({ value }) => value)
  const last = keys.at(-1) ?? null
  const isProved = proof.length > 0
  try {
    await verifyMerkleRangeProof(
      root,
      isProved ? origin : null,
      isProved ? last : null,
      keys,
      values,
      isProved ? [...proof] : null,
      keccak256
    )
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'it cannot be verified'
  }
}

/** Throws RuleBroken unless the proof holds the nodes on both ways, each once and no others. */
export function checkProof({ what, root, origin, proof, leaves }: ServedStretch): void {
  const nodes = byHash(proof)
  expectRule(nodes.size === proof.length, `${what}: a node of the proof is there twice`)
  const last = leaves.at(-1)?.hash
  const due = new Set<string>()
  try {
    for (const key of last === undefined ? [origin] : [origin, last]) {
      for (const { hash, encoded } of wayAlong(nodes, root, nibblesOf(key))) {
        expectRule(encoded !== undefined, `${what}: node ${hash} is not in the proof`)
        due.add(hash)
      }
    }
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.startsWith('a node')) {
      expectRule(false, `${what}: ${thrown.message}`)
    }
    throw thrown
  }
  const extra = [...nodes.keys()].find((hash) => !due.has(hash))
  expectRule(extra === undefined, `${what}: node ${String(extra)} is on neither way`)
}

/** Throws RuleBroken unless the proof shows that the trie has nothing from the origin on. */
export async function checkNothing(stretch: ServedStretch): Promise<void> {
  if (stretch.leaves.length > 0) throw new NotRun(`${stretch.what}: something came`)
  const problem = await problemOf(stretch)
  expectRule(problem === undefined, `${stretch.what}: ${String(problem)}`)
}

/** Throws RuleBroken where more came than fits, or not even the first; a node may end before it has to. */
export function expectCounts(
  counted: readonly (readonly [what: string, count: number, countMax: number])[]
): void {
  for (const [what, count, countMax] of counted) {
    const isRight = count >= 1 && count <= countMax
    expectRule(isRight, `${what}: ${String(count)} items in place of ${String(countMax)}`)
  }
}
