// ECDSA over secp256k1 with public key recovery: native where it loads, noble otherwise.
import { createRequire } from 'node:module'
import { secp256k1 as noble } from '@noble/curves/secp256k1.js'
import { bytesToHex, type Hex } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import { NodeError } from './node-error.ts'

/** What can be wrong with a key or a signature. */
export type Secp256k1Failure =
  | { readonly code: 'signature-invalid'; readonly reason: string }
  | { readonly code: 'private-key-invalid' }

/** Thrown when a signature recovers to no key, or a key is outside the group. */
export class Secp256k1Error extends NodeError<Secp256k1Failure> {}

/** A recoverable signature: 64 bytes r ++ s, and the recovery id, 0 or 1. */
export interface RecoverableSignature {
  readonly compact: Uint8Array
  readonly recovery: number
}

interface Curve {
  readonly implementation: 'native' | 'noble'
  recover(digest: Uint8Array, signature: RecoverableSignature): Uint8Array
  sign(digest: Uint8Array, privateKey: Uint8Array): RecoverableSignature
  publicKey(privateKey: Uint8Array): Uint8Array
}

const curve = loadNative() ?? createNobleCurve()

/** Which implementation runs; logged at start, since noble recovers some forty times slower. */
export const secp256k1Implementation: 'native' | 'noble' = curve.implementation

/** The address whose key signed the 32-byte digest. Throws Secp256k1Error. */
export function recoverAddress(digest: Uint8Array, signature: RecoverableSignature): Hex {
  return publicKeyToAddress(recoverPublicKey(digest, signature))
}

/** The 65-byte uncompressed public key that signed the digest. Throws Secp256k1Error. */
export function recoverPublicKey(digest: Uint8Array, signature: RecoverableSignature): Uint8Array {
  try {
    return curve.recover(digest, signature)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new Secp256k1Error({ code: 'signature-invalid', reason }, { cause: thrown })
  }
}

/** A low-s recoverable signature of the 32-byte digest. */
export function signDigest(digest: Uint8Array, privateKey: Uint8Array): RecoverableSignature {
  return curve.sign(digest, privateKey)
}

/** The address of a 32-byte private key. Throws Secp256k1Error when it is no valid key. */
export function privateKeyToAddress(privateKey: Uint8Array): Hex {
  let publicKey: Uint8Array
  try {
    publicKey = curve.publicKey(privateKey)
  } catch (thrown) {
    throw new Secp256k1Error({ code: 'private-key-invalid' }, { cause: thrown })
  }
  return publicKeyToAddress(publicKey)
}

/** The last 20 bytes of the keccak-256 of the key without its prefix byte (yellow paper, appendix F). */
export function publicKeyToAddress(publicKey: Uint8Array): Hex {
  return bytesToHex(keccak256(publicKey.subarray(1)).subarray(12))
}

function loadNative(): Curve | undefined {
  try {
    const require = createRequire(import.meta.url)
    const bindings = require('secp256k1/bindings.js') as typeof import('secp256k1')
    return {
      implementation: 'native',
      recover: (digest, { compact, recovery }) =>
        bindings.ecdsaRecover(compact, recovery, digest, false),
      sign(digest, privateKey) {
        const { signature, recid } = bindings.ecdsaSign(digest, privateKey)
        return { compact: signature, recovery: recid }
      },
      publicKey: (privateKey) => bindings.publicKeyCreate(privateKey, false)
    }
  } catch {
    return undefined // no prebuilt binary and none compiled: noble is correct, only slower
  }
}

function createNobleCurve(): Curve {
  return {
    implementation: 'noble',
    recover(digest, { compact, recovery }) {
      const signature = noble.Signature.fromBytes(compact, 'compact').addRecoveryBit(recovery)
      return signature.recoverPublicKey(digest).toBytes(false)
    },
    sign(digest, privateKey) {
      const bytes = noble.sign(digest, privateKey, { prehash: false, format: 'recovered' })
      return { compact: bytes.slice(1), recovery: bytes[0] ?? 0 }
    },
    publicKey: (privateKey) => noble.getPublicKey(privateKey, false)
  }
}
