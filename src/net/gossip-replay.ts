// Messages of our own that a configured peer may have missed: sent again when gossip with it begins anew.
import { type GossipSub } from '@chainsafe/libp2p-gossipsub'
import { type Clock } from '../base/clock.ts'
import { type GossipSubInternals, onStreamOpened, type RawMessage } from './gossip-internals.ts'

/** Messages that are kept for it; the oldest goes first. */
export const REPLAY_MAX_MESSAGES = 64
/** Their size in all. */
export const REPLAY_MAX_BYTES = 32 * 2 ** 20

interface Kept extends RawMessage {
  /** On the monotonic clock, which stands still while the machine is suspended… */
  readonly untilMs: number
  /** …and on the wall clock, which may be put back: it is young while both say so. */
  readonly untilWallMs: number
}

/** What was published a moment ago. */
export interface GossipReplay {
  /** Sends it to the direct peers that are not among its receivers, and keeps it for those that come. */
  add(message: RawMessage, youngForMs: number, receivers: ReadonlySet<string>): void
}

/**
 * gossipsub drops a message for a peer it has no stream to, one on a stream that breaks is lost with it, and it
 * never offers direct peers what they missed. So a direct peer gets what is still young when a stream to it
 * opens or when it subscribes, whichever is later. What it has already, it knows by the message id.
 */
export function createGossipReplay(
  { clock, pubsub }: { readonly clock: Clock; readonly pubsub: GossipSub },
  internals: Pick<GossipSubInternals, 'direct' | 'streamsOutbound' | 'sendRpc'>
): GossipReplay {
  let kept: readonly Kept[] = []

  function young(): readonly Kept[] {
    const monotonicMs = clock.monotonicMs()
    const wallMs = clock.nowMs()
    kept = kept.filter(
      ({ untilMs, untilWallMs }) => untilMs >= monotonicMs && untilWallMs >= wallMs
    )
    return kept
  }

  function send(peer: string, { topic, data }: RawMessage): void {
    internals.sendRpc(peer, { subscriptions: [], messages: [{ topic, data }] })
  }

  function replay(peer: string, isWanted: (topic: string) => boolean): void {
    if (!internals.direct.has(peer)) return
    for (const message of young()) if (isWanted(message.topic)) send(peer, message)
  }

  onStreamOpened(internals, (peer) => {
    // After gossipsub has put the stream in its place and said on it what we subscribe to.
    queueMicrotask(() => {
      replay(peer, (topic) => pubsub.getSubscribers(topic).some((id) => id.toString() === peer))
    })
  })
  pubsub.addEventListener('subscription-change', ({ detail: { peerId, subscriptions } }) => {
    const topics = new Set(subscriptions.filter((one) => one.subscribe).map(({ topic }) => topic))
    replay(peerId.toString(), (topic) => topics.has(topic))
  })

  return {
    add(message, youngForMs, receivers) {
      const untilMs = clock.monotonicMs() + youngForMs
      const untilWallMs = clock.nowMs() + youngForMs
      kept = newest([...young(), { ...message, untilMs, untilWallMs }])
      for (const peer of internals.direct) if (!receivers.has(peer)) send(peer, message)
    }
  }
}

/** As many of the last ones as the bounds allow. */
function newest(messages: readonly Kept[]): readonly Kept[] {
  let bytes = 0
  let count = 0
  for (const { data } of messages.toReversed()) {
    bytes += data.length
    if (count === REPLAY_MAX_MESSAGES || bytes > REPLAY_MAX_BYTES) break
    count++
  }
  return messages.slice(messages.length - count)
}
