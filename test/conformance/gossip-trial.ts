// Trials of gossip: one peer publishes, and a second one sees whether the node passes it on.
import { compressMessage } from '../../protocols/gossip/codec.ts'
import { blocksTopic } from '../../protocols/gossip/topic.ts'
import { type TopicVersion } from '../../protocols/block-message/codec.ts'
import { type BlockPlan, makeBlock } from './block-maker.ts'
import { expectRule, NotRun, requireGiven } from './conformance-case.ts'
import { GossipPeer } from './gossip-peer.ts'
import { type WireMessage } from './gossip-wire.ts'
import { type Subject, type SubjectOptions } from './subject.ts'
import { dialNode, startSuiteHost, type SuiteHost } from './suite-host.ts'
import { waitUntil } from './wait-until.ts'

/** The two peers of the trials; a node may have had enough of the one that sends. */
export interface GossipPair {
  sender: GossipPeer
  readonly watcher: GossipPeer
}

/**
 * The pair, for all trials: a node may well refuse to listen to ever new peers of one address. Its peers
 * stay connected until `stop`.
 */
export class GossipPeers {
  readonly #options: SubjectOptions
  readonly #hosts: SuiteHost[] = []
  #pair: GossipPair | undefined

  constructor(options: SubjectOptions) {
    this.#options = options
  }

  /** Two peers in the meshes of all topics. */
  async pair(): Promise<GossipPair> {
    if (this.#pair === undefined) {
      const watcher = await this.join()
      this.#pair = { watcher, sender: await this.join() }
    }
    return this.#pair
  }

  /** One more peer. */
  async join(options: { readonly grafts?: boolean } = {}): Promise<GossipPeer> {
    const { target, chainId } = this.#options
    const host = await startSuiteHost()
    this.#hosts.push(host)
    return GossipPeer.join(host, await dialNode(host, target), chainId, options)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hosts.splice(0).map((host) => host.stop()))
  }
}

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
  { options: { patienceMs } }: Subject,
  { sender, watcher }: GossipPair,
  message: WireMessage,
  what: string
): Promise<void> {
  sender.publish(message)
  const isForwarded = await waitUntil(() => watcher.hasReceived(message), patienceMs)
  expectRule(isForwarded, `${what} is not passed on`)
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
    await waitUntil(() => false, patienceMs)
    return
  }
  const sound = await publishPlan(subject, soundPlan(subject))
  pair.sender.publish(sound)
  if (await waitUntil(() => pair.watcher.hasReceived(sound), patienceMs)) return
  // The node may have had enough of the sender.
  pair.sender = await subject.gossip.join()
  const again = await publishPlan(subject, soundPlan(subject))
  pair.sender.publish(again)
  const isPassed = await waitUntil(() => pair.watcher.hasReceived(again), patienceMs)
  if (!isPassed) throw new NotRun('the node passes no sound block on; see GO-2 forward')
}
