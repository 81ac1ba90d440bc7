// The devnet's funded accounts: made from a seed, so that a run can be repeated. Worthless by design.
import { type Hex } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { privateKeyToAddress } from '../../src/base/secp256k1.ts'

/** Accounts the load sends from; the first deploys the token. */
export const LOAD_ACCOUNTS = 5

/** The private keys of one run's accounts. */
export function loadKeys(seed: number): readonly Uint8Array[] {
  return Array.from({ length: LOAD_ACCOUNTS }, (_, index) => {
    const text = `rekindle devnet account ${String(index)} of seed ${String(seed)}`
    return keccak256(new TextEncoder().encode(text))
  })
}

/** Their addresses, in the same order. */
export function loadAddresses(seed: number): readonly Hex[] {
  return loadKeys(seed).map(privateKeyToAddress)
}
