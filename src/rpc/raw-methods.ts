// Transactions, headers, blocks and receipts as bytes: eth_getRawTransaction*, debug_getRaw*.
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { encodeHeader } from '../chain/blocks/header.ts'
import { type StoredReceipt } from '../chain/stored/stored-receipts.ts'
import { encodeBlock } from './block-rlp.ts'
import { findBlock, isPending, requireReceipts } from './block-resolution.ts'
import { JsonHex, JsonItems } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import { type BlockParam, blockParam, hashParam, parseParams, quantityParam } from './params.ts'
import { type RpcChain, type RpcPool } from './ports.ts'
import { serverError } from './rpc-error.ts'

/** geth's answer for what is not there. */
const NOTHING: Hex = '0x'

/** The methods by name. Of geth (internal/ethapi, TransactionAPI and DebugAPI) in what they answer for what is missing. */
export function rawMethods({
  chain,
  pool
}: {
  readonly chain: RpcChain
  readonly pool: Pick<RpcPool, 'get'>
}): Record<string, RpcMethod> {
  const byHash: RpcMethod = (params) => {
    const [hash] = parseParams(params, [hashParam])
    const place = chain.transactionLocation(hash)
    const block = place && chain.blockByHash(place.blockHash)
    return hexOf(place === undefined ? pool.get(hash) : block?.transactions[place.index])
  }
  return {
    eth_getRawTransactionByHash: byHash,
    eth_getRawTransactionByBlockNumberAndIndex(params) {
      const [block, index] = parseParams(params, [blockParam, quantityParam])
      return hexOf(findBlock(chain, block)?.transactions[Number(index)])
    },
    eth_getRawTransactionByBlockHashAndIndex(params) {
      const [hash, index] = parseParams(params, [hashParam, quantityParam])
      return hexOf(chain.blockByHash(hash)?.transactions[Number(index)])
    },
    debug_getRawTransaction: byHash,
    debug_getRawHeader(params) {
      const block = builtBlock(chain, parseParams(params, [blockParam])[0])
      return hexOf(block && encodeHeader(block.header))
    },
    debug_getRawBlock(params) {
      const block = builtBlock(chain, parseParams(params, [blockParam])[0])
      return block === undefined ? NOTHING : new JsonHex(encodeBlock(block))
    },
    debug_getRawReceipts(params) {
      const block = builtBlock(chain, parseParams(params, [blockParam])[0])
      return block && new JsonItems(encodedReceipts(requireReceipts(chain, block)))
    }
  }
}

function hexOf(bytes: Uint8Array | undefined): Hex {
  return bytes === undefined ? NOTHING : bytesToHex(bytes)
}

/** Undefined above the head. Throws for a hash that names no block, and for the one that is not built yet. */
function builtBlock(chain: RpcChain, param: BlockParam): Block | undefined {
  const block = isPending(param) ? undefined : findBlock(chain, param)
  if (block !== undefined || param.kind === 'number') return block
  const name = param.kind === 'hash' ? param.hash : param.tag
  throw serverError(`block ${name} not found`)
}

/** One at a time: their logs make them long. */
function* encodedReceipts(receipts: Iterable<StoredReceipt>) {
  for (const { encoded } of receipts) yield new JsonHex(encoded)
}
