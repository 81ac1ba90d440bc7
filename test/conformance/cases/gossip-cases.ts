// GO: block gossip, seen by a second peer of the suite.
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { compressBlock } from '../../../protocols/snappy-block.ts'
import { isTopicVersion, type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { messageId } from '../../../protocols/gossip/codec.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../../protocols/gossip/parameters.ts'
import { blocksTopic, parseBlocksTopic, TOPIC_VERSIONS } from '../../../protocols/gossip/topic.ts'
import { type BlockPlan, keccak256, makeBlock, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { expectRule, NotRun } from '../verdict.ts'
import {
  expectForwarded,
  expectNotForwarded,
  nowSeconds,
  publishedBlock,
  publishPlan,
  settle,
  soundPlan,
  withPair
} from '../gossip-trial.ts'
import { type WireMessage } from '../gossip-wire.ts'
import { type Subject } from '../subject.ts'
import { readStatus } from '../suite-peer.ts'
import { waitUntil, watch } from '../patience.ts'

const HASHES_PER_HEIGHT_MAX = 6
const MARGIN_SECONDS = 3n
const OTHER_KEY = keccak256(Uint8Array.of(0x6f))
const TRIES_AT_THE_EDGE = 10
/** The node's clock is known from its status to so much. */
const CLOCK_BLUR_MS = 200
/** Past the full second, whatever the blur. */
const PAST_SECOND_MS = 300
/** A heartbeat or two, in which the node learns who wants to be in its mesh. */
const SETTLING_MS = 1_200
const TRANSACTION_BYTES = 2_000

/** Cases of protocols/gossip. */
export const GOSSIP_CASES: readonly ConformanceCase[] = [
  {
    id: 'GO-1 topics',
    rules: ['GO-1'],
    title: 'subscribes to the topics of all four versions',
    run: checkTopics
  },
  {
    id: 'GO-2 forward',
    rules: ['GO-2', 'GO-3', 'GO-4'],
    title: 'passes a sound block on, on its topic, with no author',
    run: checkForward
  },
  {
    id: 'GO-3 author',
    rules: ['GO-3'],
    title: 'does not pass on a message with author, number and signature',
    run: checkAuthor
  },
  refused('GO-4', 'a framed snappy stream', (subject, key) => framed(subject, key)),
  refused('GO-5', 'a block that claims 1 GiB', (subject) =>
    oneOf(subject, claim([0x80, 0x80, 0x80, 0x80, 0x04]))
  ),
  refused('GO-5', 'a block of 65 bytes', (subject) =>
    oneOf(subject, compressBlock(new Uint8Array(65)))
  ),
  {
    id: 'GO-6 message id',
    rules: ['GO-6'],
    title: 'announces messages by the id of topic and content',
    run: checkMessageId
  },
  refused('GO-7', 'bytes that are no snappy', (subject) =>
    oneOf(subject, new Uint8Array(200).fill(0xff))
  ),
  refused('GO-9', 'a signature of another key', (subject) =>
    publishPlan(subject, soundPlan(subject), { key: OTHER_KEY })
  ),
  refused('GO-9', 'v 27', async (subject, key) => {
    const message = await makeBlock(soundPlan(subject), { key, chainId: subject.chainId })
    message[64] = message[64]! + 27
    return publishedBlock(subject.chainId, 3, message)
  }),
  refused('GO-10', 'a message of another version', async (subject, key) => {
    const message = await makeBlock(
      { ...soundPlan(subject), version: 0 },
      { key, chainId: subject.chainId }
    )
    return publishedBlock(subject.chainId, 3, message)
  }),
  refusedPlan(
    'GO-11',
    'a block that is too old',
    (subject) => ({
      timestamp: nowSeconds() - maxAge(subject) - MARGIN_SECONDS
    }),
    ['GO-18']
  ),
  refusedPlan(
    'GO-11',
    'a block too far ahead',
    () => ({ timestamp: nowSeconds() + 5n + MARGIN_SECONDS }),
    ['GO-18']
  ),
  {
    id: 'GO-18 ages',
    rules: ['GO-18', 'GO-11'],
    title: 'passes on blocks that are just young enough, and early enough',
    run: checkAges
  },
  {
    id: 'GO-16 whole seconds',
    rules: ['GO-16'],
    title: 'compares ages in whole seconds',
    run: checkWholeSeconds
  },
  refusedPlan('GO-12', 'a false block hash', () => ({ blockHash: keccak256(Uint8Array.of(1)) })),
  refusedPlan('GO-13', 'blob gas', () => ({ payload: { blobGasUsed: 131_072n } })),
  refusedPlan('GO-13', 'a withdrawal', () => ({
    payload: {
      withdrawals: [{ index: 0n, validatorIndex: 0n, address: new Uint8Array(20), amount: 1n }]
    }
  })),
  {
    id: 'GO-14 repeat',
    rules: ['GO-14'],
    title: 'does not pass on the same block under another signature',
    run: checkRepeat
  },
  {
    id: 'GO-15 height',
    rules: ['GO-15'],
    title: 'passes six blocks of one height on and no seventh',
    run: checkHeight
  },
  {
    id: 'GO-17 counting',
    rules: ['GO-17'],
    title: 'does not count what it refused',
    run: checkCounting
  }
]

function maxAge({ options: { preset } }: Subject): bigint {
  return BigInt((preset === 'op' ? OP_PRESET : OPBNB_PRESET).maxAgeSeconds)
}

function refused(
  rule: string,
  what: string,
  build: (subject: Subject, key: Uint8Array) => Promise<WireMessage> | WireMessage
): ConformanceCase {
  return {
    id: `${rule} ${what}`,
    rules: [rule],
    title: `does not pass on ${what}`,
    run: (subject) =>
      expectNotForwarded(subject, async (key) => [await build(subject, key)], { needsKey: false })
  }
}

function refusedPlan(
  rule: string,
  what: string,
  change: (subject: Subject) => Partial<BlockPlan>,
  more: readonly string[] = []
): ConformanceCase {
  return {
    id: `${rule} ${what}`,
    rules: [rule, ...more],
    title: `does not pass on ${what}`,
    run: (subject) =>
      expectNotForwarded(subject, async () => {
        return [await publishPlan(subject, { ...soundPlan(subject), ...change(subject) })]
      })
  }
}

function oneOf({ chainId }: Subject, bytes: Uint8Array): WireMessage {
  return { topic: blocksTopic(chainId, 3), data: bytes }
}

/** A snappy block of this length, as it claims, with little behind it. */
function claim(length: readonly number[]): Uint8Array {
  return Uint8Array.of(...length, ...new Uint8Array(100))
}

async function framed(subject: Subject, key: Uint8Array): Promise<WireMessage> {
  const message = await makeBlock(soundPlan(subject), { key, chainId: subject.chainId })
  const header = Uint8Array.of(0xff, 6, 0, 0, ...Buffer.from('sNaPpY'))
  const body = compressBlock(message)
  const length = body.length + 4
  const chunk = Uint8Array.of(0, length & 0xff, length >> 8, 0, 0, 0, 0, 0, ...body)
  return oneOf(subject, Uint8Array.of(...header, ...chunk))
}

async function checkTopics({ options, chainId, gossip }: Subject): Promise<void> {
  const { watcher } = await gossip.pair()
  const due = TOPIC_VERSIONS.map((version) => blocksTopic(chainId, version))
  const missing = () => due.filter((topic) => !watcher.subscriptions.has(topic))
  await waitUntil(() => missing().length === 0, options.patienceMs)
  expectRule(missing().length === 0, `not to ${missing().join(', ')}`)
}

async function checkForward(subject: Subject): Promise<void> {
  const versions: readonly TopicVersion[] = TOPIC_VERSIONS
  await withPair(subject, async (pair) => {
    for (const version of versions) {
      const sent = await publishPlan(subject, { ...soundPlan(subject), version })
      await expectForwarded(subject, pair, sent, `a sound block of version ${String(version)}`)
      const got = pair.watcher.messages.find(({ data }) => Buffer.compare(data, sent.data) === 0)
      expectRule(got?.topic === sent.topic, `on topic ${got?.topic ?? 'none'}`)
    }
    for (const { topic, from, seqno, signature, key } of pair.watcher.messages) {
      const extra = { from, seqno, signature, key }
      const names = Object.entries(extra).filter(([, bytes]) => bytes !== undefined)
      expectRule(names.length === 0, `with ${names.map(([name]) => name).join(', ')}`)
      const version = parseBlocksTopic(topic)?.version
      expectRule(version !== undefined && isTopicVersion(version), `a message on topic ${topic}`)
    }
  })
}

async function checkAuthor(subject: Subject): Promise<void> {
  await expectNotForwarded(subject, async () => {
    const sound = await publishPlan(subject, soundPlan(subject))
    const author = { from: Uint8Array.of(0, 2, 1, 2), seqno: new Uint8Array(8) }
    return [{ ...sound, ...author, signature: new Uint8Array(64).fill(1) }]
  })
}

/** Announced to peers in the mesh before the message (IDONTWANT), or to the others after it (IHAVE). */
async function checkMessageId(subject: Subject): Promise<void> {
  const { options, gossip } = subject
  const pair = await gossip.pair()
  const aside = await gossip.join({ grafts: false })
  await watch(SETTLING_MS)
  // Small messages are not announced to the mesh.
  const transactions = [Uint8Array.of(2, ...randomBytes(TRANSACTION_BYTES))]
  const sent = await publishPlan(subject, { ...soundPlan(subject), payload: { transactions } })
  await expectForwarded(subject, pair, sent, 'a sound block')
  const announced = () => [...pair.watcher.announcedIds, ...aside.announcedIds].map(toHex)
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
  const due = toHex(messageId(sha256, sent.topic, sent.data))
  if (await waitUntil(() => announced().includes(due), options.patienceMs)) return
  if (announced().length === 0) throw new NotRun('the node announces no message id')
  expectRule(false, `announced ${announced().slice(-3).join(', ')}, not ${due}`)
}

async function checkAges(subject: Subject): Promise<void> {
  await withPair(subject, async (pair) => {
    for (const [what, timestamp] of [
      ['an old block', nowSeconds() - maxAge(subject) + MARGIN_SECONDS],
      ['an early block', nowSeconds() + 5n - 1n]
    ] as const) {
      const plan = { ...soundPlan(subject), timestamp }
      await expectForwarded(subject, pair, await publishPlan(subject, plan), what)
    }
  })
}

/**
 * A block as old as it may be in whole seconds, sent a part of a second later. That it is refused tells something only
 * where the node was through with it before the second was over, which on a busy machine takes more tries.
 */
async function checkWholeSeconds(subject: Subject): Promise<void> {
  const { options, genesisHash } = subject
  const { clockMs } = await readStatus(options, genesisHash)
  const aheadMs = Number(clockMs) - Date.now()
  const nodeNowMs = () => Date.now() + (Math.abs(aheadMs) > CLOCK_BLUR_MS ? aheadMs : 0)
  await withPair(subject, async (pair) => {
    for (let attempt = 1; attempt <= TRIES_AT_THE_EDGE; attempt++) {
      await delay((1000 + PAST_SECOND_MS - (nodeNowMs() % 1000)) % 1000)
      const second = Math.floor(nodeNowMs() / 1000)
      const timestamp = BigInt(second) - maxAge(subject)
      const sent = await publishPlan(subject, { ...soundPlan(subject), timestamp })
      pair.sender.publish(sent)
      await settle(subject, pair)
      if (pair.watcher.hasReceived(sent)) return
      const isSecondOver = nodeNowMs() + CLOCK_BLUR_MS >= (second + 1) * 1000
      expectRule(isSecondOver, 'a block at the limit and a part of a second is refused')
    }
    throw new NotRun('the node is never through with a block before the second is over')
  })
}

async function checkRepeat(subject: Subject): Promise<void> {
  await withPair(subject, async (pair) => {
    const plan = soundPlan(subject)
    const first = await publishPlan(subject, plan)
    await expectForwarded(subject, pair, first, 'a sound block')
    const second = await publishPlan(subject, plan, { isVaried: true })
    pair.sender.publish(second)
    await settle(subject, pair)
    expectRule(!pair.watcher.hasReceived(second), 'the same block passed on a second time')
  })
}

async function checkHeight(subject: Subject): Promise<void> {
  await withPair(subject, async (pair) => {
    const plan = soundPlan(subject)
    const build = (salt: number) =>
      publishPlan(subject, { ...plan, payload: { gasUsed: BigInt(salt) } })
    for (let salt = 1; salt <= HASHES_PER_HEIGHT_MAX; salt++) {
      await expectForwarded(subject, pair, await build(salt), `block ${String(salt)} of a height`)
    }
    const seventh = await build(HASHES_PER_HEIGHT_MAX + 1)
    pair.sender.publish(seventh)
    await settle(subject, pair)
    expectRule(!pair.watcher.hasReceived(seventh), 'a seventh block of a height passed on')
  })
}

async function checkCounting(subject: Subject): Promise<void> {
  await withPair(subject, async (pair) => {
    const plan = soundPlan(subject)
    const refusedBlocks: WireMessage[] = []
    for (let salt = 1; salt <= HASHES_PER_HEIGHT_MAX + 1; salt++) {
      const payload = { gasUsed: BigInt(salt) }
      const old = { ...plan, payload, timestamp: nowSeconds() - maxAge(subject) - 100n }
      refusedBlocks.push(await publishPlan(subject, old))
      refusedBlocks.push(await publishPlan(subject, { ...plan, payload }, { key: OTHER_KEY }))
    }
    for (const message of refusedBlocks) pair.sender.publish(message)
    await settle(subject, pair)
    if (refusedBlocks.some((message) => pair.watcher.hasReceived(message))) {
      throw new NotRun('it refuses too little; see GO-9 and GO-11')
    }
    const sound = await publishPlan(subject, plan)
    await expectForwarded(subject, pair, sound, 'a sound block at a height of refused ones')
  })
}
