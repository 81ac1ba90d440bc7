// Streams and quota of what is served: configured peers have their own, so that no flood can shut them out.
import { type Clock } from '../base/clock.ts'
import { Quota } from '../peer/quota.ts'
import { type Lane } from '../reqresp/responder.ts'
import { BACKUPS_MAX } from './config-keys.ts'

/** What a request costs in quota tokens. */
export const COST_TOKENS = {
  status: 1,
  signedTip: 5,
  blocksByRange: 10,
  blocksByHash: 10,
  stateDiffsByRange: 10
} as const

/** The lanes of one node. */
export interface PeerLanes {
  /** status and signed_tip of one peer. */
  small: (peer: string) => Lane
  /** Blocks in bulk, of anybody. */
  readonly bulk: Lane
}

/** Lanes for a node with these configured peers; who is a backup, or was one of the set before, may change. */
export function createPeerLanes(
  clock: Clock,
  configured: readonly string[],
  isBackup: (peer: string) => boolean
): PeerLanes {
  const known = new Set(configured)
  const small = {
    perPeer: { burstTokens: 100, tokensPerSecond: 25 },
    total: { burstTokens: 1_000, tokensPerSecond: 250 }
  }
  const reserved = createLane(new Quota(clock, small), 8, 8 * (known.size + 2 * BACKUPS_MAX))
  const open = createLane(new Quota(clock, small), 4, 64)
  const bulkRates = {
    perPeer: { burstTokens: 500, tokensPerSecond: 100 },
    total: { burstTokens: 5_000, tokensPerSecond: 1_000 }
  }
  return {
    small: (peer) => (known.has(peer) || isBackup(peer) ? reserved : open),
    bulk: createLane(new Quota(clock, bulkRates), 4, 64)
  }
}

function createLane(quota: Quota, streamsPerPeerMax: number, streamsMax: number): Lane {
  return { quota, streamsPerPeerMax, streamsMax, open: new Map() }
}
