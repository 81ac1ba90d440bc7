// Numbers of the block gossip, as op-node and opbnb run them (README.md, "Mesh" and "Presets").

/** gossipsub's mesh, the same in both presets; names follow the gossipsub specification's D values. */
export const MESH = {
  /** D: peers in the mesh of a topic. */
  peers: 8,
  /** D_low: below it, graft. */
  peersLow: 6,
  /** D_high: above it, prune. */
  peersHigh: 12,
  /** D_lazy: peers outside the mesh that hear of messages by id. */
  peersLazy: 6,
  heartbeatMs: 500,
  fanoutTtlMs: 24_000,
  /** Heartbeats that a message stays available on request. */
  historyHeartbeats: 12,
  /** Heartbeats that a message is advertised by id. */
  gossipHeartbeats: 3
} as const

/** What differs between the chains that speak this gossip. */
export interface GossipPreset {
  readonly name: 'op' | 'opbnb'
  /** A block with a timestamp more than this before our clock, in whole seconds, is rejected. */
  readonly maxAgeSeconds: number
  /** A block with a timestamp more than this ahead of our clock, in whole seconds, is rejected. */
  readonly maxFutureSeconds: number
  /** How long a message id is remembered. */
  readonly seenTtlMs: number
  /** Different block hashes admitted at one height; the next one is rejected. */
  readonly hashesPerHeightMax: number
  /** Heights remembered for that count, least recently used first out. */
  readonly heightsMax: number
  /** True when prevRandao carries the timestamp's milliseconds (protocols/block-message/README.md, "Milliseconds"). */
  readonly hasMillisecondPart: boolean
}

/** op-node. */
export const OP_PRESET: GossipPreset = {
  name: 'op',
  maxAgeSeconds: 60,
  maxFutureSeconds: 5,
  seenTtlMs: 65_000,
  hashesPerHeightMax: 6,
  heightsMax: 1000,
  hasMillisecondPart: false
}

/** opbnb's op-node. */
export const OPBNB_PRESET: GossipPreset = {
  name: 'opbnb',
  maxAgeSeconds: 1200,
  maxFutureSeconds: 5,
  seenTtlMs: 1_250_000,
  hashesPerHeightMax: 6,
  heightsMax: 1500,
  hasMillisecondPart: true
}

/** A block older than this is not published: by the time it arrives, validators of preset `op` reject it. */
export const PUBLISH_MAX_AGE_SECONDS = 50
