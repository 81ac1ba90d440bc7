// How the node stands now: the facts of the pure function, gathered when somebody asks.
import { type Clock } from '../base/clock.ts'
import { type BackupRoster } from '../backups/backup-roster.ts'
import { type Joining } from '../backups/joining.ts'
import { type PeerClaims } from '../backups/peer-claims.ts'
import { type BlockTimes } from '../chain/blocks/block-times.ts'
import { type AcceptedStore } from '../chain/stored/accepted-store.ts'
import { type Applier } from '../apply/applier.ts'
import { type NodeConfig } from '../config/node-config.ts'
import { type RecoveryStatus } from '../recovery/recovery.ts'
import { type Standing, type StandingFindings, standingOf } from '../recovery/standing.ts'
import { type StateStore } from '../state/state-store.ts'

/** The word, with the facts that it was found by. */
export interface NodeStanding extends Standing, StandingFindings {
  /** Ids of the peers that the operator named. */
  readonly named: readonly string[]
  /** The head when the node was last caught up, or else when it started: `startingBlock` of `eth_syncing`. */
  readonly startingNumber: bigint
}

/** Where the facts come from. */
export interface NodeStandingDeps {
  readonly clock: Clock
  readonly config: Pick<NodeConfig, 'role' | 'peers'>
  readonly chain: {
    readonly applier: Pick<Applier, 'head'>
    readonly times: BlockTimes
    readonly stores: {
      readonly accepted: Pick<AcceptedStore, 'highestAccepted'>
      readonly state: Pick<StateStore, 'flushProgress'>
    }
  }
  readonly claims: Pick<PeerClaims, 'highestOfPeers'>
  readonly roster: Pick<BackupRoster, 'ids'>
  readonly joining: Pick<Joining, 'looksJoining'>
  readonly connected: () => readonly string[]
  readonly recovery: () => Pick<RecoveryStatus, 'gate' | 'blockAction' | 'stateAction'>
}

/** Gathers and judges anew at each call. Only named peers are believed: strangers could claim any height. */
export function createNodeStanding(deps: NodeStandingDeps): () => NodeStanding {
  const { clock, config, chain, claims, roster, joining, connected, recovery } = deps
  const { applier, times, stores } = chain
  let startingNumber = applier.head().number
  return () => {
    const { number, header } = applier.head()
    const { gate, blockAction, stateAction } = recovery()
    const named = [...new Set([...roster.ids(), ...config.peers.map(({ peerId }) => peerId)])]
    const there = connected()
    const findings: StandingFindings = {
      role: config.role,
      ...{ gate, blockAction, stateAction },
      isFlushAwaited: stores.state.flushProgress?.isAwaited === true,
      isJoining: joining.looksJoining(),
      headNumber: number,
      headAgeMs: clock.nowMs() - times.timestampMs(header),
      slotMs: times.blockTimeMs,
      highestShown: highestShown(number, stores.accepted, claims.highestOfPeers(named)),
      namedConnectedCount: named.filter((peer) => there.includes(peer)).length
    }
    const standing = standingOf(findings)
    if (standing.isCaughtUp) startingNumber = number
    return { ...findings, ...standing, named, startingNumber }
  }
}

function highestShown(
  head: bigint,
  accepted: Pick<AcceptedStore, 'highestAccepted'>,
  claimed: bigint
): bigint {
  const held = accepted.highestAccepted()?.number ?? 0n
  const known = held > claimed ? held : claimed
  return known > head ? known : head
}
