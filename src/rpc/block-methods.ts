// eth_ methods that read blocks, transactions, receipts and logs.
import { z } from 'zod'
import { type Hex } from '../base/bytes.ts'
import { type Block } from '../chain/block.ts'
import { findBlock } from './block-resolution.ts'
import { formatBlock, formatReceipt, formatTransaction, quantity } from './format.ts'
import { type RpcMethod } from './json-rpc.ts'
import { type BlockParam, blockParam, hashParam, parseParams, quantityParam } from './params.ts'
import { type DecodedTransaction, type RpcChain, type RpcPool } from './ports.ts'

/** What the methods read from. */
export interface BlockMethodDeps {
  readonly chain: RpcChain
  readonly pool: RpcPool
  readonly decode: (raw: Uint8Array) => DecodedTransaction
}

const fullFlag = z.boolean().default(false)
const byHash = (hash: Hex): BlockParam => ({ kind: 'hash', hash })

/** The methods by name. */
export function blockMethods({ chain, pool, decode }: BlockMethodDeps): Record<string, RpcMethod> {
  const format = (block: Block | undefined, isFull: boolean) =>
    block && formatBlock(block, isFull ? decode : undefined)

  const transactionAt = (block: Block | undefined, index: bigint) => {
    const raw = block?.transactions[Number(index)]
    if (block === undefined || raw === undefined) return null
    return formatTransaction(decode(raw), { block, index: Number(index) })
  }

  const locate = (hash: Hex) => {
    const location = chain.transactionLocation(hash)
    const block = location && chain.blockByHash(location.blockHash)
    return block && location && { block, index: location.index }
  }

  return {
    eth_blockNumber: () => quantity(chain.head().number),
    eth_getBlockByNumber(params) {
      const [block, isFull] = parseParams(params, [blockParam, fullFlag])
      return format(findBlock(chain, block), isFull)
    },
    eth_getBlockByHash(params) {
      const [hash, isFull] = parseParams(params, [hashParam, fullFlag])
      return format(chain.blockByHash(hash), isFull)
    },
    eth_getBlockTransactionCountByNumber(params) {
      const block = findBlock(chain, parseParams(params, [blockParam])[0])
      return block && quantity(block.transactions.length)
    },
    eth_getBlockTransactionCountByHash(params) {
      const block = chain.blockByHash(parseParams(params, [hashParam])[0])
      return block && quantity(block.transactions.length)
    },
    eth_getTransactionByHash(params) {
      const [hash] = parseParams(params, [hashParam])
      const place = locate(hash)
      if (place !== undefined) return transactionAt(place.block, BigInt(place.index))
      const pending = pool.get(hash)
      return pending && formatTransaction(decode(pending), undefined)
    },
    eth_getTransactionByBlockNumberAndIndex(params) {
      const [block, index] = parseParams(params, [blockParam, quantityParam])
      return transactionAt(findBlock(chain, block), index)
    },
    eth_getTransactionByBlockHashAndIndex(params) {
      const [hash, index] = parseParams(params, [hashParam, quantityParam])
      return transactionAt(findBlock(chain, byHash(hash)), index)
    },
    eth_getTransactionReceipt(params) {
      const place = locate(parseParams(params, [hashParam])[0])
      return place && blockReceipts({ chain, decode }, place.block)?.[place.index]
    },
    eth_getBlockReceipts(params) {
      const block = findBlock(chain, parseParams(params, [blockParam])[0])
      return block && blockReceipts({ chain, decode }, block)
    }
  }
}

/** All receipts of a block; undefined for one whose receipts are not stored. */
function blockReceipts(
  { chain, decode }: Pick<BlockMethodDeps, 'chain' | 'decode'>,
  block: Block
): readonly Record<string, unknown>[] | undefined {
  const receipts = chain.receipts(block.hash)
  let logsCount = 0
  let gasUsed = 0n
  return receipts?.map((receipt, index) => {
    const raw = block.transactions[index]
    if (raw === undefined)
      throw new Error(`block ${block.hash} has more receipts than transactions`)
    const before = { gasUsed, logsCount }
    logsCount += receipt.logs.length
    gasUsed = receipt.cumulativeGasUsed
    return formatReceipt(receipt, before, decode(raw), { block, index })
  })
}
