// Gossiped bytes before anything is unpacked: what is known already, and how much work strangers may cause.
import { createHash } from 'node:crypto'
import { claimedBytes } from '../../protocols/gossip/codec.ts'
import { type Clock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { Quota, type QuotaRates } from '../peer/quota.ts'
import { type FalseMessage, type NotForUs, type RejectReason } from './refusal-reason.ts'

/** Bytes as they came, not looked at yet. */
export interface IncomingMessage {
  readonly topic: string
  readonly compressed: Uint8Array
  /** Who passed it on. */
  readonly from: string
}

/** What a message proved to be; a block beside it is not kept. */
export type Outcome =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'reject'; readonly reason: FalseMessage }
  | { readonly verdict: 'ignore'; readonly reason: FalseMessage | NotForUs }

/**
 * judge: unpack it and give it to the rules. known: the same bytes came before, and nothing is left to do. refused:
 * its sender has caused too much work lately; what it sent is forgotten at once.
 */
export type Admission = 'judge' | 'known' | 'refused'

/** What is asked with every message, before work is spent on it. */
export interface MessageIntake {
  admit(message: IncomingMessage): Admission
  /** Peers whose work is not rationed. */
  isTrusted(peer: string): boolean
  /** An admitted message was not judged for want of room: it is as if it had not come. */
  forget(message: IncomingMessage): void
  /** What an admitted message proved to be. */
  settle(message: IncomingMessage, outcome: Outcome): void
  /** A message of our own: its copies cost nobody anything. */
  noteOwn(message: Omit<IncomingMessage, 'from'>): void
}

/** For a listener that trusts all its peers. */
export const ADMIT_ALL: MessageIntake = {
  admit: () => 'judge',
  isTrusted: () => true,
  forget: () => undefined,
  settle: () => undefined,
  noteOwn: () => undefined
}

/** Dependencies of the intake. */
export interface MessageIntakeDeps {
  readonly clock: Clock
  readonly isTrusted: (peer: string) => boolean
  /** A peer sent again what was rejected before, or the same message too often. */
  readonly onRepeated: (from: string, reason: RejectReason) => void
}

/**
 * Bytes of work, compressed and unpacked together: a mebibyte takes some 14 ms of one CPU, most of it on the heap of
 * another thread or in slices. A burst holds the greatest message.
 */
const WORK_RATES = {
  /** Strangers that no accepted block came from lately. */
  unproven: {
    perPeer: { burstTokens: 24 * 2 ** 20, tokensPerSecond: 2 ** 20 },
    total: { burstTokens: 32 * 2 ** 20, tokensPerSecond: 2 * 2 ** 20 }
  },
  /** Strangers that one came from: nobody else's flood uses up what they have together. */
  proven: {
    perPeer: { burstTokens: 24 * 2 ** 20, tokensPerSecond: 2 ** 20 },
    total: { burstTokens: 48 * 2 ** 20, tokensPerSecond: 4 * 2 ** 20 }
  }
} as const satisfies Record<string, QuotaRates>

/** What any message costs beside its bytes: a signature is recovered. */
const MESSAGE_TOKENS = 4 * 2 ** 10
/** Looking a message up means one hash of its compressed bytes. */
const LOOKUP_SHARE = 8
/** Messages that are known by their bytes. */
export const KNOWN_MESSAGES_MAX = 4_096
/** Senders whose copies are counted, of one message. */
const SENDERS_MAX = 64
/**
 * Copies of one message that a stranger may send. Honest gossipsub sends one, one for each time that it is asked,
 * and for as long as the message is young one for each time that its stream opens anew.
 */
export const COPIES_MAX = 16
/** Peers that are remembered for an accepted block, and how long. */
const PROVEN_PEERS_MAX = 1_000
const PROVEN_MS = 10 * 60 * 1_000

/** Reason of a peer that sent COPIES_MAX copies of one message. */
export const REPEATED_TOO_OFTEN = 'repeated-too-often' satisfies RejectReason

