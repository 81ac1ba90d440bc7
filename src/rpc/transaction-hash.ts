// Hashes of transactions, remembered as long as their bytes are: blocks that are read again and again stay in memory.
import { bytesToHex, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'

/** By the very array, which nobody writes into; an entry takes about as much as the shortest transaction. */
const hashes = new WeakMap<Uint8Array, Hex>()

/** The hash of a transaction's envelope (EIP-2718). */
export function transactionHash(raw: Uint8Array): Hex {
  const known = hashes.get(raw)
  if (known !== undefined) return known
  const hash = bytesToHex(keccak256(raw))
  hashes.set(raw, hash)
  return hash
}
