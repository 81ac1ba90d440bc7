// What an event is to those who follow it: a block's hash or header, its logs, a transaction. For filters and subscriptions.
import { type Hex } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type HeadEvent } from './chain-feed.ts'
import { formatTransaction } from './format.ts'
import { isInRange } from './log-criteria.ts'
import { logsOfBlock } from './log-methods.ts'
import { type LogFilterParam } from './params.ts'
import { type DecodedTransaction, type RpcChain, type RpcPool } from './ports.ts'
import { serverError } from './rpc-error.ts'

/** Where blocks and transactions are read. */
export interface EventSources {
  readonly chain: RpcChain
  readonly pool: Pick<RpcPool, 'get'>
  readonly decode: (raw: Uint8Array) => DecodedTransaction
}

/** The block of an event. Throws for one that is not stored any more: to leave it out would say that it was empty. */
export function blockOfEvent(
  { chain }: Pick<EventSources, 'chain'>,
  { number, hash }: HeadEvent
): Block {
  const block = chain.blockByHash(hash)
  if (block !== undefined) return block
  throw serverError(`block ${number} is not stored here any more`)
}

/** The logs of an event that the criteria want; of a block that another branch took out with `removed`, as geth has it. */
export async function* logsOfEvent(
  sources: Pick<EventSources, 'chain'>,
  event: HeadEvent,
  criteria: LogFilterParam,
  turns: Yielder
) {
  if (!isInRange(criteria, event.number)) return
  const block = blockOfEvent(sources, event)
  const removed = event.kind === 'removed'
  for await (const log of logsOfBlock(sources.chain, block, criteria, turns))
    yield { ...log, removed }
}

/** A transaction as it was when it was taken; undefined when it has left the pool and is in no block. */
export function transactionOfEvent({ chain, pool, decode }: EventSources, hash: Hex) {
  const raw = pool.get(hash) ?? minedTransaction(chain, hash)
  return raw && formatTransaction(decode(raw), undefined)
}

function minedTransaction(chain: RpcChain, hash: Hex): Uint8Array | undefined {
  const location = chain.transactionLocation(hash)
  return location && chain.blockByHash(location.blockHash)?.transactions[location.index]
}
