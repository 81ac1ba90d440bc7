// Which block and which state a parameter names, and the errors when there is none.
import { type Block } from '../chain/block.ts'
import { type StateView } from '../state/state-view.ts'
import { type BlockParam } from './params.ts'
import { type RpcChain, type RpcState } from './ports.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** The canonical block; undefined when its height is above the head or its hash unknown. */
export function findBlock(chain: RpcChain, param: BlockParam): Block | undefined {
  switch (param.kind) {
    case 'number':
      return chain.blockByNumber(param.number)
    case 'hash':
      return chain.blockByHash(param.hash)
    case 'tag':
      if (param.tag === 'earliest') return chain.blockByNumber(0n)
      if (param.tag === 'latest' || param.tag === 'pending') return chain.head()
      throw new RpcError(RPC_CODES.serverError, `${param.tag} block not tracked`)
  }
}

/** As findBlock; throws where there is none. */
export function requireBlock(chain: RpcChain, param: BlockParam): Block {
  const block = findBlock(chain, param)
  if (block === undefined) throw new RpcError(RPC_CODES.serverError, 'block not found')
  return block
}

/** The block and its state; throws with the oldest readable height when the state is gone. */
export function requireState(
  chain: RpcChain,
  state: RpcState,
  param: BlockParam
): { readonly block: Block; readonly view: StateView } {
  const block = requireBlock(chain, param)
  const view = state.view(block.hash)
  if (view !== undefined) return { block, view }
  const oldest = state.oldestReadable()
  const message = `state of block ${block.number.toString()} is not available; the oldest is ${oldest === undefined ? 'none' : oldest.toString()}`
  throw new RpcError(RPC_CODES.serverError, message)
}
