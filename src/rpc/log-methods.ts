// eth_getLogs and the logs of one block: logs of a bounded range, blocks without a match skipped by their bloom.
import { type Hex, hexToBytes } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { bloomContains } from '../chain/blocks/receipt.ts'
import { type Block } from '../chain/blocks/block.ts'
import {
  type BlockSources,
  requireBlock,
  requireReceipts,
  storedBlock
} from './block-resolution.ts'
import { type BlockTexts, charsOfLog, type LogText, TextCollector } from './block-texts.ts'
import { formatLog, logWords, type LogWords } from './format.ts'
import { JsonItems, JsonText } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import {
  type BlockParam,
  LATEST,
  logFilterParam,
  type LogFilterParam,
  parseParams
} from './params.ts'
import { type RpcChain } from './ports.ts'
import { RPC_CODES, RpcError, serverError } from './rpc-error.ts'
import { transactionHash } from './transaction-hash.ts'

/** Blocks one eth_getLogs may span. */
export const LOG_RANGE_MAX_BLOCKS = 10_000n
/** Logs one answer may hold. */
export const LOGS_MAX = 10_000

/** Characters of logs that are written in one go. */
const WRITTEN_CHARS = 16 * 1024
/** Logs compared between two looks at the clock. */
const LOGS_PER_LOOK = 64

/** Where logs are read from. */
export interface LogSources extends BlockSources {
  readonly texts: BlockTexts
}

/** The methods by name. */
export function logMethods(sources: LogSources): Record<string, RpcMethod> {
  return {
    eth_getLogs(params, { turns }) {
      const [filter] = parseParams(params, [logFilterParam])
      return findLogs(sources, filter, turns)
    }
  }
}

/** The answer to eth_getLogs. Its items throw what the range, lost blocks and too many logs are refused with. */
export function findLogs(sources: LogSources, filter: LogFilterParam, turns: Yielder): JsonItems {
  const blocks = blocksOf(sources, filter)
  return new JsonItems(foundLogs({ blocks, sources, filter, turns }))
}

/** The logs of one block that the filter's addresses and topics let through. Throws where they are not kept. */
export async function* logsOfBlock(
  chain: RpcChain,
  block: Block,
  filter: LogFilterParam,
  turns: Yielder
) {
  if (!mayMatch(block, filter)) return
  for (const log of logsOf(chain, block)) {
    if (log === undefined) await turns.maybeYield()
    else if (matches(filter, log.words)) yield log.format()
  }
}

interface LogSearch {
  readonly blocks: Iterable<Block>
  readonly sources: Pick<LogSources, 'chain' | 'texts'>
  readonly filter: LogFilterParam
  readonly turns: Yielder
}

/** Logs as they are found, some thousand characters at a time. Throws when there are more than one answer may hold. */
async function* foundLogs({ blocks, sources, filter, turns }: LogSearch) {
  let count = 0
  let text = ''
  for (const block of blocks) {
    await turns.maybeYield()
    if (!mayMatch(block, filter)) continue
    for (const log of textsOf(sources, block, filter)) {
      if (log === undefined) {
        await turns.maybeYield()
        continue
      }
      count += 1
      if (count > LOGS_MAX) {
        const message = `more than ${String(LOGS_MAX)} logs; ask for fewer blocks, or for one address or topic`
        throw new RpcError(RPC_CODES.limitExceeded, message)
      }
      text = text === '' ? log.text : `${text},${log.text}`
      if (text.length < WRITTEN_CHARS) continue
      yield new JsonText([text])
      text = ''
    }
  }
  if (text !== '') yield new JsonText([text])
}

function* blocksOf(sources: BlockSources, filter: LogFilterParam): Generator<Block> {
  if (filter.blockHash !== undefined) {
    yield requireBlock(sources, { kind: 'hash', hash: filter.blockHash })
    return
  }
  const first = rangeEnd(sources, filter.fromBlock ?? LATEST)
  const last = rangeEnd(sources, filter.toBlock ?? LATEST)
  if (first > last) throw badRange('invalid block range params: fromBlock is above toBlock')
  if (last - first >= LOG_RANGE_MAX_BLOCKS) {
    const message = `${(last - first + 1n).toString()} blocks asked for, at most ${LOG_RANGE_MAX_BLOCKS.toString()}; ask for them in several parts`
    throw new RpcError(RPC_CODES.limitExceeded, message)
  }
  for (let number = first; number <= last; number++) {
    const block = storedBlock(sources.chain, number)
    if (block !== undefined) yield block
  }
}

/** As geth, whose words differ here from those of its other methods (eth/filters, Filter.Logs). */
function rangeEnd(sources: BlockSources, param: BlockParam): bigint {
  if (param.kind === 'tag') {
    if (param.tag === 'pending') throw badRange('pending logs are not supported')
    if (param.tag === 'safe' || param.tag === 'finalized') {
      throw serverError(`${param.tag} header not found`)
    }
  }
  const { chain, node } = sources
  const isAbove = param.kind === 'number' && param.number > chain.head().number
  if (isAbove && node.gateShut() === undefined) {
    throw badRange('block range extends beyond current head block')
  }
  return requireBlock(sources, param).number
}

function badRange(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidParams, message)
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

/** The logs of a block that match, as text. Undefined now and then, when others may be due. */
function* textsOf(
  { chain, texts }: Pick<LogSources, 'chain' | 'texts'>,
  block: Block,
  filter: LogFilterParam
): Generator<Pick<LogText, 'text'> | undefined> {
  const { logs: kept } = texts.get(block.hash)
  if (kept === undefined && !texts.isAskedAgain(block.hash)) {
    for (const log of logsOf(chain, block)) {
      if (log === undefined) yield undefined
      else if (matches(filter, log.words)) yield { text: JSON.stringify(log.format()) }
    }
    return
  }
  for (const log of kept ?? allTexts(chain, texts, block)) {
    if (log === undefined || matches(filter, log)) yield log
  }
}

/** All logs of a block as text, which are kept once they are through. */
function* allTexts(
  chain: RpcChain,
  texts: BlockTexts,
  block: Block
): Generator<LogText | undefined> {
  const collector = new TextCollector<LogText>()
  for (const log of logsOf(chain, block)) {
    if (log === undefined) {
      yield undefined
      continue
    }
    const text = { ...log.words, text: JSON.stringify(log.format()) }
    collector.add(text, charsOfLog(text))
    yield text
  }
  const { whole } = collector
  if (whole !== undefined) texts.add(block.hash, { logs: whole })
}

interface ReadLog {
  readonly words: LogWords
  readonly format: () => Record<string, unknown>
}

/** All logs of a block, as they are stored. Undefined now and then, when others may be due. */
function* logsOf(chain: RpcChain, block: Block): Generator<ReadLog | undefined> {
  let logIndex = 0
  let index = -1
  for (const receipt of requireReceipts(chain, block)) {
    index += 1
    for (const log of receipt.logs()) {
      if (logIndex % LOGS_PER_LOOK === 0) yield undefined
      const words = logWords(log)
      const place = { block, index, words }
      const at = logIndex
      const raw = block.transactions[index] ?? new Uint8Array()
      yield { words, format: () => formatLog(log, at, transactionHash(raw), place) }
      logIndex += 1
    }
  }
}

function matches(filter: LogFilterParam, { address, topics }: LogWords): boolean {
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
