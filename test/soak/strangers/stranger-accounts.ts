// Funded accounts that are not the load's: what strangers pay with. Made from the seed, worthless by design.
import { privateKeyToAddress } from '../../../src/base/secp256k1.ts'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'

const ACCOUNTS = 20

/** A key and its address. */
export interface StrangerAccount {
  readonly key: Hex
  readonly address: Hex
}

/** Always the same for one seed. */
export function strangerAccounts(seed: number): readonly StrangerAccount[] {
  return Array.from({ length: ACCOUNTS }, (_, index) => {
    const text = `rekindle stranger ${String(index)} of seed ${String(seed)}`
    const key = keccak256(new TextEncoder().encode(text))
    return { key: bytesToHex(key), address: privateKeyToAddress(key) }
  })
}
