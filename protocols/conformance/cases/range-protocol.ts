// What blocks_by_range and state_diffs_by_range have in common: a range of heights is asked for, and items come.
import { linesOf } from '../asking.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { type Answer } from '../frames.ts'
import { type RawStatus } from '../raw-status.ts'
import { type Subject } from '../subject.ts'
import { withPeer } from '../suite-peer.ts'
import { type RangeQuestion, type Survey } from '../survey.ts'
import { expectRule, NotRun, requireGiven } from '../verdict.ts'
import { expectRefused, requestsOf } from './refusal.ts'

/** One of the two protocols, as the cases look at it. */
export interface RangeProtocol<Item> {
  readonly protocol: 'blocks_by_range' | 'state_diffs_by_range'
  /** What it sends, in one word. */
  readonly noun: string
  /** The rules of its page for what both have. */
  readonly rules: Readonly<
    Record<'size' | 'genesis' | 'count' | 'stop' | 'limits' | 'unavailable', string>
  >
  /** A sound request. */
  readonly request: (start: bigint, count: bigint, maxBytes?: number) => Uint8Array
  /** The lowest height that a node says it serves. */
  readonly lowest: (status: RawStatus) => bigint
  readonly answers: (survey: Survey) => ReadonlyMap<RangeQuestion, Answer>
  readonly items: (answer: Answer) => readonly Item[]
  /** The height of an item; undefined where it does not decode. */
  readonly number: (item: Item) => bigint | undefined
  readonly sizeBytes: (item: Item) => number
}

const COUNT_MAX = 1024

/** The answer to a question of the survey. */
export function takeAnswer<Item>(
  { answers }: RangeProtocol<Item>,
  { survey }: Subject,
  question: RangeQuestion
): Answer {
  return requireGiven(answers(survey).get(question), 'it was not asked')
}

/** What came for a question of the survey. Throws NotRun when nothing did. */
export function takeItems<Item>(
  range: RangeProtocol<Item>,
  subject: Subject,
  question: RangeQuestion
): readonly Item[] {
  const items = range.items(takeAnswer(range, subject, question))
  if (items.length === 0) throw new NotRun(`the node serves no ${range.noun}`)
  return items
}

/** The same, where one item alone shows nothing. */
export function takeSeveral<Item>(
  range: RangeProtocol<Item>,
  subject: Subject,
  question: RangeQuestion
): readonly Item[] {
  const items = takeItems(range, subject, question)
  if (items.length < 2) throw new NotRun(`the node serves one ${range.noun} alone`)
  return items
}

/** Cases that ask. */
export function rangeRequestCases<Item>(range: RangeProtocol<Item>): readonly ConformanceCase[] {
  const { protocol, noun, rules, request } = range
  const refuse = (
    id: string,
    rule: string,
    title: string,
    requested: Parameters<typeof requestsOf>[1]
  ): ConformanceCase => ({
    id: `${rule} ${id}`,
    rules: [rule],
    title: `refuses ${title}`,
    run: (subject) => expectRefused(subject, requestsOf(protocol, requested))
  })
  return [
    refuse('size', rules.size, 'a request of another size', [
      ['19 bytes', request(1n, 1n).subarray(0, 19)]
    ]),
    refuse('genesis', rules.genesis, 'a range from genesis on', [['start 0', rawRange(0n, 1n)]]),
    refuse(
      'count',
      rules.count,
      'a count of 0, of more than 1024, and heights that there are not',
      [
        ['count 0', rawRange(1n, 0n)],
        ['count 1025', rawRange(1n, 1025n)],
        ['heights to 2^64-1', rawRange(2n ** 64n - 2n, 2n)],
        ['heights over 2^64', rawRange(2n ** 64n - 1n, 1024n)]
      ]
    ),
    {
      id: `${rules.limits} bytes`,
      rules: [rules.limits],
      title: `stops before maxBytes is passed, but not before the first ${noun}`,
      run: (subject) => checkBytes(range, subject)
    }
  ]
}

/** Cases that look at what the survey brought. */
export function rangeAnswerCases<Item>(range: RangeProtocol<Item>): readonly ConformanceCase[] {
  const { noun, rules } = range
  return [
    {
      id: `${rules.stop} stop`,
      rules: [rules.stop],
      title: `stops at the first height whose ${noun} it lacks`,
      run: (subject) => checkStop(range, subject)
    },
    {
      id: `${rules.limits} count`,
      rules: [rules.limits, 'FR-10'],
      title: `sends at most count ${noun}s`,
      run: (subject) => checkCount(range, subject)
    },
    {
      id: `${rules.unavailable} unavailable`,
      rules: [rules.unavailable, 'FR-11'],
      title: `answers result 1 where it cannot send the first ${noun}, and nothing more`,
      run: async (subject) => {
        const answer = takeAnswer(range, subject, 'far above')
        expectRule(answer.frames.length === 1 && answer.frames[0]?.result === 1, linesOf([answer]))
      }
    }
  ]
}

/** The bytes of a request, whatever stands in it. */
function rawRange(start: bigint, count: bigint): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, start, true)
  view.setBigUint64(8, count, true)
  view.setUint32(16, 2 ** 20, true)
  return bytes
}

async function checkStop<Item>(range: RangeProtocol<Item>, subject: Subject): Promise<void> {
  const [first] = takeItems(range, subject, 'past the head')
  const answer = takeAnswer(range, subject, 'past the head')
  const { number: head } = subject.survey.head
  const number = requireGiven(first && range.number(first), `the ${range.noun} does not decode`)
  expectRule(number === head, `starts at ${String(number)}`)
  const isSound = answer.frames.every(({ result }) => result === 0) && answer.end === 'closed'
  expectRule(isSound, linesOf([answer]))
}

async function checkCount<Item>(range: RangeProtocol<Item>, subject: Subject): Promise<void> {
  takeSeveral(range, subject, 'all')
  for (const [question, countMax] of [
    ['first', 1],
    ['three', 3],
    ['all', COUNT_MAX]
  ] as const) {
    const { length } = takeAnswer(range, subject, question).frames
    expectRule(length <= countMax, `${String(length)} chunks for a count of ${String(countMax)}`)
  }
}

async function checkBytes<Item>(range: RangeProtocol<Item>, subject: Subject): Promise<void> {
  const { protocol, request, lowest, sizeBytes } = range
  const { options, status } = subject
  const [first, second] = takeSeveral(range, subject, 'three')
  const { length } = takeAnswer(range, subject, 'no bytes').frames
  expectRule(length === 1, `${String(length)} chunks for maxBytes 0`)
  if (first === undefined || second === undefined) return
  const start = range.number(first) ?? lowest(status)
  const limit = sizeBytes(first) + sizeBytes(second)
  for (const [maxBytes, countMax] of [
    [limit, 2],
    [limit - 1, 1]
  ] as const) {
    const bytes = request(start, 3n, maxBytes)
    const what = `maxBytes ${String(maxBytes)}`
    const answer = await withPeer(options, ({ ask }) => ask({ protocol, what, bytes }))
    expectRule(answer.frames.length === countMax, linesOf([answer]))
  }
}
