// What operators' tools ask of one node: recovery, the rollup's config, peers.
import { type Genesis } from '../chain/genesis/genesis.ts'
import { type SignerPeriod } from '../chain/blocks/signer-schedule.ts'
import { type Network } from '../net/network.ts'
import { type Blame } from '../peer/blame.ts'
import { type OperatorPort, type PeerFacts } from '../rpc/operator-methods.ts'
import { toJsonValue } from '../base/json-value.ts'
import { type AdoptedBackups } from '../backups/adopted-backups.ts'
import { describeGate, describeRecovery, type NodeStatusDeps } from './node-status.ts'

/** Where the facts come from. */
export interface OperatorPartsDeps extends NodeStatusDeps {
  readonly adopted: Pick<AdoptedBackups, 'opened'>
  readonly genesis: Pick<Genesis, 'config'>
  readonly signers: readonly SignerPeriod[]
  readonly blockTimeMs: number
  readonly blame: Pick<Blame, 'banned'>
  readonly network: Pick<Network, 'connections' | 'protocols' | 'multiaddrs' | 'peerId'>
}

/** The port that rpc/ asks. */
export function createOperatorPort(deps: OperatorPartsDeps): OperatorPort {
  const { chain, chainId, genesis, signers, blockTimeMs, network, version } = deps
  return {
    head: () => chain.applier.head(),
    rollup: () => ({
      chainId,
      genesis: chain.stores.genesis,
      blockTimeMs,
      forks: genesis.config.forks,
      signers
    }),
    recovery: () => describeWholeRecovery(deps),
    self: () => ({
      peerId: network.peerId,
      userAgent: `rekindle/${version}`,
      addresses: network.multiaddrs(),
      protocols: network.protocols(),
      direction: undefined,
      isConnected: true,
      isProtected: false
    }),
    peers: (isAll) => listPeers(deps, isAll),
    bannedPeers: () => deps.blame.banned()
  }
}

function describeWholeRecovery({
  config,
  adopted,
  roster,
  recovery
}: OperatorPartsDeps): Record<string, unknown> {
  const status = recovery()
  const isSequencer = config.role === 'sequencer'
  const quorum = isSequencer
    ? {
        setting: config.quorum,
        backups: roster.ids(),
        /** The set that the gate last opened under; while it differs, its quorum is needed too. */
        adopted: adopted.opened()
      }
    : undefined
  const gate = isSequencer ? describeGate(status) : undefined
  return toJsonValue({ gate, quorum, ...describeRecovery(status) }) as Record<string, unknown>
}

async function listPeers(
  { config, roster, recovery, network }: OperatorPartsDeps,
  isAll: boolean
): Promise<readonly PeerFacts[]> {
  const others = [...config.peers, ...recovery().formerBackups].map(({ peerId }) => peerId)
  const configured = [...new Set([...roster.ids(), ...others])]
  const connected = (await network.connections()).map((connection) => ({
    peerId: connection.peerId,
    userAgent: connection.agent,
    addresses: [connection.multiaddr],
    protocols: connection.protocols,
    direction: connection.direction,
    isConnected: true,
    isProtected: configured.includes(connection.peerId)
  }))
  if (!isAll) return connected
  const away = configured.filter((id) => !connected.some(({ peerId }) => peerId === id))
  const nothing = { userAgent: '', addresses: [], protocols: [], direction: undefined }
  const rest = away.map((peerId) => ({ ...nothing, peerId, isConnected: false, isProtected: true }))
  return [...connected, ...rest]
}
