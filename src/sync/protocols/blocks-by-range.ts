// blocks_by_range as this node speaks it: blocks by height, ascending until one is missing (protocols/blocks-by-range).
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { type SignedBlock } from '../../chain/blocks/block.ts'
import { unlessDamaged } from '../../chain/stored/chain-entry.ts'
import { RequestRefused } from '../../reqresp/responder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { type BlockChecks, falseBlock, verifyFrom } from './asking.ts'
import { serveRange } from './serve-range.ts'

/** What serving needs; the canonical block store satisfies it. */
export interface MessageSource {
  /** The signed message of the canonical block; undefined when missing or unsigned. Throws where it is damaged. */
  messageByNumber(number: bigint): VersionedMessage | undefined
}

/** Consecutive blocks from the first one that was asked for. */
export const SERVED_BLOCKS_BY_RANGE: CheckedProtocol<
  RangeRequest,
  VersionedMessage,
  { readonly blocks: MessageSource },
  BlockChecks,
  SignedBlock
> = {
  def: BLOCKS_BY_RANGE,
  costTokens: 10,
  lane: 'bulk',
  deadlines: DEADLINES,
  isNeeded: true,
  *serve({ blocks }, asked) {
    if (!isBlockServed(blocks, asked.start)) {
      throw new RequestRefused('unavailable', `block ${asked.start.toString()} is not held`)
    }
    yield* serveBlocksByRange(blocks, asked)
  },
  async *check({ peer, request: { start, count, maxBytes } }, messages, checks) {
    let expected = start
    let bytes = 0
    for await (const message of messages) {
      bytes += message.message.length
      if (bytes > maxBytes && expected > start) {
        throw falseBlock(checks, { code: 'answer-too-large', peer, maxBytes })
      }
      const block = verifyFrom(checks, peer, message)
      if (block.number !== expected || expected >= start + count) {
        throw falseBlock(checks, { code: 'block-unrequested', peer, number: block.number })
      }
      yield block
      expected += 1n
    }
  }
}

/** At least one if `start` exists; stops before the message that would pass `maxBytes`. */
export function serveBlocksByRange(
  source: MessageSource,
  request: RangeRequest
): Generator<VersionedMessage> {
  const read = (number: bigint) => servedMessage(source, number)
  return serveRange({ read, sizeBytes: ({ message }) => message.length }, request)
}

/** True when the block can be sent: it is held, with its signature, as it was written. */
export function isBlockServed(source: MessageSource, number: bigint): boolean {
  return servedMessage(source, number) !== undefined
}

/** What the disk damaged is lacked as what is missing is: another peer has it (BR-5, BR-7). */
function servedMessage(source: MessageSource, number: bigint): VersionedMessage | undefined {
  return unlessDamaged(() => source.messageByNumber(number))
}
