// A block's content as stored, shared by all who refer to it: its message, and the facts that the message does not hold.
import {
  decodeBlockMessage,
  encodeSignedPart,
  isTopicVersion,
  joinSignature,
  SIGNATURE_BYTES,
  type TopicVersion
} from '../../../protocols/block-message/codec.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../base/bytes.ts'
import { type Block, type SignedBlock } from './block.ts'
import { blockToMessage } from './payload.ts'

/** A stored message. A block that came without a signature has zeros in its place, and no signer. */
export interface BlockContent {
  readonly version: TopicVersion
  readonly signer: Hex | undefined
  /** Laid out as a block message in any case. */
  readonly message: Uint8Array
}

const SIGNER_BYTES = 20
/** version ++ 1 when signed, else 0 ++ signer, zeros when there is none. */
const HEAD_BYTES = 2 + SIGNER_BYTES
const NO_SIGNATURE = new Uint8Array(SIGNATURE_BYTES)

/** True for a block that carries its signed message. */
export function isSigned(block: Block): block is SignedBlock {
  return 'message' in block && 'signer' in block
}

/** The body to store. */
export function encodeContent(block: Block): Uint8Array {
  const { version, signer, message } = contentOf(block)
  const body = new Uint8Array(HEAD_BYTES + message.length)
  body[0] = version
  body[1] = signer === undefined ? 0 : 1
  if (signer !== undefined) body.set(hexToBytes(signer, SIGNER_BYTES), 2)
  body.set(message, HEAD_BYTES)
  return body
}

/** The message is a view of `body`. Throws RangeError for a body that no version of this code wrote. */
export function decodeContent(body: Uint8Array): BlockContent {
  const [version = -1, signedFlag] = body
  if (!isTopicVersion(version) || body.length < HEAD_BYTES) {
    throw new RangeError(`a block content of version ${version}, ${body.length} bytes`)
  }
  const signer = signedFlag === 1 ? bytesToHex(body.subarray(2, HEAD_BYTES)) : undefined
  return { version, signer, message: body.subarray(HEAD_BYTES) }
}

/** The transactions in a stored message, views of it. Throws BlockMessageError. */
export function contentTransactions({ version, message }: BlockContent): readonly Uint8Array[] {
  return decodeBlockMessage(version, message).payload.transactions
}

function contentOf(block: Block): BlockContent {
  if (isSigned(block)) return block
  const unsigned = blockToMessage(block)
  const message = joinSignature(NO_SIGNATURE, encodeSignedPart(unsigned))
  return { version: unsigned.version, signer: undefined, message }
}
