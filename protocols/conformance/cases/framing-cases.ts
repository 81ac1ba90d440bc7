// FR: the frame of requests and answers, as a server shows it.
import { type Asked, linesOf, requestProtocol } from '../asking.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { expectRule, expectSeen, NotRun } from '../verdict.ts'
import { type Answer, contentOf, type Frame } from '../frames.ts'
import { limitsOf, type ProtocolName, PROTOCOLS, sampleRequest } from '../protocol-facts.ts'
import { isNone, withField } from '../raw-status.ts'
import { type Subject } from '../subject.ts'
import { withPeer } from '../suite-peer.ts'
import { openStream } from '../suite-host.ts'
import { watch } from '../patience.ts'
import { answersOf } from '../survey.ts'
import { calmMs, servedReaction } from './other-chain.ts'
import { expectRefused } from './refusal.ts'

const OVERSIZE_BYTES = 100_000

/** Cases of protocols/framing: what a node makes of requests. */
export const FRAMING_CASES: readonly ConformanceCase[] = [
  {
    id: 'FR-1 another chain',
    rules: ['FR-1'],
    title: 'serves the ids of its own chain, in decimal without leading zeros, and no others',
    run: checkIds
  },
  {
    id: 'FR-2 oversize',
    rules: ['FR-2', 'FR-4'],
    title: 'answers result 2 to a request over its limit, or closes the stream',
    run: (subject) =>
      expectRefused(
        subject,
        ofEach(() => new Uint8Array(OVERSIZE_BYTES))
      )
  },
  {
    id: 'FR-4 never closing',
    rules: ['FR-4'],
    title: 'does not wait for more bytes than the limit and one',
    run: (subject) => expectRefused(subject, ofEach(limitAndOne, { closes: false }))
  },
  {
    id: 'FR-4 trickling',
    rules: ['FR-4'],
    title: 'does the same when the bytes come in small parts',
    run: (subject) => expectRefused(subject, ofEach(limitAndOne, { closes: false, partsCount: 20 }))
  },
  {
    id: 'FR-4 truncated',
    rules: ['FR-3', 'FR-4'],
    title: 'answers result 2 to an empty request and to half of one',
    run: checkTruncated
  },
  {
    id: 'FR-5 check first',
    rules: ['FR-5'],
    title: 'does not act on a request that does not decode',
    run: checkHandlerNotRun
  }
]

/** Cases of protocols/framing: what every answer looks like. */
export const FRAMING_ANSWER_CASES: readonly ConformanceCase[] = [
  onFrames(
    'FR-6',
    'sends each chunk of result 0 as one snappy block of the stated length',
    checkSnappy,
    isContent
  ),
  onFrames(
    'FR-7',
    'sets version 0 where the chunk is no block message',
    checkVersion,
    isVersionZeroDue
  ),
  onFrames('FR-8', 'keeps the length of a chunk within its bound', checkLength, () => true),
  onFrames(
    'FR-9',
    'keeps the content of a chunk within the limit of its protocol',
    checkContent,
    (frame) => isContent(frame) && contentOf(frame) !== undefined
  ),
  onFrames(
    'FR-11',
    'sends nothing after a result other than 0, and no result but 0 to 4',
    checkLast,
    (frame) => !isContent(frame)
  ),
  onFrames('FR-12', 'gives reasons in UTF-8 of at most 256 bytes', checkReason, hasReason),
  {
    id: 'FR-13 held',
    rules: ['FR-13'],
    title: 'does not answer result 1 where it holds what was asked',
    run: async ({ survey, status }) => {
      if (survey.head.number === 0n) throw new NotRun('the node holds no block')
      const { ranges, hashes, diffs } = survey
      const hasDiffs = !isNone(status.oldestDiff)
      let seenCount = 0
      for (const [what, answer] of [
        ['the oldest block of its status', ranges.get('first')],
        ['two blocks that it served by height', hashes.get('descending')],
        ['the oldest diff of its status', hasDiffs ? diffs.get('first') : undefined]
      ] as const) {
        const result = answer?.frames[0]?.result
        expectRule(result !== 1, `result 1 to ${what}`)
        if (result !== undefined) seenCount++
      }
      expectSeen(seenCount, 'the node answers nothing to all of it')
    }
  }
]

async function checkIds({ options, chainId }: Subject): Promise<void> {
  await withPeer(options, async ({ connection }) => {
    for (const protocol of PROTOCOLS) {
      const own = requestProtocol(protocol, chainId)
      const stream = await openStream(connection, own)
      expectRule(stream !== undefined, `it does not know ${own}`)
      stream.abort(new Error('only looked for'))
      for (const id of [
        requestProtocol(protocol, chainId + 1n),
        own.replace(/[0-9]+[/]1$/, (rest) => `0${rest}`),
        own.replace(/1$/, '01')
      ]) {
        const other = await openStream(connection, id)
        other?.abort(new Error('only looked for'))
        expectRule(other === undefined, `it knows ${id}`)
      }
    }
  })
}

function limitAndOne(protocol: ProtocolName): Uint8Array {
  return new Uint8Array(limitsOf(protocol).requestMaxBytes + 1)
}

