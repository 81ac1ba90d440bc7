// A block message from anybody: signature, layout, field rules and block hash (protocols/block-message).
import {
  BlockMessageError,
  type BlockMessage,
  decodeBlockMessage,
  SIGNATURE_BYTES,
  signatureOf,
  signedPart,
  signingHashOf,
  type TopicVersion
} from '../../../protocols/block-message/codec.ts'
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { NodeError } from '../../base/node-error.ts'
import { recoverAddress, Secp256k1Error } from '../../base/secp256k1.ts'
import { type Block, type BlockRef, type SignedBlock } from './block.ts'
import { toBlock } from './header.ts'
import { messageToHeader } from './payload.ts'
import { type SignerSchedule } from './signer-schedule.ts'

/** What is false about a message. Whether its sender is to blame, isSendersFault says. */
export type MessageFailure =
  | { readonly code: 'signature-unrecoverable' }
  /** `reason` is a failure code of protocols/block-message. The version is no part of what is signed. */
  | { readonly code: 'message-malformed'; readonly reason: string }
  /** The schedule names it for no height. */
  | {
      readonly code: 'signer-not-scheduled'
      readonly number: bigint
      readonly expected: Hex
      readonly got: Hex
    }
  /** The schedule names it, for other heights. */
  | {
      readonly code: 'signer-of-other-heights'
      readonly number: bigint
      readonly expected: Hex
      readonly got: Hex
    }
  | { readonly code: 'withdrawals-not-empty'; readonly count: number }
  | { readonly code: 'blob-field-not-zero'; readonly field: 'blobGasUsed' | 'excessBlobGas' }
  | { readonly code: 'transaction-empty'; readonly index: number }
  | { readonly code: 'block-number-too-large'; readonly number: bigint }
  | { readonly code: 'block-number-zero' }
  | { readonly code: 'block-hash-false'; readonly claimed: Hex; readonly computed: Hex }

/** Thrown for a message that is no proof of a block. */
export class MessageError extends NodeError<MessageFailure> {}

/**
 * False for a message that a signer of the schedule has signed as it is: nobody else can have made it. A peer that
 * passes it on may know a fork, or a change of signers, that is not known here.
 */
export function isSendersFault({ code }: MessageFailure): boolean {
  return SENDERS_FAULTS.includes(code)
}

const SENDERS_FAULTS: readonly MessageFailure['code'][] = [
  'signature-unrecoverable',
  'message-malformed',
  'signer-not-scheduled'
]

/** Block numbers are below 2^63 everywhere: op-node hashes none above. */
const NUMBER_END = 1n << 63n

/** The chain a message has to be of. */
export interface MessageRules {
  readonly chainId: bigint
  /** When given, a block whose signer it does not name is refused before its hash is computed. */
  readonly schedule?: SignerSchedule
}

/**
 * The block that the bytes prove, decoded once; it keeps `bytes`, which must not change. Whether the block
 * is ours to adopt is for the schedule and the parent hashes to say. `signedPartHash` is the keccak-256 of the
 * signed part where that is known already. Throws MessageError.
 */
export function verifyBlockMessage(
  { chainId, schedule }: MessageRules,
  version: TopicVersion,
  bytes: Uint8Array,
  signedPartHash?: Uint8Array
): SignedBlock {
  const signer = recoverSigner(chainId, bytes, signedPartHash)
  const message = decode(version, bytes)
  const { payload } = message
  const claimed = bytesToHex(payload.blockHash)
  if (schedule !== undefined) {
    assertSignedBySchedule(schedule, { number: payload.blockNumber, hash: claimed, signer })
  }
  return { ...hashedBlock(message), version, message: bytes, signer }
}

/**
 * The block in a message whose signature counts for nothing, and may be zeros: its fields and its hash are sound, and no
 * more is known of it. Only a parent hash that is known otherwise tells whose it is. Throws MessageError.
 */
export function verifyUnsignedMessage(version: TopicVersion, bytes: Uint8Array): Block {
  return hashedBlock(decode(version, bytes))
}

function hashedBlock(message: BlockMessage): Block {
  const { payload } = message
  assertFieldRules(message)
  const claimed = bytesToHex(payload.blockHash)
  const block = toBlock(messageToHeader(message), payload.transactions)
  if (block.hash !== claimed) {
    throw new MessageError({ code: 'block-hash-false', claimed, computed: block.hash })
  }
  return block
}

/**
 * Throws MessageError `signer-not-scheduled` or `signer-of-other-heights` unless the schedule names the block's
 * signer at its height.
 */
export function assertSignedBySchedule(
  schedule: SignerSchedule,
  { number, signer }: BlockRef & { readonly signer: Hex }
): void {
  const expected = schedule.signerAt(number)
  if (signer === expected) return
  const code = schedule.names(signer) ? 'signer-of-other-heights' : 'signer-not-scheduled'
  throw new MessageError({ code, number, expected, got: signer })
}

function recoverSigner(chainId: bigint, bytes: Uint8Array, signedPartHash?: Uint8Array): Hex {
  try {
    const signature = signatureOf(bytes)
    const hash = signedPartHash ?? keccak256(signedPart(bytes))
    const digest = signingHashOf(keccak256, chainId, hash)
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
  const { blockNumber, withdrawals = [], transactions } = payload
  if (blockNumber === 0n) throw new MessageError({ code: 'block-number-zero' })
  if (blockNumber >= NUMBER_END) {
    throw new MessageError({ code: 'block-number-too-large', number: blockNumber })
  }
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
