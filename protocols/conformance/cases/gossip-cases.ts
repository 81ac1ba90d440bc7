// GO: block gossip as it is meant to be: topics, sound blocks passed on, message ids, ages at the edge.
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isTopicVersion, type TopicVersion } from '../../block-message/codec.ts'
import { messageId } from '../../gossip/codec.ts'
import { blocksTopic, parseBlocksTopic, TOPIC_VERSIONS } from '../../gossip/topic.ts'
import { toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import {
  expectForwarded,
  heardPair,
  maxAgeSeconds,
  nowSeconds,
  publishPlan,
  soundPlan
} from '../gossip-trial.ts'
import { waitUntil, watch } from '../patience.ts'
import { type Subject } from '../subject.ts'
import { readStatus } from '../suite-peer.ts'
import { expectRule, NotRun } from '../verdict.ts'

const MARGIN_SECONDS = 3n
const TRIES_AT_THE_EDGE = 10
/** The node's clock is known from its status to so much. */
const CLOCK_BLUR_MS = 200
/** Past the full second, whatever the blur. */
const PAST_SECOND_MS = 300
/** A heartbeat or two, in which the node learns who wants to be in its mesh. */
const SETTLING_MS = 1_200
const TRANSACTION_BYTES = 2_000

/** Cases of protocols/gossip in which a block is passed on. */
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
    id: 'GO-6 message id',
    rules: ['GO-6'],
    title: 'announces messages by the id of topic and content',
    run: checkMessageId
  },
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
  }
]

async function checkTopics({ options, chainId, gossip }: Subject): Promise<void> {
  const { watcher } = await gossip.pair()
  const due = TOPIC_VERSIONS.map((version) => blocksTopic(chainId, version))
  const missing = () => due.filter((topic) => !watcher.subscriptions.has(topic))
  await waitUntil(() => missing().length === 0, options.patienceMs)
  expectRule(missing().length === 0, `not to ${missing().join(', ')}`)
}

async function checkForward(subject: Subject): Promise<void> {
  const versions: readonly TopicVersion[] = TOPIC_VERSIONS
  for (const version of versions) {
    const sent = await publishPlan(subject, { ...soundPlan(subject), version })
    await expectForwarded(subject, sent, `a sound block of version ${String(version)}`)
    const { watcher } = await subject.gossip.pair()
    const got = watcher.messages.find(({ data }) => Buffer.compare(data, sent.data) === 0)
    expectRule(got?.topic === sent.topic, `on topic ${got?.topic ?? 'none'}`)
  }
  const { watcher } = await subject.gossip.pair()
  for (const { topic, from, seqno, signature, key } of watcher.messages) {
    const extra = { from, seqno, signature, key }
    const names = Object.entries(extra).filter(([, bytes]) => bytes !== undefined)
    expectRule(names.length === 0, `with ${names.map(([name]) => name).join(', ')}`)
    const version = parseBlocksTopic(topic)?.version
    expectRule(version !== undefined && isTopicVersion(version), `a message on topic ${topic}`)
  }
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
  await expectForwarded(subject, sent, 'a sound block')
  const announced = () => [...pair.watcher.announcedIds, ...aside.announcedIds].map(toHex)
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
  const due = toHex(messageId(sha256, sent.topic, sent.data))
  if (await waitUntil(() => announced().includes(due), options.patienceMs)) return
  if (announced().length === 0) throw new NotRun('the node announces no message id')
  expectRule(false, `announced ${announced().slice(-3).join(', ')}, not ${due}`)
}

async function checkAges(subject: Subject): Promise<void> {
  for (const [what, timestamp] of [
    ['an old block', nowSeconds() - maxAgeSeconds(subject) + MARGIN_SECONDS],
    ['an early block', nowSeconds() + 5n - 1n]
  ] as const) {
    const plan = { ...soundPlan(subject), timestamp }
    await expectForwarded(subject, await publishPlan(subject, plan), what)
  }
}

/**
 * A block as old as it may be in whole seconds, sent a part of a second later. That it is refused tells something only
 * where the node was through with it before the second was over, which on a busy machine takes more tries.
 */
async function checkWholeSeconds(subject: Subject): Promise<void> {
  const { options, ownStatus } = subject
  const { clockMs } = await readStatus(options, ownStatus())
  const aheadMs = Number(clockMs) - Date.now()
  const nodeNowMs = () => Date.now() + (Math.abs(aheadMs) > CLOCK_BLUR_MS ? aheadMs : 0)
  for (let attempt = 1; attempt <= TRIES_AT_THE_EDGE; attempt++) {
    const { sender, watcher } = await heardPair(subject)
    await delay((1000 + PAST_SECOND_MS - (nodeNowMs() % 1000)) % 1000)
    const second = Math.floor(nodeNowMs() / 1000)
    const timestamp = BigInt(second) - maxAgeSeconds(subject)
    const sent = await publishPlan(subject, { ...soundPlan(subject), timestamp })
    sender.publish(sent)
    await heardPair(subject)
    if (watcher.hasReceived(sent)) return
    const isSecondOver = nodeNowMs() + CLOCK_BLUR_MS >= (second + 1) * 1000
    expectRule(isSecondOver, 'a block at the limit and a part of a second is refused')
  }
  throw new NotRun('the node is never through with a block before the second is over')
}
