// A block message from anybody: signature, layout, field rules and block hash (protocols/block-message).
import {
  BlockMessageError,
  type BlockMessage,
  decodeBlockMessage,
  SIGNATURE_BYTES,
  signatureOf,
  signedPart,
  signingHash,
  type TopicVersion
} from '../../protocols/block-message/codec.ts'
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { NodeError } from '../base/node-error.ts'
import { recoverAddress, Secp256k1Error } from '../base/secp256k1.ts'
import { type BlockRef, type SignedBlock } from './block.ts'
import { toBlock } from './header.ts'
import { messageToHeader } from './payload.ts'
import { type SignerSchedule } from './signer-schedule.ts'

/** What is false about a message; whoever sent it is to blame. */
export type MessageFailure =
  | { readonly code: 'signature-unrecoverable' }
  /** `reason` is a failure code of protocols/block-message. */
  | { readonly code: 'message-malformed'; readonly reason: string }
  | {
      readonly code: 'signer-not-scheduled'
      readonly number: bigint
      readonly expected: Hex
      readonly got: Hex
    }
  | { readonly code: 'withdrawals-not-empty'; readonly count: number }
  | { readonly code: 'blob-field-not-zero'; readonly field: 'blobGasUsed' | 'excessBlobGas' }
  | { readonly code: 'transaction-empty'; readonly index: number }
  | { readonly code: 'block-hash-false'; readonly claimed: Hex; readonly computed: Hex }

/** Thrown for a message that is no proof of a block. */
export class MessageError extends NodeError<MessageFailure> {}

/** The chain a message has to be of. */
export interface MessageRules {
  readonly chainId: bigint
  /** When given, a block whose signer it does not name is refused before its hash is computed. */
  readonly schedule?: SignerSchedule
}

/**
 * The block that the bytes prove, decoded once; it keeps `bytes`, which must not change. Whether the block
 * is ours to adopt is for the schedule and the parent hashes to say. Throws MessageError.
 */
export function verifyBlockMessage(
  { chainId, schedule }: MessageRules,
  version: TopicVersion,
  bytes: Uint8Array
): SignedBlock {
  const signer = recoverSigner(chainId, bytes)
  const message = decode(version, bytes)
  const { payload } = message
  const claimed = bytesToHex(payload.blockHash)
  if (schedule !== undefined) {
    assertSignedBySchedule(schedule, { number: payload.blockNumber, hash: claimed, signer })
  }
  assertFieldRules(message)
  const block = toBlock(messageToHeader(message), payload.transactions)
  if (block.hash !== claimed) {
    throw new MessageError({ code: 'block-hash-false', claimed, computed: block.hash })
  }
  return { ...block, version, message: bytes, signer }
}

/** Throws MessageError `signer-not-scheduled` unless the schedule names the block's signer at its height. */
export function assertSignedBySchedule(
  schedule: SignerSchedule,
  { number, signer }: BlockRef & { readonly signer: Hex }
): void {
  const expected = schedule.signerAt(number)
  if (signer === expected) return
  throw new MessageError({ code: 'signer-not-scheduled', number, expected, got: signer })
}

function recoverSigner(chainId: bigint, bytes: Uint8Array): Hex {
  try {
    const signature = signatureOf(bytes)
    const digest = signingHash(keccak256, chainId, signedPart(bytes))
    const compact = signature.subarray(0, SIGNATURE_BYTES - 1)
    return recoverAddress(digest, { compact, recovery: signature[SIGNATURE_BYTES - 1]! })
  } catch (thrown) {
    if (thrown instanceof Secp256k1Error) {
      throw new MessageError({ code: 'signature-unrecoverable' }, { cause: thrown })
    }
    throw malformedOr(thrown)
  }
}

function decode(version: TopicVersion, bytes: Uint8Array): BlockMessage {
  try {
    return decodeBlockMessage(version, bytes)
  } catch (thrown) {
    throw malformedOr(thrown)
  }
}

/** The rules that the layout alone does not hold a message to (protocols/gossip, "Validation"). */
function assertFieldRules({ payload }: BlockMessage): void {
  const { withdrawals = [], transactions } = payload
  if (withdrawals.length > 0) {
    throw new MessageError({ code: 'withdrawals-not-empty', count: withdrawals.length })
  }
  for (const field of ['blobGasUsed', 'excessBlobGas'] as const) {
    if ((payload[field] ?? 0n) !== 0n)
      throw new MessageError({ code: 'blob-field-not-zero', field })
  }
  const index = transactions.findIndex(({ length }) => length === 0)
  if (index >= 0) throw new MessageError({ code: 'transaction-empty', index })
}

function malformedOr(thrown: unknown): unknown {
  if (!(thrown instanceof BlockMessageError)) return thrown
  const { code: reason } = thrown.failure
  return new MessageError({ code: 'message-malformed', reason }, { cause: thrown })
}
