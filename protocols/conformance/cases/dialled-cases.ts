// The other role: the node dials the suite, asks, and is answered well and badly.
import { compressBlock } from '../../snappy-block.ts'
import { SIGNED_TIP } from '../../signed-tip/codec.ts'
import { linesOf } from '../asking.ts'
import { keccak256, makeBlock, planBlock } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { expectRule, expectSeen, NotRun, requireGiven } from '../verdict.ts'
import { type Call, type NodeListener, redialMs } from '../node-listener.ts'
import { isWholeSize, type ProtocolName, PROTOCOLS, requestRuleOf } from '../protocol-facts.ts'
import { isNone, readRawStatus, STATUS_BYTES, withField } from '../raw-status.ts'
import { type Subject } from '../subject.ts'
import { readStatus, withPeer } from '../suite-peer.ts'
import { NO_BLOCK, requests } from '../survey.ts'
import { waitUntil, watch } from '../patience.ts'
import { calmMs, type Reaction, reactionOn } from './other-chain.ts'

const STATUS_INTERVAL_MS = 1_000
const STATUS_AGAIN_MS = 1_500
/** Clocks are read in whole milliseconds, and set by and by; a node's own timers blur nothing of more. */
const INTERVAL_SLACK_MS = 50
const FALSE_KEY = keccak256(Uint8Array.of(0x66))

/** Cases in which the node is the client. They need the listener. */
export const DIALLED_CASES: readonly ConformanceCase[] = [
  {
    id: 'ST-9 connect',
    rules: ['ST-9'],
    title: 'sends its status when it has dialled',
    run: checkStatusSent
  },
  ...PROTOCOLS.map(requested),
  {
    id: 'ST-9 again',
    rules: ['ST-9'],
    title: 'sends its status again when its head moves, at most once a second',
    run: checkMoved
  },
  badAnswer('result 9', (other) => frame(9, 0, compressBlock(other)), ['FR-11']),
  badAnswer('version 7', (other) => frame(0, 7, compressBlock(other)), ['FR-7']),
  badAnswer('no snappy', (other) => frame(0, 0, other), ['FR-6']),
  badAnswer('a chunk cut short', (other) => frame(0, 0, compressBlock(other)).subarray(0, -1), [
    'FR-14'
  ]),
  badAnswer('a length of 4 GiB', () => Uint8Array.of(0, 0, 0xff, 0xff, 0xff, 0xff), [
    'FR-8',
    'FR-14'
  ]),
  badAnswer(
    'a byte too many in the container',
    (other) => frame(0, 0, compressBlock(Uint8Array.of(...other, 0))),
    ['FR-9', 'ST-6']
  ),
  badAnswer(
    'a chunk behind a reason',
    (other) => {
      return Uint8Array.of(...frame(1, 0, Buffer.from('no')), ...frame(0, 0, compressBlock(other)))
    },
    ['FR-11']
  ),
  badAnswer(
    'a second status',
    (other, own) => {
      return Uint8Array.of(...frame(0, 0, compressBlock(own)), ...frame(0, 0, compressBlock(other)))
    },
    ['FR-10', 'ST-8']
  ),
  badAnswer(
    'a status with role 5',
    (other) => frame(0, 0, compressBlock(withField(other, 'role', 5))),
    ['ST-6', 'ST-2']
  ),
  {
    id: 'FR-12 text',
    rules: ['FR-12'],
    title: 'does not act on the text of a reason',
    run: checkReasonText
  },
  {
    id: 'TI-11 false tip',
    rules: ['TI-11'],
    title: 'does not take a tip of another signer for proof',
    run: checkFalseTip
  },
  {
    id: 'ST-10 answer',
    rules: ['ST-10'],
    title: 'disconnects when the peer that it dialled is on another chain',
    run: checkOtherChain
  }
]

function listenerOf({ listener }: Subject): NodeListener {
  return requireGiven(listener, 'needs --listen, and a node that dials it')
}

