// Serves blocks by height, ascending until one is missing, and by hash (protocols/blocks-by-range, blocks-by-hash).
import { type BlocksByHashRequest } from '../../../protocols/blocks-by-hash/codec.ts'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { unlessDamaged } from '../../chain/stored/chain-entry.ts'
import { serveRange } from './serve-range.ts'

/** What serving needs; the canonical block store satisfies it. */
export interface MessageSource {
  /** The signed message of the canonical block; undefined when missing or unsigned. Throws where it is damaged. */
  messageByNumber(number: bigint): VersionedMessage | undefined
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

/** What serving by hash needs; the accepted store satisfies it. */
export interface MessageByHashSource {
  /** Canonical or not; undefined when it is missing or unsigned. */
  acceptedMessage(hash: Hex): VersionedMessage | undefined
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
