// Which fault of the table (peer/blame.ts) each failure of a request or a gossiped message is.
import { z } from 'zod'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { createNamedValue } from '../chain/stored/named-value.ts'
import { type MessageFailure } from '../chain/blocks/verify-message.ts'
import { REPEATED_TOO_OFTEN } from '../gossip/message-intake.ts'
import { FramingError } from '../../protocols/framing/framing-error.ts'
import { type Network } from '../net/network.ts'
import { BAN_MS, Blame, type BlamedPeer, type Fault } from '../peer/blame.ts'
import { type RequestError } from '../reqresp/request-error.ts'
import { type FalseDiff } from '../sync/fetching/fetch-diffs.ts'
import { type GapOutcome } from '../sync/fetching/fill-gap.ts'
import { type PeerBlocksFailure } from '../sync/fetching/peer-blocks.ts'
import { type OpenStores } from './open-stores.ts'

const OVER_LIMIT: readonly string[] = [
  'too-many-chunks',
  'chunk-too-large',
  'decompressed-too-large',
  'reason-too-long'
]

/** A failed request. */
export function requestFault({ failure, cause }: RequestError): Fault {
  switch (failure.code) {
    case 'response-malformed':
      if (!(cause instanceof FramingError)) return 'undecodable-chunk'
      // The stream ended inside a chunk: it was cut, which anything on the way can do.
      if (cause.failure.code === 'stream-truncated') return 'reset'
      return OVER_LIMIT.includes(cause.failure.code) ? 'over-limit' : 'undecodable-chunk'
    case 'request-deadline-passed':
      if (failure.phase === 'dial') return 'no-fault'
      return failure.phase === 'whole' ? 'trickle' : 'stall'
    case 'stream-reset':
      return 'reset'
    case 'unavailable':
    case 'rate-limited':
    case 'unsupported-protocol':
      return failure.code
    case 'not-connected':
    case 'invalid-request':
    case 'server-error':
      return 'no-fault'
  }
}

/** What was well-formed and false. */
export type FalseAnswer = PeerBlocksFailure | FalseDiff

/** An answer that was well-formed and false. */
export function falseAnswerFault({ code }: FalseAnswer): Fault {
  switch (code) {
    case 'block-false':
      return 'false-block'
    case 'block-unusable':
      return 'signers-doing'
    case 'answer-empty':
      return 'reset'
    case 'block-unrequested':
    case 'diff-unrequested':
      return 'unrequested-item'
    case 'answer-too-large':
      return 'over-limit'
    case 'relation-false':
      return 'false-claim'
    case 'diff-false':
      return 'false-diff'
  }
}

/** A rejected gossip message, by the reason of its verdict; what is ignored is nobody's fault. */
export function gossipFault(reason: string): Fault {
  if (reason === REPEATED_TOO_OFTEN) return 'over-limit'
  return SIGNED_REASONS.includes(reason) ? 'signers-doing' : 'false-block'
}

/** Reasons of messages that a signer of the schedule made: only it can, so the peers that passed them on are not to blame. */
const SIGNED_REASONS: readonly string[] = [
  'block-hash-false',
  'blob-field-not-zero',
  'block-number-too-large',
  'withdrawals-not-empty'
] satisfies readonly MessageFailure['code'][]

/** Counts a peer's fault, and carries out what follows from it. */
export function createBlaming({
  log,
  blame,
  network
}: {
  readonly log: Log
  readonly blame: Blame
  readonly network: Pick<Network, 'disconnect'>
}): (peer: string, fault: Fault) => void {
  return (peer, fault) => {
    const consequence = blame.note(peer, fault)
    if (consequence === 'benched') log.warn('peer-benched', { peer, fault, forMs: BAN_MS })
    if (consequence !== 'banned') return
    log.warn('peer-banned', { peer, fault, forMs: BAN_MS })
    network.disconnect(peer).catch((thrown: unknown) => {
      log.debug('disconnect-failed', { peer, reason: errorMessage(thrown) })
    })
  }
}

/** A gap that nobody serves because those who might are spared bulk requests says so: who, and why. */
export function nameBenched(outcome: GapOutcome, benched: readonly string[]): GapOutcome {
  if (outcome.kind !== 'unserved' || benched.length === 0) return outcome
  const minutes = String(BAN_MS / 60_000)
  const why = `not asked, since benched for ${minutes} minutes for what they served`
  return { ...outcome, reason: `${outcome.reason}; ${why}: ${benched.join(', ')}` }
}

const blamedPeers = z.array(
  z.object({
    peer: z.string(),
    heavyCount: z.number().int().nonnegative(),
    bannedUntilMs: z.number().nonnegative()
  })
)

/** The blame of one node, kept beside its chain. What was kept and cannot be read is started anew, with a line. */
export function openBlame(
  { chainStore }: Pick<OpenStores, 'chainStore'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  isConfigured: (peer: string) => boolean
): Blame {
  const value = createNamedValue<readonly BlamedPeer[]>(chainStore, 'blame', (json) =>
    blamedPeers.parse(json)
  )
  const load = () => {
    try {
      return value.load()
    } catch (thrown) {
      log.warn('blame-unreadable', { reason: errorMessage(thrown) })
      return undefined
    }
  }
  const onSaveFailed = (thrown: unknown) => {
    log.warn('blame-not-saved', { reason: errorMessage(thrown) })
  }
  return new Blame(
    {
      clock,
      store: { load, save: (peers: readonly BlamedPeer[]) => value.save(peers) },
      onSaveFailed
    },
    isConfigured
  )
}
