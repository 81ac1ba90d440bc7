// What an operator's tools ask, in op-node's shapes where it has them; what only L1 could tell is zero, as op-node has it before it knows.
import { z } from 'zod'
import { type Hex } from '../base/bytes.ts'
import { type Block, type BlockRef } from '../chain/blocks/block.ts'
import { type RpcMethod } from './json-rpc.ts'
import { parseParams } from './params.ts'

/** A peer as op-node's `opp2p_peers` shows it, with what we know of it. */
export interface PeerFacts {
  readonly peerId: string
  readonly userAgent: string
  readonly addresses: readonly string[]
  readonly protocols: readonly string[]
  /** Undefined for one that is not connected, and for ourselves. */
  readonly direction: 'inbound' | 'outbound' | undefined
  readonly isConnected: boolean
  /** Configured: never refused or pruned. */
  readonly isProtected: boolean
}

/** The chain as it was configured. */
export interface RollupFacts {
  readonly chainId: bigint
  readonly genesis: Pick<Block, 'number' | 'hash' | 'header'>
  readonly blockTimeMs: number
  /** Seconds by fork name; undefined for one that is not scheduled. */
  readonly forks: Readonly<Record<string, bigint | undefined>>
  readonly signers: readonly { readonly fromBlock: bigint; readonly address: Hex }[]
}

/** Where the facts come from. */
export interface OperatorPort {
  head(): Block
  rollup(): RollupFacts
  /** Plain JSON: gate, stage, quorum, what it waits for. */
  recovery(): Record<string, unknown>
  self(): PeerFacts
  /** Connected ones, and with `isAll` those that are configured and away. */
  peers(isAll: boolean): Promise<readonly PeerFacts[]>
  /** Peer ids of those that are refused for what they sent. */
  bannedPeers(): readonly string[]
}

/** 32 bytes. */
export const ZERO_HASH: Hex = `0x${'0'.repeat(64)}`
const ZERO_ADDRESS: Hex = `0x${'0'.repeat(40)}`
const NO_L1 = { hash: ZERO_HASH, number: 0 }
const NO_L1_BLOCK = { ...NO_L1, parentHash: ZERO_HASH, timestamp: 0 }
const NO_L2_BLOCK = { ...NO_L1_BLOCK, l1origin: NO_L1, sequenceNumber: 0 }
/** go-libp2p's numbers. */
const DIRECTION = { inbound: 1, outbound: 2, unknown: 0 } as const

const isConnectedOnly = z
  .boolean({ error: 'must be true or false' })
  .nullish()
  .transform((isOnly) => isOnly ?? true)

/** The methods by name. */
export function operatorMethods(port: OperatorPort): Record<string, RpcMethod> {
  return {
    optimism_syncStatus: () => describeSync(port.head()),
    optimism_rollupConfig: () => describeRollup(port.rollup()),
    rekindle_recovery: () => port.recovery(),
    opp2p_self: () => describePeer(port.self(), port.rollup().chainId),
    async opp2p_peers(params) {
      const [isOnly] = parseParams(params, [isConnectedOnly])
      const { chainId } = port.rollup()
      const peers = await port.peers(!isOnly)
      return {
        totalConnected: peers.filter(({ isConnected }) => isConnected).length,
        peers: Object.fromEntries(peers.map((peer) => [peer.peerId, describePeer(peer, chainId)])),
        bannedPeers: port.bannedPeers(),
        bannedIPS: [],
        bannedSubnets: []
      }
    }
  }
}

/** A block as op-node's L2BlockRef. */
export function blockRef({ number, hash, parentHash, header }: Block) {
  return {
    hash,
    number: Number(number),
    parentHash,
    timestamp: Number(header.timestamp),
    l1origin: NO_L1,
    sequenceNumber: 0
  }
}

/** op-node's SyncStatus at this head. Nothing here derives from L1: what is safe or final stays at zero. */
export function describeSync(head: Block) {
  const unsafe = blockRef(head)
  return {
    current_l1: NO_L1_BLOCK,
    current_l1_finalized: NO_L1_BLOCK,
    head_l1: NO_L1_BLOCK,
    safe_l1: NO_L1_BLOCK,
    finalized_l1: NO_L1_BLOCK,
    unsafe_l2: unsafe,
    safe_l2: NO_L2_BLOCK,
    finalized_l2: NO_L2_BLOCK,
    pending_safe_l2: NO_L2_BLOCK,
    cross_unsafe_l2: unsafe,
    local_safe_l2: NO_L2_BLOCK
  }
}

function describeRollup({ chainId, genesis, blockTimeMs, forks, signers }: RollupFacts) {
  const times = Object.entries(forks).flatMap(([fork, time]) =>
    time === undefined ? [] : [[`${fork}_time`, Number(time)] as const]
  )
  return {
    genesis: {
      l1: NO_L1,
      l2: blockId(genesis),
      l2_time: Number(genesis.header.timestamp),
      system_config: { batcherAddr: ZERO_ADDRESS, gasLimit: Number(genesis.header.gasLimit) }
    },
    block_time: blockTimeMs / 1000,
    l1_chain_id: 0,
    l2_chain_id: Number(chainId),
    ...Object.fromEntries(times),
    rekindle: {
      blockTimeMs,
      signers: signers.map(({ fromBlock, address }) => ({ fromBlock: Number(fromBlock), address }))
    }
  }
}

function blockId({ hash, number }: BlockRef) {
  return { hash, number: Number(number) }
}

function describePeer(peer: PeerFacts, chainId: bigint) {
  return {
    peerID: peer.peerId,
    userAgent: peer.userAgent,
    addresses: peer.addresses,
    protocols: peer.protocols,
    connectedness: Number(peer.isConnected),
    direction: DIRECTION[peer.direction ?? 'unknown'],
    protected: peer.isProtected,
    chainID: Number(chainId),
    gossipBlocks: true
  }
}
