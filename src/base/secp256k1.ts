// ECDSA over secp256k1 with public key recovery: native where it loads, noble otherwise.
import { bytesToHex, type Hex } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import { errorMessage, NodeError } from './node-error.ts'
import { createNobleCurve, loadNativeCurve, type RecoverableSignature } from './secp256k1-curve.ts'

export { type RecoverableSignature } from './secp256k1-curve.ts'

/** What can be wrong with a key or a signature. */
export type Secp256k1Failure =
  | { readonly code: 'signature-invalid'; readonly reason: string }
  | { readonly code: 'private-key-invalid' }
  | { readonly code: 'digest-length-invalid'; readonly lengthBytes: number }

/** Thrown when a signature recovers to no key, a key is outside the group, or a digest is none. */
export class Secp256k1Error extends NodeError<Secp256k1Failure> {}

const DIGEST_LENGTH = 32

const curve = loadNativeCurve() ?? createNobleCurve()

/** Which implementation runs; logged at start, since noble recovers some forty times slower. */
export const secp256k1Implementation: 'native' | 'noble' = curve.implementation

/** The address whose key signed the 32-byte digest. Throws Secp256k1Error. */
export function recoverAddress(digest: Uint8Array, signature: RecoverableSignature): Hex {
  return publicKeyToAddress(recoverPublicKey(digest, signature))
}

/** The 65-byte uncompressed public key that signed the digest. Throws Secp256k1Error. */
export function recoverPublicKey(digest: Uint8Array, signature: RecoverableSignature): Uint8Array {
  assertDigest(digest)
  try {
    return curve.recover(digest, signature)
  } catch (thrown) {
    const reason = errorMessage(thrown)
    throw new Secp256k1Error({ code: 'signature-invalid', reason }, { cause: thrown })
  }
}

/**
 * The low-s recoverable signature of the 32-byte digest, with the nonce of RFC 6979: the same each time.
 * Throws Secp256k1Error.
 */
export function signDigest(digest: Uint8Array, privateKey: Uint8Array): RecoverableSignature {
  assertDigest(digest)
  return withValidKey(() => curve.sign(digest, privateKey))
}

/** The address of a 32-byte private key. Throws Secp256k1Error when it is no valid key. */
export function privateKeyToAddress(privateKey: Uint8Array): Hex {
  return publicKeyToAddress(withValidKey(() => curve.publicKey(privateKey)))
}

/** The last 20 bytes of the keccak-256 of the key without its prefix byte (yellow paper, appendix F). */
export function publicKeyToAddress(publicKey: Uint8Array): Hex {
  return bytesToHex(keccak256(publicKey.subarray(1)).subarray(12))
}

function assertDigest({ length: lengthBytes }: Uint8Array): void {
  if (lengthBytes !== DIGEST_LENGTH) {
    throw new Secp256k1Error({ code: 'digest-length-invalid', lengthBytes })
  }
}

function withValidKey<T>(use: () => T): T {
  try {
    return use()
  } catch (thrown) {
    throw new Secp256k1Error({ code: 'private-key-invalid' }, { cause: thrown })
  }
}
