// Peers of a node that does not run, for the time of a repair: connected by their addresses, asked, and never served.
import { SIGNED_TIP } from '../../protocols/signed-tip/codec.ts'
import { TRIE_NODES } from '../../protocols/trie-nodes/codec.ts'
import { OP_PRESET } from '../../protocols/gossip/parameters.ts'
import { hexToBytes } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { withDeadline } from '../base/deadline.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type Genesis } from '../chain/genesis/genesis.ts'
import { type SignerSchedule } from '../chain/blocks/signer-schedule.ts'
import { type PeerAddress } from '../config/node-config.ts'
import { startHost } from '../net/host.ts'
import { createNetwork, type Network } from '../net/network.ts'
import { generatePeerKey } from '../net/peer-key.ts'
import { Blame } from '../peer/blame.ts'
import { createBlaming } from '../peer/blaming.ts'
import { type EntrySource } from '../state/entry-source.ts'
import { bulkPeers } from '../sync/fetching/bulk-peers.ts'
import { FetchPool } from '../sync/fetching/fetch-pool.ts'
import { createEntrySource } from '../sync/fetching/mend-entries.ts'
import { requestTip } from '../sync/fetching/peer-blocks.ts'
import { createPeerRequests, type PeerRequests } from './peer-protocols.ts'
import { readVersion } from './version.ts'

/** So long it takes until those that can be reached are, and have said what they speak. */
const CONNECT_TIMEOUT_MS = 15_000
const LOOK_INTERVAL_MS = 100
const TIP_TIMEOUT_MS = 10_000

/** Whose peers, and which. */
export interface RepairPeersInputs {
  readonly genesis: Genesis
  readonly schedule: SignerSchedule
  readonly peers: readonly PeerAddress[]
}

/** Peers that are connected. */
export interface RepairPeers {
  readonly network: Network
  readonly requests: PeerRequests
  readonly blame: Blame
  /** Of those that were named, the ones that answer requests for states. */
  readonly serving: () => readonly string[]
  /** The newest block that they show, by its signature; roots of newer states are known after it. */
  learnTips: (head: BlockRef) => Promise<void>
  readonly source: EntrySource
  readonly close: () => Promise<void>
}

/** Under a key of its own, so that no peer takes it for the node: that counts for nobody's quorum. Throws NetError. */
export async function openRepairPeers(
  { genesis, schedule, peers }: RepairPeersInputs,
  { clock, log }: { readonly clock: Clock; readonly log: Log }
): Promise<RepairPeers> {
  const { chainId } = genesis.config
  const options = {
    peerKey: await generatePeerKey(),
    listen: undefined,
    peers: peers.map(({ multiaddr }) => multiaddr),
    chainId,
    seenTtlMs: OP_PRESET.seenTtlMs,
    agentVersion: `rekindle/${readVersion()}`
  }
  const host = await startHost(options)
  const network = createNetwork({ clock, log, host }, options)
  const stop = new AbortController()
  const running = network.run(stop.signal).catch(() => undefined) // it ends with the repair
  const isConfigured = (peer: string) => peers.some(({ peerId }) => peerId === peer)
  const kept = { load: () => undefined, save: () => Promise.resolve() }
  const blame = new Blame({ clock, store: kept, onSaveFailed: () => undefined }, isConfigured)
  const note = createBlaming({ log, blame, network })
  const chain = { schedule }
  const requests = createPeerRequests(
    { clock, log, network, chain, note, isConfigured },
    { genesis }
  )
  const connected = () => network.connected()
  const serving = () =>
    bulkPeers({ connected, blame, ...requests }, TRIE_NODES).filter(
      (peer) => requests.spoken.speaks(peer, TRIE_NODES) === true
    )
  const tips = new Map<string, Uint8Array>()
  const pool = new FetchPool({ clock, onSlow: () => undefined, isConfigured })
  const source = createEntrySource({
    peers: requests.state,
    pool,
    serving,
    isAlone: () => connected().length === 0,
    newerRoots: () => [...tips.values()]
  })
  await untilSpoken({ clock, requests, connected, count: peers.length })
  return {
    network,
    requests,
    blame,
    serving,
    source,
    async learnTips(head) {
      for (const peer of connected()) {
        if (requests.spoken.speaks(peer, SIGNED_TIP) !== true) continue
        const limits = { clock, what: 'signed_tip', ms: TIP_TIMEOUT_MS }
        await withDeadline(limits, async (signal) => {
          const tip = await requestTip(requests, peer, head, signal)
          if (tip.relation !== 'same') tips.set(peer, hexToBytes(tip.block.stateRoot))
        }).catch((thrown: unknown) => {
          log.warn('peer-tip-unknown', { peer, reason: errorMessage(thrown) })
        })
      }
    },
    async close() {
      stop.abort(new Error('the repair is over'))
      await running
      await network.stop()
    }
  }
}

/** Until each that was named speaks, or the time is up. */
async function untilSpoken({
  clock,
  requests: { spoken },
  connected,
  count
}: {
  readonly clock: Clock
  readonly requests: PeerRequests
  readonly connected: () => readonly string[]
  readonly count: number
}): Promise<void> {
  const endMs = clock.monotonicMs() + CONNECT_TIMEOUT_MS
  const isKnown = (peer: string) => spoken.speaks(peer, TRIE_NODES) !== undefined
  while (connected().filter(isKnown).length < count && clock.monotonicMs() < endMs) {
    await clock.sleep(LOOK_INTERVAL_MS)
  }
}
