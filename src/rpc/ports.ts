// What JSON-RPC needs of the node; `node/` joins each port to the folder that has it.
import { type Hex } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type StoredReceipt } from '../chain/stored/stored-receipts.ts'
import { type AccessListOutcome } from '../execution/access-list.ts'
import { type CallRequest } from '../execution/call-request.ts'
import { type CallOutcome, type EstimateOutcome } from '../execution/run-call.ts'
import { type PreparedTx } from '../execution/transaction.ts'
import { type StateView } from '../state/state-view.ts'

/** The canonical chain. */
export interface RpcChain {
  head(): Block
  /** The block after the head, as pendingBlock makes it. */
  pending(): Block
  blockByNumber(number: bigint): Block | undefined
  /** The lowest height that is stored, but for genesis. */
  oldestBlock(): bigint
  blockByHash(hash: Hex): Block | undefined
  /** In the order of the transactions, to be gone through once. */
  receipts(hash: Hex): Iterable<StoredReceipt> | undefined
  transactionLocation(hash: Hex): { readonly blockHash: Hex; readonly index: number } | undefined
}

/** States that can be read. */
export interface RpcState {
  view(blockHash: Hex): StateView | undefined
  /** The lowest height whose state is readable, for the error that names it. */
  oldestReadable(): bigint | undefined
}

/** What a transaction pays: a price, or a cap with a tip. */
export interface TransactionFees {
  readonly gasPrice?: Hex
  readonly maxFeePerGas?: Hex
  readonly maxPriorityFeePerGas?: Hex
}

/** A transaction's fields as hex, as the execution API prints them. */
export interface TransactionJson extends TransactionFees {
  readonly to?: Hex
  readonly gasLimit?: Hex
  readonly data?: Hex
  readonly v?: Hex
  readonly [field: string]: unknown
}

/** A decoded transaction with what is derived from it. */
export interface DecodedTransaction {
  readonly hash: Hex
  readonly from: Hex
  /** Set for a contract creation. */
  readonly contractAddress: Hex | undefined
  readonly json: TransactionJson
}

/** What the pool holds of one sender, each list in the order of nonces. */
export interface PooledSender {
  readonly sender: Hex
  /** Those that can run. */
  readonly pending: readonly PreparedTx[]
  /** Those that wait for a nonce, or for what pays them. */
  readonly queued: readonly PreparedTx[]
}

/** Transactions that wait for a block. */
export interface RpcPool {
  get(hash: Hex): Uint8Array | undefined
  /** The next nonce of an account, pending transactions counted. */
  pendingNonce(address: Hex): bigint
  counts(): { readonly pending: number; readonly queued: number }
  /** Of every sender as it is now; the pool bounds how many. */
  content(): readonly PooledSender[]
  contentFrom(address: Hex): PooledSender
}

/** Runs calls that leave no trace. The signal aborts when nobody waits for the outcome any more. */
export interface RpcCalls {
  call(call: CallRequest, block: Block, view: StateView, signal: AbortSignal): Promise<CallOutcome>
  /** The least gas that suffices, or how it fails with all gas. */
  estimateGas(
    call: CallRequest,
    block: Block,
    view: StateView,
    signal: AbortSignal
  ): Promise<EstimateOutcome>
  /** What the call touches, and the gas that it uses with that list. */
  createAccessList(
    call: CallRequest,
    block: Block,
    view: StateView,
    signal: AbortSignal
  ): Promise<AccessListOutcome>
}

/** What the node says of itself; plain JSON values. */
export interface RpcNode {
  readonly chainId: bigint
  readonly clientVersion: string
  status(): Record<string, unknown>
  peerCount(): number
  /** Undefined while new blocks can come; else why a block that is asked for cannot be built. */
  gateShut(): Record<string, unknown> | undefined
  /** Undefined only when the node is caught up; else from where to where it has to go, as far as is known. */
  syncing(): SyncProgress | undefined
}

/** How far a node is that is not caught up. */
export interface SyncProgress {
  /** The head when it fell behind, or when it started. */
  readonly startingBlock: bigint
  readonly currentBlock: bigint
  /** The highest that named peers show, or that the clock is at; the current one where neither is known. */
  readonly highestBlock: bigint
}