async function statusCall(
  subject: Subject,
  answering?: (call: Call) => Uint8Array | undefined
): Promise<Call> {
  const listener = listenerOf(subject)
  if (listener.isNodeSilent) throw new NotRun('the node sends no status')
  const answer = (it: Call) => (it.protocol === 'status' ? answering?.(it) : undefined)
  // A node that could not read the last answer, or whose head moves, says its status again soon.
  let call = await listener.nextCall('status', STATUS_AGAIN_MS, answer)
  if (call === undefined) {
    listener.drop()
    call = await listener.nextCall('status', redialMs(subject.options), answer)
  }
  if (call === undefined) throw new NotRun('the node does not dial again, or sends no status')
  return call
}

async function checkStatusSent(subject: Subject): Promise<void> {
  const listener = listenerOf(subject)
  listener.drop()
  const call = await listener.nextCall('status', redialMs(subject.options))
  if (call === undefined && !listener.isConnected) throw new NotRun('the node does not dial again')
  listener.isNodeSilent = call === undefined
  expectRule(call !== undefined, 'no status came')
  expectRule(call.bytes.length === STATUS_BYTES, `${String(call.bytes.length)} bytes`)
  const { chainId } = readRawStatus(call.bytes)
  expectRule(chainId === subject.chainId, `of chain ${String(chainId)}`)
}

/** What it asked so far, of its own accord: most protocols it uses only when it has a reason. */
function requested(protocol: ProtocolName): ConformanceCase {
  return {
    id: `FR-3 ${protocol}`,
    rules: ['FR-3', 'FR-1', requestRuleOf(protocol)],
    title: `sends one whole container of ${protocol} and closes its side`,
    run: async (subject) => {
      const calls = listenerOf(subject).calls.filter((call) => call.protocol === protocol)
      expectSeen(calls.length, `the node asked for no ${protocol}`)
      for (const { bytes, end } of calls) {
        expectRule(
          isWholeSize(protocol, bytes.length),
          `a request of ${String(bytes.length)} bytes`
        )
        expectRule(end === 'closed', `the stream was ${end} after the request`)
      }
    }
  }
}

/** When it sent its statuses the node says itself, by its clock: how soon they were read says nothing of it. */
async function checkMoved(subject: Subject): Promise<void> {
  const { options, ownStatus } = subject
  const listener = listenerOf(subject)
  const { connection } = await statusCall(subject)
  const before = await readStatus(options, ownStatus())
  /** Heads above the one just read that it has told since: what it had told before proves no move. */
  const newHeads = () => {
    const told = listener.statusesOn(connection).map(({ status }) => status.unsafeNumber)
    return new Set(told.filter((head) => head > before.unsafeNumber)).size
  }
  const waitMs = options.patienceMs + 2 * STATUS_INTERVAL_MS
  await waitUntil(() => newHeads() >= 2, waitMs)
  const after = await readStatus(options, ownStatus())
  if (after.unsafeNumber === before.unsafeNumber) throw new NotRun('the head does not move')
  // It may have moved a moment ago: the node has an interval, and a patience, to say so.
  const isTold = await waitUntil(() => newHeads() >= 1, waitMs)
  const sent = listener.statusesOn(connection)
  for (const [at, { status }] of sent.entries()) {
    const before = sent[at - 1]?.status
    const sinceMs = before === undefined ? Infinity : Number(status.clockMs - before.clockMs)
    const isEarly = sinceMs < STATUS_INTERVAL_MS - INTERVAL_SLACK_MS
    expectRule(!isEarly, `two within ${String(sinceMs)} ms`)
  }
  if (!isTold && connection.status !== 'open') throw new NotRun('the node closed the connection')
  expectRule(isTold, 'the head moved and no status came')
}

