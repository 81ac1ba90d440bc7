// Sound requests of every kind, asked once: most rules of answers are looked for in all that comes back.
import { BLOCKS_BY_HASH } from '../blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../blocks-by-range/codec.ts'
import { SIGNED_TIP } from '../signed-tip/codec.ts'
import { keccak256 } from './block-maker.ts'
import { type Answer, contentOf } from './frames.ts'
import { type ProtocolName } from './protocol-facts.ts'
import { isNone, readRawStatus, type RawStatus } from './raw-status.ts'
import { diffRequest } from './served-diffs.ts'
import { type StateSurvey, surveyState } from './state-survey.ts'
import { messagesOf, type ServedMessage } from './served-messages.ts'
import { type SubjectOptions, type SuitePeer, withPeer } from './suite-peer.ts'
import { NotRun } from './verdict.ts'

/** All answers, by what was asked. */
export interface Survey {
  readonly status: Answer
  /** The head that the questions about tips are built on. */
  readonly head: { readonly number: bigint; readonly hash: Uint8Array }
  readonly tips: ReadonlyMap<TipQuestion, Answer>
  readonly ranges: ReadonlyMap<RangeQuestion, Answer>
  readonly hashes: ReadonlyMap<HashQuestion, Answer>
  readonly diffs: ReadonlyMap<RangeQuestion, Answer>
  readonly state: StateSurvey
  /** Every block message that came, of whatever protocol. */
  readonly messages: readonly ServedMessage[]
}

/** Questions about the tip. */
export type TipQuestion =
  'genesis' | 'another genesis' | 'head' | 'first block' | 'another first' | 'far above'

/** Questions about ranges, of blocks and of diffs. */
export type RangeQuestion = 'first' | 'all' | 'three' | 'no bytes' | 'past the head' | 'far above'

/** Questions about blocks by hash; all but the first need a node that serves two blocks. */
export type HashQuestion = 'none held' | 'descending' | 'one missing' | 'most'

/** Heights that no chain here reaches. */
export const FAR_ABOVE = 1_000_000_000_000n

const BYTES_MAX = 2 ** 23

/** The bytes of a request of each protocol. */
export const requests = {
  tip: (number: bigint, hash: Uint8Array) => SIGNED_TIP.request.encode({ number, hash }),
  range: (start: bigint, count: bigint, maxBytes = BYTES_MAX) =>
    BLOCKS_BY_RANGE.request.encode({ start, count, maxBytes }),
  hashes: (...hashes: readonly Uint8Array[]) => BLOCKS_BY_HASH.request.encode({ hashes }),
  diffs: (start: bigint, count: bigint, maxBytes = BYTES_MAX) =>
    diffRequest({ start, count, maxBytes })
} as const

/** A hash that no block has. */
export const NO_BLOCK: Uint8Array = keccak256(Uint8Array.of(0x6e))

/** Asks everything, over one connection, as a peer of this status. What the node does not serve is left out. */
export async function takeSurvey(
  options: SubjectOptions,
  bytes: Uint8Array,
  first: RawStatus
): Promise<Survey> {
  const { genesisHash } = first
  return withPeer(options, async ({ ask }) => {
    const status = await ask({ protocol: 'status', what: 'a status', bytes })
    const head = { number: first.unsafeNumber, hash: first.unsafeHash }
    const lowest = lowestBlock(first)
    const ranges = await askAll(ask, 'blocks_by_range', rangeQuestions(first, lowest, 'range'))
    const diffQuestions = rangeQuestions(first, lowestDiff(first), 'diffs')
    const diffs = await askAll(ask, 'state_diffs_by_range', diffQuestions)
    const held = messagesOf(ranges.get('three')).flatMap(({ block }) =>
      block === undefined ? [] : [block.payload.blockHash]
    )
    const hashes = await askAll(ask, 'blocks_by_hash', hashQuestions(held))
    const tips = await askAll(ask, 'signed_tip', {
      genesis: requests.tip(0n, genesisHash),
      'another genesis': requests.tip(0n, NO_BLOCK),
      head: requests.tip(head.number, head.hash),
      'first block': requests.tip(lowest, held[0] ?? NO_BLOCK),
      'another first': requests.tip(lowest, NO_BLOCK),
      'far above': requests.tip(FAR_ABOVE, NO_BLOCK)
    } satisfies Record<TipQuestion, Uint8Array>)
    const answers = [...ranges.values(), ...hashes.values(), ...tips.values()]
    const messages = answers.flatMap((answer) => messagesOf(answer))
    const state = await surveyState(ask, first, messages)
    return { status, head, tips, ranges, hashes, diffs, state, messages }
  })
}

/** The lowest block that a node says it serves. */
export function lowestBlock({ oldestBlock }: Pick<RawStatus, 'oldestBlock'>): bigint {
  return isNone(oldestBlock) ? 1n : oldestBlock
}

/** The lowest block whose diff a node says it serves. */
export function lowestDiff({ oldestDiff }: Pick<RawStatus, 'oldestDiff'>): bigint {
  return isNone(oldestDiff) ? 1n : oldestDiff
}

function rangeQuestions(
  { unsafeNumber }: RawStatus,
  lowest: bigint,
  kind: 'range' | 'diffs'
): Readonly<Record<RangeQuestion, Uint8Array>> {
  const request = requests[kind]
  return {
    first: request(lowest, 1n),
    three: request(lowest, 3n),
    all: request(lowest, 1024n),
    'no bytes': request(lowest, 3n, 0),
    'past the head': request(unsafeNumber > 0n ? unsafeNumber : 1n, 1024n),
    'far above': request(FAR_ABOVE, 1n)
  }
}

function hashQuestions(
  held: readonly Uint8Array[]
): Readonly<Partial<Record<HashQuestion, Uint8Array>>> {
  const [first, second] = held
  const none = { 'none held': requests.hashes(NO_BLOCK) }
  if (first === undefined || second === undefined) return none
  const others = Array.from({ length: 126 }, (_, at) => keccak256(Uint8Array.of(0x6e, at)))
  return {
    ...none,
    descending: requests.hashes(second, first),
    'one missing': requests.hashes(first, NO_BLOCK, second),
    most: requests.hashes(second, ...others, first)
  }
}

async function askAll<Question extends string>(
  ask: SuitePeer['ask'],
  protocol: ProtocolName,
  questions: Readonly<Partial<Record<Question, Uint8Array>>>
): Promise<ReadonlyMap<Question, Answer>> {
  const answers = new Map<Question, Answer>()
  for (const [what, bytes] of Object.entries<Uint8Array | undefined>(questions)) {
    if (bytes === undefined) continue
    try {
      answers.set(what as Question, await ask({ protocol, what: `${protocol}, ${what}`, bytes }))
    } catch (thrown) {
      if (!(thrown instanceof NotRun)) throw thrown // the cases say that they miss it
    }
  }
  return answers
}

/** All answers of the survey. */
export function answersOf(survey: Survey): readonly Answer[] {
  const { status, tips, ranges, hashes, diffs, state } = survey
  const maps = [tips, ranges, hashes, diffs, state.answers]
  return [status, ...maps.flatMap((answers) => [...answers.values()])]
}

/** The node's status in the survey. */
export function surveyedStatus({ status }: Survey): RawStatus | undefined {
  const frame = status.frames.find(({ result }) => result === 0)
  const content = frame && contentOf(frame)
  return content && readRawStatus(content)
}
