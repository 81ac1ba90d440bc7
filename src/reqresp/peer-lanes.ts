// Streams and quota of what is served: configured peers have their own, so that no flood can shut them out.
import { type Clock } from '../base/clock.ts'
import { configuredPeersMax } from '../peer/configured-peers.ts'
import { Quota, type QuotaRates } from '../peer/quota.ts'
import { Lane, type LaneLimits } from './lane.ts'

/** small: one short answer. bulk: many chunks, or large ones. Every protocol is of one of them. */
export type LaneKind = 'small' | 'bulk'

/** The lanes of one node. */
export interface PeerLanes {
  /** Where a request of the peer runs: a configured peer's is reserved, whatever the kind; the others share one. */
  laneOf(kind: LaneKind, peer: string): Lane
}

/** Streams of one protocol on one connection: whatever lane the peer has, and the refusals of what is beyond it. */
export const STREAMS_PER_CONNECTION_MAX = 16
/** Streams of one kind that one configured peer may have open; reserved for each that there may be. */
export const RESERVED_STREAMS_PER_PEER = 8

/** A place that somebody waits for is a stranger's for so long: time for a few megabytes. */
const TURN_MS = 2_000
const READER_MIN_BYTES_PER_SECOND = 16 * 1_024
const BYTES_PER_TOKEN = 64 * 1_024

const SMALL_RATE = { burstTokens: 100, tokensPerSecond: 25 }

/** Strangers have these in common. */
const OPEN: Readonly<
  Record<LaneKind, { readonly limits: LaneLimits; readonly rates: QuotaRates }>
> = {
  small: {
    limits: { streamsPerPeerMax: 4, streamsMax: 64, turnMs: TURN_MS, sharesTurns: true },
    rates: { perPeer: SMALL_RATE, total: { burstTokens: 1_000, tokensPerSecond: 250 } }
  },
  bulk: {
    limits: {
      streamsPerPeerMax: 4,
      streamsMax: 64,
      turnMs: TURN_MS,
      readerMinBytesPerSecond: READER_MIN_BYTES_PER_SECOND,
      bytesPerToken: BYTES_PER_TOKEN,
      sharesTurns: true
    },
    rates: {
      perPeer: { burstTokens: 500, tokensPerSecond: 100 },
      total: { burstTokens: 5_000, tokensPerSecond: 1_000 }
    }
  }
}

/** Of each configured peer; what the others use is not missing to it. */
const RESERVED = {
  small: SMALL_RATE,
  /** A sequencer that lost its directory asks for tens of thousands of blocks at once. */
  bulk: { burstTokens: 5_000, tokensPerSecond: 1_000 }
} as const satisfies Record<LaneKind, QuotaRates['perPeer']>

/** Lanes for a node; `isConfigured` is asked each time, since backups come and go. `peersCount` of the config. */
export function createPeerLanes(
  clock: Clock,
  isConfigured: (peer: string) => boolean,
  peersCount: number
): PeerLanes {
  const reservedCount = configuredPeersMax(peersCount)
  const kinds: readonly LaneKind[] = ['small', 'bulk']
  const open = new Map(
    kinds.map((kind) => {
      const { limits, rates } = OPEN[kind]
      return [kind, new Lane({ clock, quota: new Quota(clock, rates) }, limits)]
    })
  )
  const reserved = new Map(
    kinds.map((kind) => {
      const quota = new Quota(clock, reservedRates(RESERVED[kind], reservedCount))
      const streamsMax = RESERVED_STREAMS_PER_PEER * reservedCount
      const limits = { streamsPerPeerMax: RESERVED_STREAMS_PER_PEER, streamsMax }
      return [kind, new Lane({ clock, quota }, limits)]
    })
  )
  return {
    laneOf(kind, peer) {
      const lane = (isConfigured(peer) ? reserved : open).get(kind)
      if (lane === undefined) throw new Error(`there is no lane of the kind ${kind}`)
      return lane
    }
  }
}

function reservedRates(perPeer: QuotaRates['perPeer'], peersMax: number): QuotaRates {
  const { burstTokens, tokensPerSecond } = perPeer
  const total = {
    burstTokens: peersMax * burstTokens,
    tokensPerSecond: peersMax * tokensPerSecond
  }
  return { perPeer, total }
}
