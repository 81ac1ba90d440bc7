// eth_ methods about ommers, which no block after the merge has: how many there are, and which.
import { hexQuantity } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { findBlock } from './block-resolution.ts'
import { type RpcMethod } from './json-rpc.ts'
import { blockParam, hashParam, parseParams, quantityParam } from './params.ts'
import { type RpcChain } from './ports.ts'

/** The methods by name; a block that is not there is null, as in geth (internal/ethapi, GetUncleCountByBlockNumber). */
export function uncleMethods({ chain }: { readonly chain: RpcChain }): Record<string, RpcMethod> {
  const countOf = (block: Block | undefined) => block && hexQuantity(0)
  return {
    eth_getUncleCountByBlockNumber: (params) =>
      countOf(findBlock(chain, parseParams(params, [blockParam])[0])),
    eth_getUncleCountByBlockHash: (params) =>
      countOf(chain.blockByHash(parseParams(params, [hashParam])[0])),
    eth_getUncleByBlockNumberAndIndex(params) {
      findBlock(chain, parseParams(params, [blockParam, quantityParam])[0])
      return null
    },
    eth_getUncleByBlockHashAndIndex(params) {
      parseParams(params, [hashParam, quantityParam])
      return null
    }
  }
}