/** One request to each protocol. */
function ofEach(
  toBytes: (protocol: ProtocolName) => Uint8Array,
  way: Pick<Asked, 'closes' | 'partsCount'> = {}
): readonly Asked[] {
  return PROTOCOLS.map((protocol) => {
    return { protocol, what: protocol, bytes: toBytes(protocol), ...way }
  })
}

async function checkTruncated(subject: Subject): Promise<void> {
  const asked = PROTOCOLS.flatMap((protocol) => {
    const whole = sampleRequest(protocol, subject)
    return [0, whole.length / 2].map((length) => ({
      protocol,
      what: `${protocol}, ${String(Math.floor(length))} bytes`,
      bytes: whole.subarray(0, length)
    }))
  })
  await expectRefused(subject, asked)
}

/** Another chain makes a node disconnect (ST-10), but this status has a role that there is not. */
async function checkHandlerNotRun(subject: Subject): Promise<void> {
  const { options, chainId, ownStatus } = subject
  const calm = calmMs(subject, await servedReaction(subject))
  const bytes = withField(ownStatus({ chainId: chainId + 1n }), 'role', 9)
  await withPeer(options, async ({ connection, ask }) => {
    const answer = await ask({ protocol: 'status', what: 'role 9, another chain', bytes })
    expectRule(
      answer.frames.every(({ result }) => result !== 0),
      linesOf([answer])
    )
    await watch(calm)
    expectRule(connection.status === 'open', 'it took the other chain from it and disconnected')
    const again = { protocol: 'status', what: 'afterwards' } as const
    const after = await ask({ ...again, bytes: ownStatus() })
    expectRule(after.frames.length > 0, `then: ${linesOf([after])}`)
  })
}

/** `sees` says which frames the rule is of; where none came, there is nothing to judge. */
function onFrames(
  rule: string,
  title: string,
  check: (answer: Answer) => string | undefined,
  sees: (frame: Frame, answer: Answer) => boolean
): ConformanceCase {
  return {
    id: `${rule} answers`,
    rules: [rule],
    title,
    run: async (subject) => {
      const answers = answersOf(subject.survey)
      const problems = answers.flatMap((answer) => {
        const problem = check(answer)
        return problem === undefined ? [] : [`${answer.what}: ${problem}`]
      })
      expectRule(problems.length === 0, problems.join('; '))
      const seen = answers.flatMap((answer) => answer.frames.filter((frame) => sees(frame, answer)))
      expectSeen(seen.length, 'no answer came that the rule is of')
    }
  }
}

function isContent({ result }: Frame): boolean {
  return result === 0
}

function hasReason({ result }: Frame): boolean {
  return result !== 0 && result !== 4
}

function firstOf({ frames }: Answer, check: (frame: Frame) => string | false): string | undefined {
  for (const frame of frames) {
    const problem = check(frame)
    if (problem !== false) return problem
  }
  return undefined
}

function checkSnappy(answer: Answer): string | undefined {
  if (answer.rest.length > 0) return `${String(answer.rest.length)} bytes that are no whole chunk`
  return firstOf(answer, (frame) => {
    const isWrong = frame.result === 0 && contentOf(frame) === undefined
    return isWrong && 'the payload is no snappy block'
  })
}

/** The versions of block messages are BR-4's and BH-3's, those of tips TI-4's, those of diffs SD-4's, and so on. */
function isVersionZeroDue({ result }: Frame, { protocol }: Answer): boolean {
  return result !== 0 || protocol === 'status'
}

function checkVersion(answer: Answer): string | undefined {
  return firstOf(answer, (frame) => {
    const { result, version } = frame
    const isWrong = isVersionZeroDue(frame, answer) && version !== 0
    return isWrong && `result ${String(result)} has version ${String(version)}`
  })
}

function checkLength(answer: Answer): string | undefined {
  const { chunkMaxBytes } = limitsOf(answer.protocol)
  const okMax = 32 + chunkMaxBytes + Math.floor(chunkMaxBytes / 6)
  return firstOf(answer, ({ result, lengthBytes }) => {
    const isWrong = result === 4 ? lengthBytes !== 4 : lengthBytes > (result === 0 ? okMax : 256)
    return isWrong && `result ${String(result)} of ${String(lengthBytes)} bytes`
  })
}

function checkContent(answer: Answer): string | undefined {
  const { chunkMaxBytes } = limitsOf(answer.protocol)
  return firstOf(answer, (frame) => {
    const sizeBytes = (frame.result === 0 ? contentOf(frame) : undefined)?.length ?? 0
    return sizeBytes > chunkMaxBytes && `a chunk of ${String(sizeBytes)} bytes`
  })
}

function checkLast({ frames }: Answer): string | undefined {
  const unknown = frames.find(({ result }) => result > 4)
  if (unknown !== undefined) return `result ${String(unknown.result)}`
  const at = frames.findIndex(({ result }) => result !== 0)
  return at >= 0 && at < frames.length - 1 ? 'chunks after a result other than 0' : undefined
}

function checkReason(answer: Answer): string | undefined {
  return firstOf(answer, (frame) => {
    const { payload } = frame
    if (!hasReason(frame)) return false
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(payload)
      return payload.length > 256 && `a reason of ${String(payload.length)} bytes`
    } catch {
      return 'a reason that is not UTF-8'
    }
  })
}
