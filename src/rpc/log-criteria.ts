// What a log filter or a subscription to logs may ask for, and what its criteria weigh in memory.
import { type BlockParam, type LogFilterParam } from './params.ts'
import { invalidParams, serverError } from './rpc-error.ts'

/** Bytes that a filter or a subscription takes by itself, and for each address and topic of its criteria. */
const BASE_BYTES = 512
const VALUE_BYTES = 128

/** What the criteria weigh in a ledger of bytes. */
export function criteriaBytes({ address = [], topics }: Partial<LogFilterParam>): number {
  const choices = (topics ?? []).reduce((sum, topic) => {
    return sum + (Array.isArray(topic) ? topic.length : 1)
  }, 0)
  return BASE_BYTES + VALUE_BYTES * ((address ?? []).length + choices)
}

/**
 * Throws for a range that no new block can be in, in geth's words and by its rule (eth/filters, EventSystem.SubscribeLogs):
 * from latest to latest, from a height to latest, or from a height to a height that is not below it.
 */
export function assertFollowable({ blockHash, fromBlock, toBlock }: LogFilterParam): void {
  if (blockHash !== undefined && blockHash !== null) {
    throw invalidParams(
      'argument 0: blockHash is for eth_getLogs: what follows new blocks has no use for it'
    )
  }
  if (isTag(fromBlock, 'pending') || isTag(toBlock, 'pending')) {
    throw serverError('pending logs are not supported')
  }
  const [first, last] = [heightOf(fromBlock), heightOf(toBlock)]
  const isFromLatest = isLatest(fromBlock)
  const isToLatest = isLatest(toBlock)
  if (isToLatest && (isFromLatest || first !== undefined)) return
  if (first !== undefined && last !== undefined && first <= last) return
  throw serverError('invalid block range params')
}

/** True for a height that the criteria's range has. */
export function isInRange({ fromBlock, toBlock }: LogFilterParam, number: bigint): boolean {
  const [first = 0n, last = number] = [heightOf(fromBlock), heightOf(toBlock)]
  return first <= number && number <= last
}

type OptionalBlock = BlockParam | null | undefined

function isTag(block: OptionalBlock, tag: string): boolean {
  return block?.kind === 'tag' && block.tag === tag
}

function isLatest(block: OptionalBlock): boolean {
  return block === undefined || block === null || isTag(block, 'latest')
}

function heightOf(block: OptionalBlock): bigint | undefined {
  if (isTag(block, 'earliest')) return 0n
  return block?.kind === 'number' ? block.number : undefined
}
