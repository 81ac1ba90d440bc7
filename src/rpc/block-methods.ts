// eth_ methods that read blocks, transactions, receipts and logs.
import { z } from 'zod'
import { type Hex, hexQuantity } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type StoredReceipt } from '../chain/stored/stored-receipts.ts'
import { findBlock, isPending, requireReceipts } from './block-resolution.ts'
import { type BlockTexts, TextCollector } from './block-texts.ts'
import { formatBlock, formatPendingBlock, formatReceipt, formatTransaction } from './format.ts'
import { JsonItems, JsonText } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import { type BlockParam, blockParam, hashParam, parseParams, quantityParam } from './params.ts'
import { type DecodedTransaction, type RpcChain, type RpcPool } from './ports.ts'

/** What the methods read from. */
export interface BlockMethodDeps {
  readonly chain: RpcChain
  readonly pool: RpcPool
  readonly decode: (raw: Uint8Array) => DecodedTransaction
  readonly texts: BlockTexts
}

interface PlacedReceipt {
  readonly receipt: StoredReceipt
  readonly index: number
  readonly before: { readonly gasUsed: bigint; readonly logsCount: number }
}

const fullFlag = z
  .boolean()
  .nullish()
  .transform((isFull) => isFull ?? false)
const byHash = (hash: Hex): BlockParam => ({ kind: 'hash', hash })

/** The methods by name. */
export function blockMethods({
  chain,
  pool,
  decode,
  texts
}: BlockMethodDeps): Record<string, RpcMethod> {
  const format = (block: Block | undefined, isFull: boolean) =>
    block &&
    formatBlock(block, isFull ? new JsonItems(transactionsOf(block, { decode, texts })) : undefined)

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
    eth_blockNumber: () => hexQuantity(chain.head().number),
    eth_getBlockByNumber(params) {
      const [block, isFull] = parseParams(params, [blockParam, fullFlag])
      if (isPending(block)) return formatPendingBlock(chain.pending())
      return format(findBlock(chain, block), isFull)
    },
    eth_getBlockByHash(params) {
      const [hash, isFull] = parseParams(params, [hashParam, fullFlag])
      return format(chain.blockByHash(hash), isFull)
    },
    eth_getBlockTransactionCountByNumber(params) {
      const block = findBlock(chain, parseParams(params, [blockParam])[0])
      return block && hexQuantity(block.transactions.length)
    },
    eth_getBlockTransactionCountByHash(params) {
      const block = chain.blockByHash(parseParams(params, [hashParam])[0])
      return block && hexQuantity(block.transactions.length)
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
      if (place === undefined) return null
      const raw = place.block.transactions[place.index]
      if (raw === undefined) return null
      for (const { receipt, index, before } of placedReceipts(chain, place.block)) {
        if (index === place.index) return formatReceipt(receipt, before, decode(raw), place)
      }
      return null
    },
    eth_getBlockReceipts(params) {
      const block = findBlock(chain, parseParams(params, [blockParam])[0])
      return block && new JsonItems(receiptsOf(block, placedReceipts(chain, block), decode))
    }
  }
}

type Decode = BlockMethodDeps['decode']

/** One at a time: to recover the senders of all takes a while. */
function* transactionsOf(
  block: Block,
  { decode, texts }: Pick<BlockMethodDeps, 'decode' | 'texts'>
) {
  const { transactions: kept } = texts.get(block.hash)
  if (kept !== undefined && kept !== '') {
    yield new JsonText([kept])
    return
  }
  const collector = new TextCollector<string>()
  for (const [index, raw] of block.transactions.entries()) {
    const text = JSON.stringify(formatTransaction(decode(raw), { block, index }))
    collector.add(text, text.length)
    yield new JsonText([text])
  }
  const { whole } = collector
  if (whole !== undefined) texts.add(block.hash, { transactions: whole.join(',') })
}

function* receiptsOf(block: Block, receipts: Iterable<PlacedReceipt>, decode: Decode) {
  for (const { receipt, index, before } of receipts) {
    const raw = block.transactions[index] ?? new Uint8Array()
    yield formatReceipt(receipt, before, decode(raw), { block, index })
  }
}

/** Each receipt of a block with what came before it. Throws where they are not kept. */
function placedReceipts(chain: RpcChain, block: Block): Iterable<PlacedReceipt> {
  return placed(requireReceipts(chain, block))
}

function* placed(receipts: Iterable<StoredReceipt>): Generator<PlacedReceipt> {
  let index = 0
  let before = { gasUsed: 0n, logsCount: 0 }
  for (const receipt of receipts) {
    yield { receipt, index, before }
    const logsCount = before.logsCount + receipt.logsCount()
    before = { gasUsed: receipt.cumulativeGasUsed, logsCount }
    index += 1
  }
}
