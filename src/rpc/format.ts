// Blocks, transactions, receipts and logs in the JSON form of the Ethereum execution API.
import { bytesToHex, type Hex, hexQuantity } from '../base/bytes.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type Log } from '../chain/blocks/receipt.ts'
import { type StoredReceipt } from '../chain/stored/stored-receipts.ts'
import { blockSizeBytes } from './block-rlp.ts'
import { JsonItems } from './json-encode.ts'
import { type DecodedTransaction, type TransactionFees } from './ports.ts'
import { transactionHash } from './transaction-hash.ts'

/** A transaction beside the block it stands in; pending ones have none. */
export interface TransactionPlace {
  readonly block: Block
  readonly index: number
}

/** A block as the execution API prints it; its transactions in full where they are given, else their hashes. */
export function formatBlock(block: Block, full: JsonItems | undefined): Record<string, unknown> {
  const { header, transactions } = block
  return {
    number: hexQuantity(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    sha3Uncles: bytesToHex(header.ommersHash),
    miner: bytesToHex(header.feeRecipient),
    stateRoot: block.stateRoot,
    transactionsRoot: bytesToHex(header.transactionsRoot),
    receiptsRoot: bytesToHex(header.receiptsRoot),
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: hexQuantity(header.difficulty),
    gasLimit: hexQuantity(header.gasLimit),
    gasUsed: hexQuantity(header.gasUsed),
    timestamp: hexQuantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    mixHash: bytesToHex(header.prevRandao),
    nonce: bytesToHex(header.nonce),
    baseFeePerGas: hexQuantity(header.baseFeePerGas),
    ...(header.withdrawalsRoot && {
      withdrawals: [],
      withdrawalsRoot: bytesToHex(header.withdrawalsRoot)
    }),
    ...(header.blobGasUsed !== undefined && { blobGasUsed: hexQuantity(header.blobGasUsed) }),
    ...(header.excessBlobGas !== undefined && { excessBlobGas: hexQuantity(header.excessBlobGas) }),
    ...(header.parentBeaconBlockRoot && {
      parentBeaconBlockRoot: bytesToHex(header.parentBeaconBlockRoot)
    }),
    ...(header.requestsHash && { requestsHash: bytesToHex(header.requestsHash) }),
    size: hexQuantity(blockSizeBytes(block)),
    uncles: [],
    transactions: full ?? new JsonItems(hashesOf(transactions))
  }
}

/** Of a block, what a subscription to new heads gives: what is hashed, and the hash, as geth's types.Header. */
export function formatHead(block: Block): Record<string, unknown> {
  const fields = Object.entries(formatBlock(block, undefined))
  return Object.fromEntries(fields.filter(([name]) => !NOT_OF_A_HEADER.has(name)))
}

const NOT_OF_A_HEADER: ReadonlySet<string> = new Set([
  'size',
  'totalDifficulty',
  'transactions',
  'uncles',
  'withdrawals'
])

function* hashesOf(transactions: readonly Uint8Array[]) {
  for (const raw of transactions) yield transactionHash(raw)
}

/** What names a block that is not built yet is null, as in geth (internal/ethapi, GetBlockByNumber). */
export function formatPendingBlock(block: Block): Record<string, unknown> {
  return { ...formatBlock(block, undefined), hash: null, nonce: null, miner: null }
}

/** A transaction as the execution API prints it; without a place while it waits for a block. */
export function formatTransaction(
  { hash, from, json }: DecodedTransaction,
  place: TransactionPlace | undefined
): Record<string, unknown> {
  const { gasLimit, data, ...fields } = json
  const baseFee = place?.block.header.baseFeePerGas
  return {
    ...fields,
    gas: gasLimit,
    input: data,
    to: json.to ?? null,
    hash,
    from,
    blockHash: place?.block.hash ?? null,
    blockNumber: place === undefined ? null : hexQuantity(place.block.number),
    blockTimestamp: place === undefined ? null : hexQuantity(place.block.header.timestamp),
    transactionIndex: place === undefined ? null : hexQuantity(place.index),
    ...(json.maxFeePerGas !== undefined && {
      gasPrice:
        baseFee === undefined ? json.maxFeePerGas : hexQuantity(effectiveGasPrice(json, baseFee))
    })
  }
}

/** A receipt as the execution API prints it. */
export function formatReceipt(
  receipt: StoredReceipt,
  before: { readonly gasUsed: bigint; readonly logsCount: number },
  { hash, from, json, contractAddress }: DecodedTransaction,
  place: TransactionPlace
): Record<string, unknown> {
  const { block } = place
  return {
    transactionHash: hash,
    transactionIndex: hexQuantity(place.index),
    blockHash: block.hash,
    blockNumber: hexQuantity(block.number),
    from,
    to: json.to ?? null,
    contractAddress: contractAddress ?? null,
    cumulativeGasUsed: hexQuantity(receipt.cumulativeGasUsed),
    gasUsed: hexQuantity(receipt.cumulativeGasUsed - before.gasUsed),
    effectiveGasPrice: hexQuantity(effectiveGasPrice(json, block.header.baseFeePerGas)),
    logs: new JsonItems(formatLogs(receipt.logs(), before.logsCount, hash, place)),
    logsBloom: bytesToHex(receipt.logsBloom),
    status: hexQuantity(receipt.status),
    type: hexQuantity(receipt.type)
  }
}

function* formatLogs(logs: Iterable<Log>, firstIndex: number, hash: Hex, place: TransactionPlace) {
  let index = firstIndex
  for (const log of logs) yield formatLog(log, index++, hash, place)
}

/** What filters look at. */
export interface LogWords {
  readonly address: Hex
  readonly topics: readonly Hex[]
}

/** A log as the execution API prints it; `words` where they are made already. */
export function formatLog(
  log: Log,
  logIndex: number,
  hash: Hex,
  { block, index, words = logWords(log) }: TransactionPlace & { readonly words?: LogWords }
): Record<string, unknown> {
  return {
    ...words,
    data: bytesToHex(log.data),
    blockHash: block.hash,
    blockNumber: hexQuantity(block.number),
    blockTimestamp: hexQuantity(block.header.timestamp),
    transactionHash: hash,
    transactionIndex: hexQuantity(index),
    logIndex: hexQuantity(logIndex),
    removed: false
  }
}

/** Address and topics as hex. */
export function logWords({ address, topics }: Log): LogWords {
  return { address: bytesToHex(address), topics: topics.map(bytesToHex) }
}

/** What a unit of gas cost: base fee plus tip under the cap, or the legacy price (EIP-1559). */
export function effectiveGasPrice(json: TransactionFees, baseFee: bigint): bigint {
  if (json.maxFeePerGas === undefined) return BigInt(json.gasPrice ?? 0)
  const cap = BigInt(json.maxFeePerGas)
  const price = baseFee + BigInt(json.maxPriorityFeePerGas ?? 0)
  return price < cap ? price : cap
}
