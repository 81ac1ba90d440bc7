// Methods about the node itself, and sending transactions.
import { bytesToHex, hexQuantity, hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type RpcMethod } from './json-rpc.ts'
import { bytesParam, parseParams } from './params.ts'
import { type RpcNode } from './ports.ts'

/** What the methods read from and send to. */
export interface NodeMethodDeps {
  readonly node: RpcNode
  /** Takes a raw transaction: into the pool, or on to the sequencer. Throws RpcError. */
  readonly send: (raw: Uint8Array, signal: AbortSignal) => Promise<string>
}

/** The counters of snap sync in geth's answer (go-ethereum, internal/ethapi, EthereumAPI.Syncing): nothing is synced so here. */
const NO_SNAP_SYNC = Object.fromEntries(
  [
    'syncedAccounts',
    'syncedAccountBytes',
    'syncedBytecodes',
    'syncedBytecodeBytes',
    'syncedStorage',
    'syncedStorageBytes',
    'healedTrienodes',
    'healedTrienodeBytes',
    'healedBytecodes',
    'healedBytecodeBytes',
    'healingTrienodes',
    'healingBytecode',
    'txIndexFinishedBlocks',
    'txIndexRemainingBlocks',
    'stateIndexRemaining'
  ].map((counter) => [counter, hexQuantity(0n)])
)

/** The methods by name. */
export function nodeMethods({ node, send }: NodeMethodDeps): Record<string, RpcMethod> {
  return {
    eth_chainId: () => hexQuantity(node.chainId),
    eth_accounts: () => [],
    eth_syncing() {
      const progress = node.syncing()
      return progress === undefined
        ? false
        : {
            startingBlock: hexQuantity(progress.startingBlock),
            currentBlock: hexQuantity(progress.currentBlock),
            highestBlock: hexQuantity(progress.highestBlock),
            ...NO_SNAP_SYNC
          }
    },
    eth_sendRawTransaction: (params, { signal }) =>
      send(hexToBytes(parseParams(params, [bytesParam])[0]), signal),
    net_version: () => node.chainId.toString(),
    net_listening: () => true,
    net_peerCount: () => hexQuantity(node.peerCount()),
    web3_clientVersion: () => node.clientVersion,
    web3_sha3: (params) => bytesToHex(keccak256(hexToBytes(parseParams(params, [bytesParam])[0]))),
    rekindle_status: () => node.status()
  }
}
