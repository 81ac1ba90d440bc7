// payload_by_number as this node speaks it: the OP Stack's way to one block by its height (protocols/payload-by-number).
import { encodeSignedPart } from '../../../protocols/block-message/codec.ts'
import {
  PAYLOAD_BY_NUMBER,
  type PayloadByNumberRequest,
  toUnsignedPayload,
  type UnsignedPayload
} from '../../../protocols/payload-by-number/codec.ts'
import { isPayloadServed } from '../../../protocols/payload-by-number/payload-frame.ts'
import { type Block } from '../../chain/blocks/block.ts'
import { blockToMessage } from '../../chain/blocks/payload.ts'
import { MessageError } from '../../chain/blocks/verify-message.ts'
import { unlessDamaged } from '../../chain/stored/chain-entry.ts'
import { RequestRefused } from '../../reqresp/responder.ts'
import {
  type CheckedProtocol,
  DEADLINES,
  type ProtocolDeadlines
} from '../../reqresp/served-protocol.ts'
import { type BlockChecks, falseBlock, verifiedFrom } from './asking.ts'
import { type MessageSource } from './blocks-by-range.ts'

/** What serving needs; the canonical block store satisfies it. */
export interface StoredPayloads extends MessageSource {
  /** The canonical block, signed or not. Throws where it is damaged. */
  blockByNumber(number: bigint): Block | undefined
}

/** What the client's checks need. */
export interface PayloadChecks extends Pick<BlockChecks, 'onFalse'> {
  /** Decodes a payload and checks its hash. Throws otherwise. */
  readonly verifyPayload: (payload: UnsignedPayload) => Block
}

/** op-node gives up reading after ten seconds: an answer that waited for its tokens must still arrive. */
const QUOTA_WAIT_MS = 5_000
/** What op-node allows for one block, as client and as server (op-node/p2p, sync.go: 5 s, 10 s, up to 20 s of throttling). */
const PAYLOAD_DEADLINES: ProtocolDeadlines = {
  ask: { dialMs: 5_000, firstByteMs: 20_000, chunkMs: 10_000, wholeMs: 30_000 },
  serve: { ...DEADLINES.serve, wholeMs: 20_000 }
}

/** A block that carries no proof: whose it is says a child that is proved. */
export const SERVED_PAYLOAD_BY_NUMBER: CheckedProtocol<
  PayloadByNumberRequest,
  UnsignedPayload,
  { readonly blocks: StoredPayloads },
  PayloadChecks,
  Block
> = {
  def: PAYLOAD_BY_NUMBER,
  costTokens: 10,
  lane: 'bulk',
  quotaWaitMs: QUOTA_WAIT_MS,
  deadlines: PAYLOAD_DEADLINES,
  isNeeded: false,
  *serve({ blocks }, { number }) {
    const payload = unlessDamaged(() => payloadOf(blocks, number))
    if (payload === undefined || !isPayloadServed(payload.bytes.length)) {
      throw new RequestRefused('unavailable', `block ${number.toString()} is not served`)
    }
    yield payload
  },
  async *check({ peer, request: { number } }, payloads, { verifyPayload, onFalse }) {
    for await (const payload of payloads) {
      const verify = () => verifyPayload(payload)
      const block = verifiedFrom({ onFalse }, peer, verify, payloadFailureCode)
      if (block.number !== number) {
        throw falseBlock({ onFalse }, { code: 'block-unrequested', peer, number: block.number })
      }
      yield block
    }
  }
}

/** Nobody signed it, so what is wrong is the peer's doing; but it may know a fork in which blocks use blob gas (GO-21). */
function payloadFailureCode(thrown: unknown): 'block-false' | 'block-unusable' {
  const isOfAFork = thrown instanceof MessageError && thrown.failure.code === 'blob-field-not-zero'
  return isOfAFork ? 'block-unusable' : 'block-false'
}

/** Of the canonical block; genesis has none. The signature is not needed, so a block without one is served too. */
function payloadOf(blocks: StoredPayloads, number: bigint): UnsignedPayload | undefined {
  if (number === 0n) return undefined
  const signed = blocks.messageByNumber(number)
  if (signed !== undefined) return toUnsignedPayload(signed)
  const block = blocks.blockByNumber(number)
  if (block === undefined) return undefined
  const message = blockToMessage(block)
  return { version: message.version < 2 ? 0 : 1, bytes: encodeSignedPart(message) }
}
