// Trials of gossip: one peer publishes, and a second one sees whether the node passes it on.
import { compressMessage } from '../../protocols/gossip/codec.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../protocols/gossip/parameters.ts'
import { blocksTopic } from '../../protocols/gossip/topic.ts'
import { type TopicVersion } from '../../protocols/block-message/codec.ts'
import { type BlockPlan, makeBlock } from './block-maker.ts'
import { expectRule, NotRun, requireGiven } from './verdict.ts'
import { type GossipPeer } from './gossip-peer.ts'
import { type GossipPair } from './gossip-peers.ts'
import { type WireMessage } from './gossip-wire.ts'
import { type Subject } from './subject.ts'
import { waitUntil, watch } from './patience.ts'

const SENDERS_MAX = 2

/** Runs with the pair. */
export async function withPair<T>(
  { gossip }: Subject,
  run: (pair: GossipPair) => Promise<T>
): Promise<T> {
  return run(await gossip.pair())
}

/** A block message as it is published on its topic. */
export function publishedBlock(
  chainId: bigint,
  version: TopicVersion,
  message: Uint8Array
): WireMessage {
  return { topic: blocksTopic(chainId, version), data: compressMessage(message) }
}

/** A plan that breaks nothing: now, at a height of its own. */
export function soundPlan(subject: Subject): BlockPlan & { readonly version: TopicVersion } {
  return { number: subject.freeHeight(), timestamp: nowSeconds(), version: 3 }
}

/** The wall clock, rounded down. */
export function nowSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1000))
}

/** The oldest that a block may be, by the node's preset (GO-18). */
export function maxAgeSeconds({ options: { preset } }: Subject): bigint {
  return BigInt((preset === 'op' ? OP_PRESET : OPBNB_PRESET).maxAgeSeconds)
}

/** A published block of the plan, signed by the chain's signer or whom else is named. */
export async function publishPlan(
  subject: Subject,
  plan: BlockPlan,
  { key, isVaried }: { readonly key?: Uint8Array; readonly isVaried?: boolean } = {}
): Promise<WireMessage> {
  const { options, chainId } = subject
  const signing = key ?? requireGiven(options.signerKey, 'needs --signer-key')
  const signed = { key: signing, chainId, isVaried: isVaried === true }
  return publishedBlock(chainId, plan.version ?? 3, await makeBlock(plan, signed))
}

/** Publishes and throws RuleBroken unless it is passed on. */
export async function expectForwarded(
  subject: Subject,
  { watcher }: GossipPair,
  message: WireMessage,
  what: string
): Promise<void> {
  const isForwarded = await isPassedOn(subject, watcher, message)
  expectRule(isForwarded, `${what} is not passed on`)
}

/** A node that sends a peer away for what it sent before reads no more of it: then a new peer sends the message. */
async function isPassedOn(
  { options, gossip }: Subject,
  watcher: GossipPeer,
  message: WireMessage
): Promise<boolean> {
  for (let attempt = 1; attempt <= SENDERS_MAX; attempt++) {
    const { sender } = await gossip.pair()
    sender.publish(message)
    const isDecided = () => watcher.hasReceived(message) || !sender.isOpen
    await waitUntil(isDecided, options.patienceMs)
    if (watcher.hasReceived(message)) return true
    if (sender.isOpen) return false
  }
  return false
}

/**
 * Publishes what has to be refused, then a sound block, and throws RuleBroken where the first came through.
 * Without the signer's key there is no sound block, and the suite waits out its patience instead.
 */
export async function expectNotForwarded(
  subject: Subject,
  build: (key: Uint8Array) => Promise<readonly WireMessage[]>,
  { needsKey = true } = {}
): Promise<void> {
  const { options } = subject
  const { signerKey } = options
  if (needsKey) requireGiven(signerKey, 'needs --signer-key')
  await withPair(subject, async (pair) => {
    const refused = await build(signerKey ?? new Uint8Array(32).fill(1))
    for (const message of refused) pair.sender.publish(message)
    await settle(subject, pair)
    const count = refused.filter((message) => pair.watcher.hasReceived(message)).length
    expectRule(count === 0, `${String(count)} of ${String(refused.length)} messages passed on`)
  })
}

/** Waits until the node is through with all that was published so far. */
export async function settle(subject: Subject, pair: GossipPair): Promise<void> {
  const { patienceMs, signerKey } = subject.options
  if (signerKey === undefined) {
    await watch(patienceMs)
    return
  }
  const sound = await publishPlan(subject, soundPlan(subject))
  const isPassed = await isPassedOn(subject, pair.watcher, sound)
  if (!isPassed) throw new NotRun('the node passes no sound block on; see GO-2 forward')
}
