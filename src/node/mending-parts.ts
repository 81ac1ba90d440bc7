// Damaged entries of the state database, joined to the peers that have them.
import { TRIE_NODES } from '../../protocols/trie-nodes/codec.ts'
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type NodeConfig } from '../config/node-config.ts'
import { type Blame } from '../peer/blame.ts'
import { bulkPeers } from '../sync/fetching/bulk-peers.ts'
import { FetchPool } from '../sync/fetching/fetch-pool.ts'
import { createEntrySource } from '../sync/fetching/mend-entries.ts'
import { type ChainParts } from './chain-parts.ts'
import { type PeerRequests } from './peer-protocols.ts'

/** What mending is joined to. */
export interface MendingPartsDeps {
  readonly clock: Clock
  readonly chain: Pick<ChainParts, 'stores' | 'applier'>
  readonly blame: Blame
  readonly requests: PeerRequests
  readonly connected: () => readonly string[]
}

/** From here on the state store asks peers for what it cannot make again itself. */
export function joinMending(
  { clock, chain: { stores, applier }, blame, requests, connected }: MendingPartsDeps,
  { backups, peers }: Pick<NodeConfig, 'backups' | 'peers'>
): void {
  const { spoken, isConfigured } = requests
  const isNamed = backups.length + peers.length > 0
  stores.state.mendFrom(
    createEntrySource({
      peers: requests.state,
      pool: new FetchPool({
        clock,
        onSlow: (peer, slowness) => void blame.note(peer, slowness),
        isConfigured
      }),
      serving: () =>
        bulkPeers({ connected, blame, ...requests }, TRIE_NODES).filter(
          (peer) => spoken.speaks(peer, TRIE_NODES) === true
        ),
      isAlone: () => !isNamed && connected().length === 0,
      newerRoots() {
        const tip = stores.accepted.highestAccepted()
        const accepted = tip && stores.accepted.namedBlock(tip.hash)
        const roots = new Set<Hex>(accepted === undefined ? [] : [accepted.stateRoot])
        return [...roots.add(applier.head().stateRoot)].map((root) => hexToBytes(root))
      }
    })
  )
}
