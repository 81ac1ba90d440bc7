// Trials of gossip: one peer publishes, and a second one sees whether the node passes it on.
import { compressMessage } from '../gossip/codec.ts'
import { OP_PRESET, OPBNB_PRESET } from '../gossip/parameters.ts'
import { blocksTopic } from '../gossip/topic.ts'
import { type TopicVersion } from '../block-message/codec.ts'
import { type BlockPlan, makeBlock } from './block-maker.ts'
import { expectRule, NotRun, requireGiven } from './verdict.ts'
import { type GossipPair } from './gossip-peers.ts'
import { type WireMessage } from './gossip-wire.ts'
import { type Subject } from './subject.ts'
import { waitUntil } from './patience.ts'

/** A peer that the node listens to no more is replaced once. */
const SENDERS_MAX = 2
/** Where there is nothing to hold against it, so much of the patience is spent on what must not come. */
const UNPROVEN_PART = 1 / 10
/** Signs where no signature counts. */
const NOBODYS_KEY = new Uint8Array(32).fill(1)

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
  message: WireMessage,
  what: string
): Promise<void> {
  const isForwarded = await isPassedOn(subject, message)
  expectRule(isForwarded, `${what} is not passed on`)
}

/**
 * True once it is passed on. A node may listen no more to a peer for what it sent before: where it does not pass on what
 * surely is sound either, another peer sends the message.
 */
async function isPassedOn(subject: Subject, message: WireMessage): Promise<boolean> {
  const { gossip } = subject
  for (let attempt = 1; ; attempt++) {
    const outcome = await publishOnce(subject, message)
    if (outcome === 'passed on') return true
    if (attempt === SENDERS_MAX) return false
    if (outcome === 'sender closed') continue // the pair has another one next time
    const control = await publishPlan(subject, soundPlan(subject))
    if ((await publishOnce(subject, control)) === 'passed on') return false
    await gossip.replaceSender()
  }
}

async function publishOnce(
  { options, gossip }: Subject,
  message: WireMessage
): Promise<'passed on' | 'sender closed' | 'nothing'> {
  const { sender, watcher } = await gossip.pair()
  sender.publish(message)
  const isDecided = () => watcher.hasReceived(message) || !sender.isOpen
  await waitUntil(isDecided, options.patienceMs)
  if (watcher.hasReceived(message)) return 'passed on'
  return sender.isOpen ? 'nothing' : 'sender closed'
}

/** The pair, once a sound block of its sender was passed on. Throws NotRun where none is. */
export async function heardPair(subject: Subject): Promise<GossipPair> {
  const sound = await publishPlan(subject, soundPlan(subject))
  if (!(await isPassedOn(subject, sound))) {
    throw new NotRun('the node passes no sound block on; see GO-2 forward')
  }
  return subject.gossip.pair()
}

/** Those of the messages that are passed on, sent by a peer that the node listens to. Throws NotRun where that cannot be seen. */
export async function passedOnOf(
  subject: Subject,
  messages: readonly WireMessage[]
): Promise<readonly WireMessage[]> {
  const { sender, watcher } = await heardPair(subject)
  for (const message of messages) sender.publish(message)
  await heardPair(subject) // it reads in order: when this is over it is through with those before
  if (!watcher.isOpen) throw new NotRun('the node closed the stream of the peer that watches')
  return messages.filter((message) => watcher.hasReceived(message))
}

/**
 * Publishes what has to be refused, and throws RuleBroken where it is passed on. Without the signer's key there is no
 * sound block to show that anything would be: what is passed on is seen all the same, what is not proves nothing.
 */
export async function expectNotForwarded(
  subject: Subject,
  build: (key: Uint8Array) => Promise<readonly WireMessage[]>,
  { needsKey = true } = {}
): Promise<void> {
  const { gossip, options } = subject
  const { signerKey, patienceMs } = options
  if (needsKey || signerKey !== undefined) {
    const refused = await build(requireGiven(signerKey, 'needs --signer-key'))
    expectNone(refused, await passedOnOf(subject, refused))
    return
  }
  const { sender, watcher } = await gossip.pair()
  const refused = await build(NOBODYS_KEY)
  for (const message of refused) sender.publish(message)
  const isAny = () => refused.some((message) => watcher.hasReceived(message))
  await waitUntil(isAny, patienceMs * UNPROVEN_PART)
  expectNone(
    refused,
    refused.filter((message) => watcher.hasReceived(message))
  )
  throw new NotRun(
    'it passed nothing on, which no sound block can be held against; needs --signer-key'
  )
}

function expectNone(sent: readonly WireMessage[], passedOn: readonly WireMessage[]): void {
  const seen = `${String(passedOn.length)} of ${String(sent.length)} messages passed on`
  expectRule(passedOn.length === 0, seen)
}
