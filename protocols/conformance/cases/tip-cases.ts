// TI: which block a node holds above, or instead of, the asker's head.
import { linesOf } from '../asking.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { expectRule, expectSeen, NotRun, requireGiven } from '../verdict.ts'
import { makeBlock } from '../block-maker.ts'
import { publishedBlock } from '../gossip-trial.ts'
import { type Subject } from '../subject.ts'
import { newPeerKey, withGossipPeer, withPeer } from '../suite-peer.ts'
import { messagesOf, tipOf } from '../served-messages.ts'
import { FAR_ABOVE, lowestBlock, NO_BLOCK, requests, type TipQuestion } from '../survey.ts'
import { waitUntil } from '../patience.ts'
import { isNone } from '../raw-status.ts'
import { MESSAGE_MIN_BYTES } from './message-chunks.ts'
import { expectRefused, requestsOf } from './refusal.ts'

const SAME = 0
const BEHIND = 1
const AHEAD = 2
const CONFLICT = 3
const UNAVAILABLE = 1

/** Cases of protocols/signed-tip that ask. */
export const TIP_REQUEST_CASES: readonly ConformanceCase[] = [
  {
    id: 'TI-1 request',
    rules: ['TI-1'],
    title: 'refuses a request of another size or of height none',
    run: checkRequest
  },
  {
    id: 'TI-10 older connections',
    rules: ['TI-10'],
    title: 'closes older connections of the asker first',
    run: checkOlderConnections
  }
]

/** Cases of protocols/signed-tip: what every answer looks like. */
export const TIP_ANSWER_CASES: readonly ConformanceCase[] = [
  {
    id: 'TI-2 relation',
    rules: ['TI-2'],
    title: 'says a relation from 0 to 3',
    run: (subject) =>
      checkTips(subject, ({ relation }) => relation > CONFLICT && `relation ${String(relation)}`)
  },
  {
    id: 'TI-3 message',
    rules: ['TI-3'],
    title: 'sends a message with all relations but same, and none with that',
    run: (subject) =>
      checkTips(subject, ({ relation, version, offset, message }) => {
        if (offset !== 6) return `offset ${String(offset)}`
        const isWrong =
          relation === SAME
            ? version !== 0 || message.length > 0
            : version > 3 || message.length < MESSAGE_MIN_BYTES
        return isWrong && `version ${String(version)}, ${String(message.length)} bytes`
      })
  },
  {
    id: 'TI-4 version',
    rules: ['TI-4', 'FR-7'],
    title: 'sets version 0 in the header of the chunk',
    run: async ({ survey }) => {
      const answers = [...survey.tips.values()]
      for (const answer of answers) {
        const wrong = answer.frames.some(({ result, version }) => result === 0 && version !== 0)
        expectRule(!wrong, linesOf([answer]))
      }
      const frames = answers.flatMap((answer) => answer.frames)
      expectSeen(frames.filter(({ result }) => result === 0).length, 'the node gives no tip')
    }
  },
  { id: 'TI-5 conflict', rules: ['TI-5'], title: 'says conflict before ahead', run: checkConflict },
  {
    id: 'TI-5 ahead',
    rules: ['TI-5'],
    title: 'says ahead, with its highest block, where it holds more',
    run: checkAhead
  },
  {
    id: 'TI-5 behind',
    rules: ['TI-5', 'TI-7'],
    title: 'says behind, with its highest block, where it holds less',
    run: checkBehind
  },
  {
    id: 'TI-6 one chunk',
    rules: ['TI-6', 'FR-10'],
    title: 'answers exactly one chunk',
    run: async ({ survey }) => {
      const wrong = [...survey.tips.values()].filter(({ frames }) => frames.length !== 1)
      expectRule(wrong.length === 0, linesOf(wrong))
      expectSeen(survey.tips.size, 'the node was asked for no tip')
    }
  },
  {
    id: 'TI-9 genesis',
    rules: ['TI-9', 'TI-8'],
    title: 'speaks for genesis alone only when it holds no more',
    run: checkGenesis
  },
  {
    id: 'TI-9 another genesis',
    rules: ['TI-9'],
    title: 'answers result 1 to another genesis',
    run: checkOtherGenesis
  },
  {
    id: 'TI-11 proof',
    rules: ['TI-11'],
    title: 'names a block whose height fits the relation',
    run: checkHeights
  }
]

/** The one that publishes a block, after which a sequencer may stop building. */
export const TIP_GOSSIP_CASES: readonly ConformanceCase[] = [
  {
    id: 'TI-10 gossip',
    rules: ['TI-10', 'TI-7', 'TI-13'],
    title: 'counts gossip that it received before the question',
    run: checkGossipCounted
  }
]

async function checkRequest(subject: Subject): Promise<void> {
  const sound = requests.tip(0n, subject.genesisHash)
  const none = sound.slice()
  none.fill(0xff, 0, 8)
  const requested = requestsOf('signed_tip', [
    ['39 bytes', sound.subarray(0, 39)],
    ['height none', none]
  ])
  await expectRefused(subject, requested)
}

async function checkTips(
  { survey }: Subject,
  check: (tip: NonNullable<ReturnType<typeof tipOf>>) => string | false
): Promise<void> {
  const tips = [...survey.tips.values()].map((answer) => ({ answer, tip: tipOf(answer) }))
  if (tips.every(({ tip }) => tip === undefined)) throw new NotRun('the node gives no tip')
  for (const { answer, tip } of tips) {
    const problem = tip !== undefined && check(tip)
    expectRule(problem === false, `${answer.what}: ${String(problem)}`)
  }
}