interface Known {
  /** Undefined while it is judged. */
  outcome?: Outcome
  /** True when a trusted peer sent it: then it is being judged without a ration. */
  isTrusted: boolean
  readonly copies: LruMap<string, number>
}

interface Ticket {
  readonly key: string
  readonly paidTo?: Quota
  readonly tokens: number
}

/** One node's intake. */
export function createMessageIntake(
  { clock, isTrusted, onRepeated }: MessageIntakeDeps,
  rates: Record<'unproven' | 'proven', QuotaRates> = WORK_RATES
): MessageIntake {
  const known = new LruMap<string, Known>(KNOWN_MESSAGES_MAX)
  const provenUntilMs = new LruMap<string, number>(PROVEN_PEERS_MAX)
  const quotas = {
    unproven: new Quota(clock, rates.unproven),
    proven: new Quota(clock, rates.proven)
  }
  const tickets = new WeakMap<Uint8Array, Ticket>()

  function quotaOf(peer: string): Quota {
    const isProven = (provenUntilMs.get(peer) ?? 0) > clock.monotonicMs()
    return isProven ? quotas.proven : quotas.unproven
  }

  function noteCopy(entry: Known, from: string): void {
    const copies = (entry.copies.get(from) ?? 0) + 1
    entry.copies.set(from, copies)
    const { outcome } = entry
    if (outcome?.verdict === 'reject') onRepeated(from, outcome.reason)
    else if (copies % COPIES_MAX === 0 && !isTrusted(from)) onRepeated(from, REPEATED_TOO_OFTEN)
  }

  function remember(key: string, from: string, isFromTrusted: boolean): void {
    const copies = new LruMap<string, number>(SENDERS_MAX)
    copies.set(from, 1)
    known.set(key, { isTrusted: isFromTrusted, copies })
  }

  return {
    isTrusted,
    admit({ topic, compressed, from }) {
      const isFromTrusted = isTrusted(from)
      const quota = isFromTrusted ? undefined : quotaOf(from)
      const lookupTokens = Math.ceil(compressed.length / LOOKUP_SHARE)
      if (quota !== undefined && quota.take(from, lookupTokens) > 0) return 'refused'
      const key = keyOf(topic, compressed)
      const entry = known.get(key)
      // A stranger's copy may wait for its turn; a trusted peer's is judged in its stead.
      const isWaiting = entry?.outcome === undefined && entry?.isTrusted === false
      if (entry !== undefined && !(isWaiting && isFromTrusted)) {
        noteCopy(entry, from)
        return 'known'
      }
      const tokens = MESSAGE_TOKENS + compressed.length + claimedBytes(compressed)
      if (quota !== undefined && quota.take(from, tokens) > 0) return 'refused'
      remember(key, from, isFromTrusted)
      tickets.set(compressed, { key, tokens, ...(quota && { paidTo: quota }) })
      return 'judge'
    },
    forget({ compressed }) {
      const ticket = tickets.get(compressed)
      if (ticket !== undefined && known.get(ticket.key)?.outcome === undefined) {
        known.delete(ticket.key)
      }
    },
    settle({ compressed, from }, outcome) {
      const ticket = tickets.get(compressed)
      if (ticket === undefined) return
      const entry = known.get(ticket.key)
      if (entry !== undefined) entry.outcome = withoutBlock(outcome)
      if (outcome.verdict !== 'accept') return
      provenUntilMs.set(from, clock.monotonicMs() + PROVEN_MS)
      ticket.paidTo?.refund(from, ticket.tokens)
    },
    noteOwn({ topic, compressed }) {
      const copies = new LruMap<string, number>(SENDERS_MAX)
      known.set(keyOf(topic, compressed), { outcome: ACCEPTED, isTrusted: true, copies })
    }
  }
}

const ACCEPTED: Outcome = { verdict: 'accept' }

function withoutBlock(outcome: Outcome): Outcome {
  return outcome.verdict === 'accept' ? ACCEPTED : outcome
}

function keyOf(topic: string, compressed: Uint8Array): string {
  return createHash('sha256').update(topic).update('\0').update(compressed).digest('base64')
}
