// BR: canonical blocks in ascending order.
import { isRefused, linesOf } from '../asking.ts'
import { toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { expectRule, NotRun } from '../verdict.ts'
import { type Answer, contentsOf } from '../frames.ts'
import { type Subject } from '../subject.ts'
import { askEach, withPeer } from '../suite-peer.ts'
import { messagesOf } from '../served-messages.ts'
import { lowestBlock, type RangeQuestion, requests } from '../survey.ts'

const MESSAGE_MIN_BYTES = 66
const MESSAGE_MAX_BYTES = 10 * 2 ** 20
const COUNT_MAX = 1024

/** Cases of protocols/blocks-by-range. */
export const RANGE_CASES: readonly ConformanceCase[] = [
  {
    id: 'BR-1 size',
    rules: ['BR-1'],
    title: 'refuses a request of another size',
    run: (subject) => checkRefused(subject, [['19 bytes', requests.range(1n, 1n).subarray(0, 19)]])
  },
  {
    id: 'BR-2 genesis',
    rules: ['BR-2'],
    title: 'refuses a range from genesis on',
    run: (subject) => checkRefused(subject, [['start 0', rawRange(0n, 1n)]])
  },
  {
    id: 'BR-3 count',
    rules: ['BR-3'],
    title: 'refuses a count of 0, of more than 1024, and heights that there are not',
    run: (subject) =>
      checkRefused(subject, [
        ['count 0', rawRange(1n, 0n)],
        ['count 1025', rawRange(1n, 1025n)],
        ['heights to 2^64-1', rawRange(2n ** 64n - 2n, 2n)],
        ['heights over 2^64', rawRange(2n ** 64n - 1n, 1024n)]
      ])
  },
  {
    id: 'BR-4 chunks',
    rules: ['BR-4', 'BM-1', 'BM-3', 'FR-7'],
    title: 'sends messages of 66 bytes to 10 MiB with their version beside them',
    run: checkChunks
  },
  {
    id: 'BR-5 order',
    rules: ['BR-5', 'BR-8'],
    title: 'sends blocks in ascending order without gaps, each the child of the one before',
    run: checkOrder
  },
  {
    id: 'BR-5 stop',
    rules: ['BR-5'],
    title: 'stops at the first height that it lacks',
    run: checkStop
  },
  {
    id: 'BR-6 count',
    rules: ['BR-6', 'FR-10'],
    title: 'sends at most count messages',
    run: checkCount
  },
  {
    id: 'BR-6 bytes',
    rules: ['BR-6'],
    title: 'stops before maxBytes is passed, but not before the first message',
    run: checkBytes
  },
  {
    id: 'BR-7 unavailable',
    rules: ['BR-7'],
    title: 'answers result 1 where it cannot send the first block',
    run: async ({ survey }) => {
      const answer = take(survey, 'far above')
      expectRule(answer.frames[0]?.result === 1, linesOf([answer]))
    }
  }
]

function rawRange(start: bigint, count: bigint): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, start, true)
  view.setBigUint64(8, count, true)
  view.setUint32(16, 2 ** 20, true)
  return bytes
}

async function checkRefused(
  subject: Subject,
  requested: readonly (readonly [what: string, bytes: Uint8Array])[]
): Promise<void> {
  const asked = requested.map(([what, bytes]) => {
    return { protocol: 'blocks_by_range', what, bytes } as const
  })
  const wrong = (await askEach(subject, asked)).filter((answer) => !isRefused(answer))
  expectRule(wrong.length === 0, linesOf(wrong))
}

function take({ ranges }: Subject['survey'], question: RangeQuestion): Answer {
  const answer = ranges.get(question)
  if (answer === undefined) throw new NotRun('it was not asked')
  return answer
}

function takeBlocks(subject: Subject, question: RangeQuestion) {
  const messages = messagesOf(subject.chainId, take(subject.survey, question))
  if (messages.length === 0) throw new NotRun('the node serves no block')
  return messages
}

async function checkChunks({ survey }: Subject): Promise<void> {
  for (const answer of survey.ranges.values()) {
    const versions = answer.frames.filter(({ result }) => result === 0)
    const wrong = versions.find(({ version }) => version > 3)
    expectRule(wrong === undefined, `version ${String(wrong?.version)}`)
    for (const { length } of contentsOf(answer)) {
      expectRule(
        length >= MESSAGE_MIN_BYTES && length <= MESSAGE_MAX_BYTES,
        `a message of ${String(length)} bytes`
      )
    }
  }
}

async function checkOrder(subject: Subject): Promise<void> {
  const { status } = subject
  const start = lowestBlock(status)
  let before: Uint8Array | undefined
  for (const [at, { block }] of takeBlocks(subject, 'all').entries()) {
    if (block === undefined) throw new NotRun('a message does not decode')
    const { blockNumber, parentHash, blockHash } = block.payload
    const due = start + BigInt(at)
    expectRule(blockNumber === due, `block ${String(blockNumber)} in place of ${String(due)}`)
    const isChild = before === undefined || toHex(parentHash) === toHex(before)
    expectRule(isChild, `block ${String(blockNumber)} is no child of the one before`)
    before = blockHash
  }
}

async function checkStop(subject: Subject): Promise<void> {
  const { survey } = subject
  const answer = take(survey, 'past the head')
  const messages = takeBlocks(subject, 'past the head')
  const [first] = messages
  const number = first?.block?.payload.blockNumber
  expectRule(number === undefined || number === survey.head.number, `starts at ${String(number)}`)
  expectRule(
    answer.frames.every(({ result }) => result === 0),
    linesOf([answer])
  )
  expectRule(answer.end === 'closed', linesOf([answer]))
}

async function checkCount(subject: Subject): Promise<void> {
  takeBlocks(subject, 'first')
  for (const [question, countMax] of [
    ['first', 1],
    ['three', 3],
    ['all', COUNT_MAX]
  ] as const) {
    const { length } = take(subject.survey, question).frames
    expectRule(length <= countMax, `${String(length)} chunks for a count of ${String(countMax)}`)
  }
}

async function checkBytes(subject: Subject): Promise<void> {
  const { options, survey } = subject
  const [first, second] = takeBlocks(subject, 'three')
  const { length } = take(survey, 'no bytes').frames
  expectRule(length === 1, `${String(length)} chunks for maxBytes 0`)
  if (first === undefined || second === undefined) return
  const start = first.block?.payload.blockNumber ?? 1n
  const limit = first.bytes.length + second.bytes.length
  for (const [maxBytes, countMax] of [
    [limit, 2],
    [limit - 1, 1]
  ] as const) {
    const bytes = requests.range(start, 3n, maxBytes)
    const what = `maxBytes ${String(maxBytes)}`
    const answer = await withPeer(options, ({ ask }) =>
      ask({ protocol: 'blocks_by_range', what, bytes })
    )
    expectRule(answer.frames.length === countMax, linesOf([answer]))
  }
}
