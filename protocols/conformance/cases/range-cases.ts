// BR: canonical blocks in ascending order.
import { toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { messagesOf, type ServedMessage } from '../served-messages.ts'
import { type Subject } from '../subject.ts'
import { lowestBlock, requests } from '../survey.ts'
import { expectRule, NotRun } from '../verdict.ts'
import { checkMessageChunks } from './message-chunks.ts'
import {
  rangeAnswerCases,
  type RangeProtocol,
  rangeRequestCases,
  takeSeveral
} from './range-protocol.ts'

const BLOCKS: RangeProtocol<ServedMessage> = {
  protocol: 'blocks_by_range',
  noun: 'block',
  rules: {
    size: 'BR-1',
    genesis: 'BR-2',
    count: 'BR-3',
    stop: 'BR-5',
    limits: 'BR-6',
    unavailable: 'BR-7'
  },
  request: requests.range,
  lowest: lowestBlock,
  answers: ({ ranges }) => ranges,
  items: messagesOf,
  number: ({ block }) => block?.payload.blockNumber,
  sizeBytes: ({ bytes }) => bytes.length
}

/** Cases of protocols/blocks-by-range that ask. */
export const RANGE_REQUEST_CASES: readonly ConformanceCase[] = rangeRequestCases(BLOCKS)

/** Cases of protocols/blocks-by-range: what every answer looks like. */
export const RANGE_ANSWER_CASES: readonly ConformanceCase[] = [
  {
    id: 'BR-4 chunks',
    rules: ['BR-4', 'BM-1', 'BM-3', 'FR-7'],
    title: 'sends messages of 66 bytes to 10 MiB with their version beside them',
    run: async ({ survey }) => {
      checkMessageChunks([...survey.ranges.values()])
    }
  },
  {
    id: 'BR-5 order',
    rules: ['BR-5', 'BR-8'],
    title: 'sends blocks in ascending order without gaps, each the child of the one before',
    run: checkOrder
  },
  ...rangeAnswerCases(BLOCKS)
]

async function checkOrder(subject: Subject): Promise<void> {
  const start = lowestBlock(subject.status)
  let before: Uint8Array | undefined
  for (const [at, { block }] of takeSeveral(BLOCKS, subject, 'all').entries()) {
    if (block === undefined) throw new NotRun('a message does not decode')
    const { blockNumber, parentHash, blockHash } = block.payload
    const due = start + BigInt(at)
    expectRule(blockNumber === due, `block ${String(blockNumber)} in place of ${String(due)}`)
    const isChild = before === undefined || toHex(parentHash) === toHex(before)
    expectRule(isChild, `block ${String(blockNumber)} is no child of the one before`)
    before = blockHash
  }
}