async function checkConflict({ survey }: Subject): Promise<void> {
  if (survey.head.number < 2n) throw new NotRun('the node holds no two blocks')
  const tip = tipOf(survey.tips.get('another first'))
  expectRule(tip?.relation === CONFLICT, describe(survey.tips, 'another first'))
}

async function checkAhead({ survey }: Subject): Promise<void> {
  if (survey.head.number < 2n) throw new NotRun('the node holds no two blocks')
  const [first] = messagesOf(survey.ranges.get('three'))
  requireGiven(first?.block, 'the node serves no block whose hash could be asked with')
  const tip = tipOf(survey.tips.get('first block'))
  expectRule(tip?.relation === AHEAD, describe(survey.tips, 'first block'))
}

async function checkBehind({ survey, status }: Subject): Promise<void> {
  if (isNone(status.acceptedNumber)) throw new NotRun('the node has accepted no block')
  const answer = survey.tips.get('far above')
  const tip = tipOf(answer)
  expectRule(tip?.relation === BEHIND, describe(survey.tips, 'far above'))
  const block = survey.messages.find(({ what }) => what === answer?.what)?.block
  const number = requireGiven(block, 'the message does not decode').payload.blockNumber
  expectRule(number >= status.acceptedNumber, `block ${String(number)}, less than its status says`)
  expectRule(number < FAR_ABOVE, 'a block above the asked height')
}

async function checkGenesis({ survey, status }: Subject): Promise<void> {
  const answer = requireGiven(survey.tips.get('genesis'), 'it was not asked')
  const result = answer.frames[0]?.result
  const relation = tipOf(answer)?.relation
  const seen = describe(survey.tips, 'genesis')
  if (isNone(status.acceptedNumber)) {
    expectRule(result === UNAVAILABLE || relation === SAME, seen)
    const above = survey.tips.get('far above')
    expectRule(above?.frames[0]?.result === UNAVAILABLE, describe(survey.tips, 'far above'))
  } else {
    expectRule(relation === AHEAD || result === UNAVAILABLE, seen)
    if (relation !== AHEAD) throw new NotRun('the node cannot say which block it holds (TI-8)')
  }
}

async function checkOtherGenesis({ survey }: Subject): Promise<void> {
  const answer = requireGiven(survey.tips.get('another genesis'), 'it was not asked')
  const [first] = answer.frames
  expectRule(first?.result === UNAVAILABLE, describe(survey.tips, 'another genesis'))
}

async function checkOlderConnections({ options, genesisHash }: Subject): Promise<void> {
  const privateKey = await newPeerKey()
  const asked = {
    protocol: 'signed_tip',
    what: 'tip',
    bytes: requests.tip(0n, genesisHash)
  } as const
  await withPeer(
    options,
    (older) =>
      withPeer(
        options,
        async (newer) => {
          await newer.ask(asked)
          const { connection } = older
          const isGone = await waitUntil(() => connection.status !== 'open', options.patienceMs)
          expectRule(isGone, 'the older connection stays open')
          expectRule(newer.connection.status === 'open', 'the asking connection was closed')
        },
        { privateKey }
      ),
    { privateKey }
  )
}

async function checkGossipCounted(subject: Subject): Promise<void> {
  const { options, chainId } = subject
  const key = requireGiven(options.signerKey, 'needs --signer-key')
  const number = subject.freeHeight()
  const timestamp = BigInt(Math.floor(Date.now() / 1000))
  const message = await makeBlock({ number, timestamp }, { key, chainId })
  await withGossipPeer(options, async ({ ask }, gossip) => {
    gossip.publish(publishedBlock(chainId, 3, message))
    // The bytes of one connection arrive in order, so the node has the block when the question comes.
    const bytes = requests.tip(number, NO_BLOCK)
    const answer = await ask({ protocol: 'signed_tip', what: 'tip', bytes })
    expectRule(tipOf(answer)?.relation === CONFLICT, `it does not hold it: ${linesOf([answer])}`)
  })
}

async function checkHeights({ survey, chainId, status }: Subject): Promise<void> {
  const asked = new Map<TipQuestion, bigint>([
    ['genesis', 0n],
    ['head', survey.head.number],
    ['first block', lowestBlock(status)],
    ['another first', lowestBlock(status)],
    ['far above', FAR_ABOVE]
  ])
  if (survey.messages.length === 0) throw new NotRun(`no block of chain ${String(chainId)} came`)
  let seenCount = 0
  for (const [question, number] of asked) {
    const answer = survey.tips.get(question)
    const tip = tipOf(answer)
    const block = survey.messages.find(({ what }) => what === answer?.what)?.block
    if (tip === undefined || block === undefined) continue
    const height = block.payload.blockNumber
    const fits =
      (tip.relation === BEHIND && height < number) ||
      (tip.relation === AHEAD && height > number) ||
      (tip.relation === CONFLICT && height === number) ||
      tip.relation > CONFLICT
    expectRule(fits, `${question}: relation ${String(tip.relation)} with block ${String(height)}`)
    seenCount++
  }
  expectSeen(seenCount, 'the node names no block')
}

function describe(tips: Subject['survey']['tips'], question: TipQuestion): string {
  const answer = tips.get(question)
  const relation = tipOf(answer)?.relation
  if (relation !== undefined) return `${question}: relation ${String(relation)}`
  return answer === undefined ? `${question}: not asked` : linesOf([answer])
}
