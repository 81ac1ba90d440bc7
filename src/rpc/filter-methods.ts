// eth_ methods of filters that are polled, as geth's eth/filters has them.
import { z } from 'zod'
import { type Hex } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { type ChainFeed } from './chain-feed.ts'
import { type EventSources, logsOfEvent, transactionOfEvent } from './event-results.ts'
import { type FilterCursor, filterNotFound, type Filters } from './filters.ts'
import { JsonItems } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import { assertFollowable } from './log-criteria.ts'
import { findLogs, LOGS_MAX, type LogSources } from './log-methods.ts'
import { type LogFilterParam, logFilterParam, parseParams } from './params.ts'

/** What the methods read from. */
export interface FilterMethodDeps extends EventSources, LogSources {
  readonly feed: ChainFeed
  readonly filters: Filters
}

/** Of the data of logs, so many bytes of text are in one answer, and one log more; what is left comes with the next. */
const CHANGES_MAX_CHARS = 8 * 2 ** 20

const idParam = z.string().max(128)
const fullFlag = z.boolean().nullish()

/** The methods by name. */
export function filterMethods(deps: FilterMethodDeps): Record<string, RpcMethod> {
  const { filters } = deps
  return {
    eth_newFilter(params, { caller }) {
      const [criteria] = parseParams(params, [logFilterParam])
      assertFollowable(criteria)
      return filters.add({ kind: 'logs', criteria }, caller?.client ?? '')
    },
    eth_newBlockFilter(params, { caller }) {
      parseParams(params, [])
      return filters.add({ kind: 'blocks' }, caller?.client ?? '')
    },
    eth_newPendingTransactionFilter(params, { caller }) {
      const isFull = parseParams(params, [fullFlag])[0] ?? false
      return filters.add({ kind: 'transactions', isFull }, caller?.client ?? '')
    },
    eth_getFilterChanges(params, { turns }) {
      const { subject, cursor } = filters.poll(parseParams(params, [idParam])[0])
      switch (subject.kind) {
        case 'blocks':
          return newBlocks(deps, cursor)
        case 'transactions': {
          const hashes = newTransactions(deps, cursor)
          return subject.isFull ? new JsonItems(fullTransactions(deps, hashes)) : hashes
        }
        case 'logs':
          return new JsonItems(newLogs(deps, { cursor, criteria: subject.criteria, turns }))
      }
    },
    eth_getFilterLogs(params, { turns }) {
      const { subject } = filters.find(parseParams(params, [idParam])[0])
      if (subject.kind !== 'logs') throw filterNotFound()
      return findLogs(deps, subject.criteria, turns)
    },
    eth_uninstallFilter: (params) => filters.remove(parseParams(params, [idParam])[0])
  }
}

/** Hashes of the blocks that became the head. A filter that lost some to the feed's bound is none any more. */
function newBlocks({ feed: { heads } }: FilterMethodDeps, cursor: FilterCursor): readonly Hex[] {
  if (cursor.place < heads.start) throw filterNotFound()
  const hashes: Hex[] = []
  for (; cursor.place < heads.end; cursor.place++) {
    const event = heads.at(cursor.place)
    if (event?.kind === 'added') hashes.push(event.hash)
  }
  return hashes
}

/** The newest hashes, where more came than are kept. */
function newTransactions({ feed: { transactions } }: FilterMethodDeps, cursor: FilterCursor) {
  const hashes: Hex[] = []
  for (let place = Math.max(cursor.place, transactions.start); place < transactions.end; place++) {
    const hash = transactions.at(place)
    if (hash !== undefined) hashes.push(hash)
  }
  cursor.place = transactions.end
  return hashes
}

function* fullTransactions(deps: FilterMethodDeps, hashes: readonly Hex[]) {
  for (const hash of hashes) {
    const transaction = transactionOfEvent(deps, hash)
    if (transaction !== undefined) yield transaction
  }
}

interface LogPoll {
  readonly cursor: FilterCursor
  readonly criteria: LogFilterParam
  readonly turns: Yielder
}

/**
 * As many as one answer holds. The filter goes on behind the last log that was written, whatever ends the answer;
 * of two polls at a time, each has what the other has not begun.
 */
async function* newLogs(deps: FilterMethodDeps, { cursor, criteria, turns }: LogPoll) {
  const { heads } = deps.feed
  if (cursor.place < heads.start) throw filterNotFound()
  const { end } = heads
  const at = { ...cursor }
  Object.assign(cursor, { place: end, skip: 0 })
  let [count, chars] = [0, 0]
  try {
    for (; at.place < end; at.place++, at.skip = 0) {
      await turns.maybeYield()
      const event = heads.at(at.place)
      if (event === undefined) throw filterNotFound()
      let skipped = 0
      for await (const log of logsOfEvent(deps, event, criteria, turns)) {
        if (skipped++ < at.skip) continue
        if (count >= LOGS_MAX || chars >= CHANGES_MAX_CHARS) return
        yield log
        at.skip += 1
        count += 1
        chars += String((log as Readonly<Record<string, unknown>>).data).length
      }
    }
  } finally {
    if (at.place < cursor.place) Object.assign(cursor, at)
  }
}
