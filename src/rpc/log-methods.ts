// eth_getLogs: logs of a bounded range, blocks without a match skipped by their bloom.
import { bytesToHex, type Hex, hexToBytes } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { createYielder } from '../base/yielder.ts'
import { bloomContains } from '../chain/receipt.ts'
import { type Block } from '../chain/block.ts'
import {
  type BlockSources,
  requireBlock,
  requireReceipts,
  storedBlock
} from './block-resolution.ts'
import { formatLog } from './format.ts'
import { type RpcMethod } from './json-rpc.ts'
import { LATEST, logFilterParam, type LogFilterParam, parseParams } from './params.ts'
import { type RpcChain } from './ports.ts'
import { invalidParams, RPC_CODES, RpcError } from './rpc-error.ts'

/** Blocks one eth_getLogs may span. */
export const LOG_RANGE_MAX_BLOCKS = 10_000n
/** Logs one answer may hold. */
export const LOGS_MAX = 10_000

/** The methods by name. */
export function logMethods(sources: BlockSources): Record<string, RpcMethod> {
  const { chain } = sources
  return {
    async eth_getLogs(params) {
      const [filter] = parseParams(params, [logFilterParam])
      const found: Record<string, unknown>[] = []
      const yielder = createYielder()
      for (const block of blocksOf(sources, filter)) {
        await yielder.maybeYield()
        if (!mayMatch(block, filter)) continue
        found.push(...matchingLogs(chain, block, filter))
        if (found.length > LOGS_MAX) {
          const message = `more than ${String(LOGS_MAX)} logs; ask for fewer blocks`
          throw new RpcError(RPC_CODES.limitExceeded, message)
        }
      }
      return found
    }
  }
}

function* blocksOf(sources: BlockSources, filter: LogFilterParam): Generator<Block> {
  if (filter.blockHash !== undefined) {
    yield requireBlock(sources, { kind: 'hash', hash: filter.blockHash })
    return
  }
  const first = requireBlock(sources, filter.fromBlock ?? LATEST).number
  const last = requireBlock(sources, filter.toBlock ?? LATEST).number
  if (first > last) throw invalidParams('argument 0: fromBlock is above toBlock')
  if (last - first >= LOG_RANGE_MAX_BLOCKS) {
    const message = `${(last - first + 1n).toString()} blocks asked for, at most ${LOG_RANGE_MAX_BLOCKS.toString()}`
    throw new RpcError(RPC_CODES.limitExceeded, message)
  }
  for (let number = first; number <= last; number++) {
    const block = storedBlock(sources.chain, number)
    if (block !== undefined) yield block
  }
}

/** The block's bloom holds one of the addresses and, at each place, one of the topics. */
function mayMatch({ header }: Block, { address, topics = [] }: LogFilterParam): boolean {
  const contains = (value: Hex) => bloomContains(header.logsBloom, hexToBytes(value))
  if (address !== undefined && address.length > 0 && !address.some(contains)) return false
  return topics.every((wanted) => {
    if (wanted === null) return true
    return Array.isArray(wanted) ? wanted.length === 0 || wanted.some(contains) : contains(wanted)
  })
}

function matchingLogs(chain: RpcChain, block: Block, filter: LogFilterParam) {
  const found: Record<string, unknown>[] = []
  let logIndex = 0
  for (const [index, receipt] of requireReceipts(chain, block).entries()) {
    for (const log of receipt.logs) {
      const address = bytesToHex(log.address)
      const topics = log.topics.map(bytesToHex)
      if (matches(filter, address, topics)) {
        const hash = bytesToHex(keccak256(block.transactions[index] ?? new Uint8Array()))
        found.push(formatLog(log, logIndex, hash, { block, index }))
      }
      logIndex += 1
    }
  }
  return found
}

function matches(filter: LogFilterParam, address: Hex, topics: readonly Hex[]): boolean {
  const { address: addresses = [], topics: wanted = [] } = filter
  if (addresses.length > 0 && !addresses.includes(address)) return false
  // As geth does: a place that is named, be it with a wildcard, has to be there.
  if (wanted.length > topics.length) return false
  return wanted.every((topic, place) => {
    const has = topics[place]!
    if (topic === null) return true
    return Array.isArray(topic) ? topic.length === 0 || topic.includes(has) : topic === has
  })
}
