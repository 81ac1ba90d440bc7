// Which block and which state a parameter names, and the errors when there is none.
import { type Block } from '../chain/blocks/block.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { type StoredReceipt } from '../chain/stored/stored-receipts.ts'
import { type StateView } from '../state/state-view.ts'
import { type BlockParam } from './params.ts'
import { type RpcChain, type RpcNode, type RpcState } from './ports.ts'
import { RPC_CODES, RpcError, serverError } from './rpc-error.ts'

/** The canonical block; undefined when its height is above the head or its hash unknown. Throws for one that is lost. */
export function findBlock(chain: RpcChain, param: BlockParam): Block | undefined {
  switch (param.kind) {
    case 'number':
      return storedBlock(chain, param.number)
    case 'hash':
      return chain.blockByHash(param.hash)
    case 'tag':
      if (param.tag === 'earliest') return storedBlock(chain, 0n)
      if (param.tag === 'latest') return chain.head()
      if (param.tag === 'pending') return chain.pending()
      // geth's words, which viem and ethers know (eth, EthAPIBackend.BlockByNumber); nothing here sets either.
      throw serverError(`${param.tag} block not found`)
  }
}

/** geth's words (core/history, PrunedHistoryError). */
const PRUNED = 'pruned history unavailable'

/**
 * The canonical block of a height; undefined above the head. One that the disk lost is no answer of "none", which
 * would be silence about what happened there: throws for it, and for one that a node never had which joined further up.
 */
export function storedBlock(chain: RpcChain, number: bigint): Block | undefined {
  const block = readBlock(chain, number)
  if (block !== undefined || number > chain.head().number) return block
  if (number < chain.oldestBlock()) throw new RpcError(RPC_CODES.prunedHistory, PRUNED)
  throw serverError(`block ${number} is lost here and being asked for from peers: ask another node`)
}

function readBlock(chain: RpcChain, number: bigint): Block | undefined {
  try {
    return chain.blockByNumber(number)
  } catch (thrown) {
    if (thrown instanceof ChainError) return undefined // its entry is damaged, or missing below the pointer
    throw thrown
  }
}

/** True for the block that is not built yet. */
export function isPending(param: BlockParam): boolean {
  return param.kind === 'tag' && param.tag === 'pending'
}

/** What requiring a block looks at. */
export interface BlockSources {
  readonly chain: RpcChain
  readonly node: Pick<RpcNode, 'gateShut'>
}

/** As findBlock; throws where there is none, in the given words, and says so when none can come yet. */
export function requireBlock(
  { chain, node }: BlockSources,
  param: BlockParam,
  missing = 'block not found'
): Block {
  const block = findBlock(chain, param)
  if (block !== undefined) return block
  const isAboveHead = param.kind === 'number' && param.number > chain.head().number
  throw (isAboveHead ? gateError(node) : undefined) ?? serverError(missing)
}

/**
 * The block and its state; throws with the oldest readable height when the state is gone. `pending` is the block after
 * the head on the head's state.
 */
export function requireState(
  { chain, node, state }: BlockSources & { readonly state: RpcState },
  param: BlockParam
): { readonly block: Block; readonly view: StateView } {
  // geth's words for a state (eth, EthAPIBackend.StateAndHeaderByNumberOrHash), by which clients know to ask again.
  const missing = param.kind === 'hash' ? 'header for hash not found' : 'header not found'
  const block = requireBlock({ chain, node }, param, missing)
  const stateHash = isPending(param) ? block.parentHash : block.hash
  const view = state.view(stateHash)
  if (view !== undefined) return { block, view }
  // The head's state is only away while it is being rebuilt.
  const failure = stateHash === chain.head().hash ? gateError(node) : undefined
  if (failure !== undefined) throw failure
  const oldest = state.oldestReadable()
  throw serverError(
    `state of block ${block.number} is not available; the oldest is ${oldest ?? 'none'}`
  )
}

/**
 * Throws where they are not kept: of blocks that this node linked after a power cut without executing them, and
 * whose receipts no peer had any more.
 */
export function requireReceipts(
  chain: RpcChain,
  { number, hash, transactions }: Block
): Iterable<StoredReceipt> {
  if (transactions.length === 0) return []
  const receipts = chain.receipts(hash)
  if (receipts !== undefined) return receipts
  throw serverError(`the receipts of block ${number} are not kept here: ask another node`)
}

/** Undefined while blocks can come; else what the node is doing instead. */
function gateError(node: Pick<RpcNode, 'gateShut'>): RpcError | undefined {
  const facts = node.gateShut()
  if (facts === undefined) return undefined
  return new RpcError(RPC_CODES.gateShut, 'no new blocks while the node recovers', facts)
}
