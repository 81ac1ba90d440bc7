// What becomes of a gossiped block: accept, reject or ignore (protocols/gossip, "Validation", GO-7 to GO-17).
import { decompressMessage, GossipError } from '../../protocols/gossip/codec.ts'
import { type GossipPreset } from '../../protocols/gossip/parameters.ts'
import { type TopicVersion } from '../../protocols/block-message/codec.ts'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { type SignedBlock } from '../chain/block.ts'
import { MessageError } from '../chain/verify-message.ts'

/** A block with its verdict; what is rejected counts against whoever passed it on. */
export type Validation =
  | { readonly verdict: 'accept'; readonly block: SignedBlock }
  | { readonly verdict: 'reject' | 'ignore'; readonly reason: string }

/** Proves signer, layout, fields and block hash of an uncompressed message. Throws MessageError. */
export type VerifyGossip = (version: TopicVersion, message: Uint8Array) => SignedBlock

/** Judges messages and remembers which hashes it let through at which height. */
export interface BlockValidator {
  validate(version: TopicVersion, compressed: Uint8Array): Validation
}

/** A validator for one chain whose signers are configured. */
export function createBlockValidator(
  { clock, verify }: { readonly clock: Clock; readonly verify: VerifyGossip },
  preset: GossipPreset
): BlockValidator {
  const acceptedHashes = new LruMap<string, Set<Hex>>(preset.heightsMax)
  return {
    validate(version, compressed) {
      let block: SignedBlock
      try {
        // [REJECT] GO-7 bad snappy or size; GO-9 a false signature; GO-10 does not decode; GO-12 a false
        // block hash; GO-13 withdrawals or blob fields. GO-8, no signer configured, cannot be here.
        block = verify(version, decompressMessage(compressed))
      } catch (thrown) {
        if (!(thrown instanceof GossipError || thrown instanceof MessageError)) throw thrown
        return { verdict: 'reject', reason: thrown.failure.code }
      }
      // [REJECT] GO-11, GO-16: too old, or too far ahead, in whole seconds.
      const ageSeconds = Math.floor(clock.nowMs() / 1_000) - Number(block.header.timestamp)
      if (ageSeconds > preset.maxAgeSeconds) return { verdict: 'reject', reason: 'too-old' }
      if (-ageSeconds > preset.maxFutureSeconds) return { verdict: 'reject', reason: 'too-early' }
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
  // [REJECT] GO-15: one block too many at this height.
  if (hashes.size >= hashesMax) return { verdict: 'reject', reason: 'too-many-at-height' }
  hashes.add(block.hash)
  acceptedHashes.set(height, hashes)
  return { verdict: 'accept', block }
}