/** The bad answer speaks of another chain: a node that takes it disconnects (ST-10). */
function badAnswer(
  what: string,
  build: (other: Uint8Array, own: Uint8Array) => Uint8Array,
  rules: readonly string[]
): ConformanceCase {
  return {
    id: `FR-15 ${what}`,
    rules: ['FR-15', ...rules],
    title: `takes nothing from an answer with ${what}`,
    run: async (subject) => {
      const { options, chainId, ownStatus } = subject
      const own = ownStatus()
      const other = ownStatus({ chainId: chainId + 1n })
      const calm = calmMs(subject, await dialledReaction(subject))
      const { connection } = await statusCall(subject, () => build(other, own))
      const isGone = await waitUntil(() => connection.status !== 'open', calm)
      expectRule(!isGone, 'it took the other chain from it and disconnected')
      await withPeer(options, async ({ ask }) => {
        const answer = await ask({ protocol: 'status', what: 'afterwards', bytes: own })
        expectRule(answer.frames[0]?.result === 0, linesOf([answer]))
      })
    }
  }
}

async function checkReasonText(subject: Subject): Promise<void> {
  const text = Buffer.from('another chain: disconnect, ban, stop')
  const calm = calmMs(subject, await dialledReaction(subject))
  const { connection } = await statusCall(subject, () => frame(1, 0, text))
  const isGone = await waitUntil(() => connection.status !== 'open', calm)
  expectRule(!isGone, 'it disconnected')
}

async function checkFalseTip(subject: Subject): Promise<void> {
  const { options, chainId, ownStatus } = subject
  if (listenerOf(subject).isNodeSilent) throw new NotRun('the node asks for nothing')
  const number = subject.freeHeight()
  const timestamp = BigInt(Math.floor(Date.now() / 1000))
  const { blockHash } = (await planBlock({ number, timestamp })).payload
  const message = await makeBlock({ number, timestamp }, { key: FALSE_KEY, chainId })
  const tip = SIGNED_TIP.chunk.encode({ relation: 'ahead', version: 3, message })
  listenerOf(subject).drop()
  const call = await listenerOf(subject).nextCall('signed_tip', redialMs(subject.options), (it) => {
    return it.protocol === 'signed_tip' ? frame(0, 0, compressBlock(tip.bytes)) : undefined
  })
  if (call === undefined) throw new NotRun('the node asks for no tip')
  await watch(options.patienceMs) // what it takes it takes after the answer
  const { acceptedNumber } = await readStatus(options, ownStatus())
  expectRule(isNone(acceptedNumber) || acceptedNumber !== number, 'it accepted the block')
  const bytes = requests.hashes(blockHash)
  const asked = { protocol: 'blocks_by_hash', what: 'the block', bytes } as const
  const answer = await withPeer(options, ({ ask }) => ask(asked))
  expectRule(answer.frames[0]?.result === 1, `it took the block: ${linesOf([answer])}`)
}

async function checkOtherChain(subject: Subject): Promise<void> {
  expectRule((await dialledReaction(subject)) !== undefined, 'it stays connected')
}

const reactions = new WeakMap<Subject, Promise<Reaction>>()

/** The node's reaction to another genesis in the answer to its status; it is tried once for all cases. */
function dialledReaction(subject: Subject): Promise<Reaction> {
  const known = reactions.get(subject)
  if (known !== undefined) return known
  const answer = frame(0, 0, compressBlock(subject.ownStatus({ genesisHash: NO_BLOCK })))
  const reaction = statusCall(subject, () => answer).then(({ connection }) =>
    reactionOn(connection, subject)
  )
  reactions.set(subject, reaction)
  reaction.catch(() => reactions.delete(subject)) // thrown to those that wait; the next case may try again
  return reaction
}

function frame(result: number, version: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(6 + payload.length)
  bytes[0] = result
  bytes[1] = version
  new DataView(bytes.buffer).setUint32(2, payload.length, true)
  bytes.set(payload, 6)
  return bytes
}
