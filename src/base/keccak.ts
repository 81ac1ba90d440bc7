// keccak-256 (Ethereum) by hash-wasm, which measured four times js-sha3 and eight times noble.
import { createKeccak } from 'hash-wasm'

const hasher = await createKeccak(256)

/** keccak-256 of the bytes, 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary')
}
