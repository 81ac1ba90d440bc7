// blocks_by_hash as this node speaks it: what is held of the request, in its order (protocols/blocks-by-hash).
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import {
  BLOCKS_BY_HASH,
  type BlocksByHashRequest
} from '../../../protocols/blocks-by-hash/codec.ts'
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { type SignedBlock } from '../../chain/blocks/block.ts'
import { RequestRefused } from '../../reqresp/responder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { type BlockChecks, falseBlock, verifyFrom } from './asking.ts'

/** What serving by hash needs; the accepted store satisfies it. */
export interface MessageByHashSource {
  /** Canonical or not; undefined when it is missing or unsigned. */
  acceptedMessage(hash: Hex): VersionedMessage | undefined
}

/** Blocks of any branch. */
export const SERVED_BLOCKS_BY_HASH: CheckedProtocol<
  BlocksByHashRequest,
  VersionedMessage,
  { readonly accepted: MessageByHashSource },
  BlockChecks,
  SignedBlock
> = {
  def: BLOCKS_BY_HASH,
  costTokens: 10,
  lane: 'bulk',
  deadlines: DEADLINES,
  isNeeded: true,
  *serve({ accepted }, asked) {
    let sentCount = 0
    for (const message of serveBlocksByHash(accepted, asked)) {
      sentCount++
      yield message
    }
    if (sentCount === 0) throw new RequestRefused('unavailable', 'none of the blocks is held')
  },
  async *check({ peer, request }, messages, checks) {
    const hashes = request.hashes.map((hash) => bytesToHex(hash))
    let lastIndex = -1
    for await (const message of messages) {
      const block = verifyFrom(checks, peer, message)
      const index = hashes.indexOf(block.hash)
      if (index <= lastIndex) {
        throw falseBlock(checks, { code: 'block-unrequested', peer, number: block.number })
      }
      lastIndex = index
      yield block
    }
  }
}

/** What is held of the request, in its order. */
export function* serveBlocksByHash(
  source: MessageByHashSource,
  { hashes }: BlocksByHashRequest
): Generator<VersionedMessage> {
  for (const hash of hashes) {
    const found = source.acceptedMessage(bytesToHex(hash))
    if (found !== undefined) yield found
  }
}
