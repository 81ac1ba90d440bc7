// The two implementations of secp256k1 behind one shape: libsecp256k1 and noble.
import { createRequire } from 'node:module'
import { secp256k1 as noble } from '@noble/curves/secp256k1.js'
import type * as Secp256k1Package from 'secp256k1'

/** A recoverable signature: 64 bytes r ++ s, and the recovery id, 0 or 1. */
export interface RecoverableSignature {
  readonly compact: Uint8Array
  readonly recovery: number
}

/** What the project needs of the curve. Every function throws when an argument is not valid. */
export interface Curve {
  readonly implementation: 'native' | 'noble'
  /** The 65-byte uncompressed public key that signed the 32-byte digest. */
  recover(digest: Uint8Array, signature: RecoverableSignature): Uint8Array
  /** A low-s signature with the nonce of RFC 6979. */
  sign(digest: Uint8Array, privateKey: Uint8Array): RecoverableSignature
  /** The 65-byte uncompressed public key of a 32-byte private key. */
  publicKey(privateKey: Uint8Array): Uint8Array
}

/** libsecp256k1; undefined where its binary is neither shipped nor built. */
export function loadNativeCurve(): Curve | undefined {
  try {
    const require = createRequire(import.meta.url)
    const bindings = require('secp256k1/bindings.js') as typeof Secp256k1Package
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

/** The one in JavaScript: as correct, and some forty times slower to recover. */
export function createNobleCurve(): Curve {
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
