// What becomes of a gossiped block: accept, reject or ignore (protocols/gossip, "Validation", GO-7 to GO-17).
import {
  GossipError,
  type GossipFailure,
  messageOf,
  type Unpacked
} from '../../protocols/gossip/codec.ts'
import { type GossipPreset } from '../../protocols/gossip/parameters.ts'
import { type TopicVersion } from '../../protocols/block-message/codec.ts'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { type SignedBlock } from '../chain/blocks/block.ts'
import { MessageError, type MessageFailure } from '../chain/blocks/verify-message.ts'
import { type FalseMessage, type NotForUs } from './refusal-reason.ts'

/** A block with its verdict; a rejected one counts against the peer that passed it on. */
export type Validation =
  | { readonly verdict: 'accept'; readonly block: SignedBlock }
  | { readonly verdict: 'reject'; readonly reason: FalseMessage }
  | { readonly verdict: 'ignore'; readonly reason: FalseMessage | NotForUs }

/**
 * Proves signer, layout, fields and block hash of an uncompressed message; `signedPartHash` as in
 * verifyBlockMessage. Throws MessageError.
 */
export type VerifyGossip = (
  version: TopicVersion,
  message: Uint8Array,
  signedPartHash?: Uint8Array
) => SignedBlock

/** Judges messages and remembers which hashes it let through at which height. */
export interface BlockValidator {
  validate(version: TopicVersion, unpacked: Unpacked, signedPartHash?: Uint8Array): Validation
}

/**
 * What an honest peer may pass on although it is not for us: signed as it must be, under a fork or a change of the
 * signer that we do not know, or a block that nobody can execute. To reject it would count against that peer.
 */
function isIgnored(failure: GossipFailure | MessageFailure): boolean {
  switch (failure.code) {
    // [IGNORE] GO-20: another of the chain's signers.
    case 'signer-of-other-heights':
      return true
    // [IGNORE] GO-21: since Jovian it counts the bytes of the block.
    case 'blob-field-not-zero':
      return failure.field === 'blobGasUsed'
    // [IGNORE] GO-21.
    case 'transaction-empty':
    // [IGNORE] GO-22: genesis has no message.
    case 'block-number-zero':
      return true
    default:
      return false
  }
}

/** A validator for one chain whose signers are configured. */
export function createBlockValidator(
  { clock, verify }: { readonly clock: Clock; readonly verify: VerifyGossip },
  preset: GossipPreset
): BlockValidator {
  const acceptedHashes = new LruMap<string, Set<Hex>>(preset.heightsMax)
  return {
    validate(version, unpacked, signedPartHash) {
      let block: SignedBlock
      try {
        // [REJECT] GO-7 bad snappy or size; GO-9 a false signature; GO-10 does not decode; GO-12 a false
        // block hash; GO-13 a field out of bounds. GO-8, no signer configured, cannot be here.
        block = verify(version, messageOf(unpacked), signedPartHash)
      } catch (thrown) {
        if (!(thrown instanceof GossipError || thrown instanceof MessageError)) throw thrown
        const { failure } = thrown
        const { code: reason } = failure
        return isIgnored(failure) ? { verdict: 'ignore', reason } : { verdict: 'reject', reason }
      }
      // [IGNORE] GO-11, GO-16: too old, or too far ahead, in whole seconds.
      const ageSeconds = Math.floor(clock.nowMs() / 1_000) - Number(block.header.timestamp)
      if (ageSeconds > preset.maxAgeSeconds) return { verdict: 'ignore', reason: 'too-old' }
      if (-ageSeconds > preset.maxFutureSeconds) return { verdict: 'ignore', reason: 'too-early' }
      return countAtHeight(acceptedHashes, preset.hashesPerHeightMax, block)
    }
  }
}

/** GO-17: only blocks that passed everything else come here, so nobody but the signer uses a height up. */
function countAtHeight(
  acceptedHashes: LruMap<string, Set<Hex>>,
  hashesMax: number,
  block: SignedBlock
): Validation {
  const height = `${String(block.version)}/${block.number.toString()}`
  const hashes = acceptedHashes.get(height) ?? new Set<Hex>()
  // [IGNORE] GO-14: an exact repeat.
  if (hashes.has(block.hash)) return { verdict: 'ignore', reason: 'repeat' }
  // [IGNORE] GO-15: one block too many at this height; the peer that passed it on may have seen six others.
  if (hashes.size >= hashesMax) return { verdict: 'ignore', reason: 'too-many-at-height' }
  hashes.add(block.hash)
  acceptedHashes.set(height, hashes)
  return { verdict: 'accept', block }
}
