// Signs a sealed block: checked once more, recorded with fsync, and only then handed out (src/signer/README.md, "The record comes before the signature").
import {
  joinSignature,
  SIGNATURE_BYTES,
  signingHash,
  type TopicVersion
} from '../../protocols/block-message/codec.ts'
import { equalBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { recoverAddress, type RecoverableSignature } from '../base/secp256k1.ts'
import { SerialExecutor } from '../base/serial.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type SigningKey } from './key-file.ts'
import { type RecordedBlock } from './signed-record.ts'
import { SignerError } from './signer-error.ts'

/** Blocks that may wait for a signature; the sequencer brings one at a time. */
const SIGNATURES_MAX = 4

/** The record as the signer needs it; SignedRecord satisfies it. */
export interface SignedLog {
  append(block: RecordedBlock, recheck: () => void): Promise<Uint8Array>
}

/** What is to be signed. */
export interface UnsignedBlock extends BlockRef {
  readonly version: TopicVersion
  /** All bytes of the block message after the signature (protocols/block-message). */
  readonly signed: Uint8Array
}

/** Signs blocks of one chain with one key, one at a time. */
export interface BlockSigner {
  readonly address: Hex
  /**
   * The whole message, once it is on record. `recheck` runs when nothing but the record's write is left,
   * and stops it by throwing. Throws SignerError `height-already-signed`, `signature-not-ours` and what
   * the record throws; nothing was signed for anybody else's eyes then.
   */
  sign(block: UnsignedBlock, recheck: () => void): Promise<Uint8Array>
}

/** The key, and where its signatures are written down. */
export interface BlockSignerDeps {
  readonly key: SigningKey
  /** Undefined when it is off: then this process alone remembers what it signed. */
  readonly record: SignedLog | undefined
}

/** A signer for blocks of one chain. */
export function createBlockSigner(
  { key, record }: BlockSignerDeps,
  { chainId }: { readonly chainId: bigint }
): BlockSigner {
  const log = record ?? createMemoryLog()
  const turns = new SerialExecutor('block signer', SIGNATURES_MAX)

  async function signOne(block: UnsignedBlock, recheck: () => void): Promise<Uint8Array> {
    const { number, hash, version, signed } = block
    const digest = signingHash(keccak256, chainId, signed)
    const signature = await key.signDigest(digest)
    const signer = recoverAddress(digest, signature)
    if (signer !== key.address) {
      throw new SignerError({ code: 'signature-not-ours', expected: key.address, got: signer })
    }
    const message = joinSignature(signatureBytes(signature), signed)
    return log.append({ number, hash, version, message }, recheck)
  }

  return {
    address: key.address,
    sign: (block, recheck) => turns.run(() => signOne(block, recheck))
  }
}

/** What stands in for a record that is off: the last block of this process. */
function createMemoryLog(): SignedLog {
  let last: RecordedBlock | undefined
  return {
    async append(block, recheck) {
      recheck()
      if (last !== undefined && block.number <= last.number) {
        const isSame = block.number === last.number && block.hash === last.hash
        if (isSame && equalBytes(block.message, last.message)) return last.message
        throw new SignerError({
          code: 'height-already-signed',
          number: block.number,
          hash: block.hash,
          signedHash: block.number === last.number ? last.hash : undefined,
          lastNumber: last.number,
          lastHash: last.hash
        })
      }
      last = block
      return block.message
    }
  }
}

function signatureBytes({ compact, recovery }: RecoverableSignature): Uint8Array {
  const bytes = new Uint8Array(SIGNATURE_BYTES)
  bytes.set(compact)
  bytes[SIGNATURE_BYTES - 1] = recovery
  return bytes
}
