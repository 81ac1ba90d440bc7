// keccak-256 (Ethereum) by hash-wasm, which measured four times js-sha3 and eight times noble; noble without WebAssembly.
import { createKeccak } from 'hash-wasm'

/** One implementation. */
interface Keccak {
  readonly implementation: 'hash-wasm' | 'noble'
  readonly hash: (bytes: Uint8Array) => Uint8Array
}

const keccak = (await loadWasmKeccak()) ?? (await loadNobleKeccak())

/** Which implementation runs; logged at start, since noble is some eight times slower. */
export const keccakImplementation: 'hash-wasm' | 'noble' = keccak.implementation

/** keccak-256 of the bytes, 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak.hash(bytes)
}

/** Undefined where WebAssembly is switched off, as under `node --jitless`. */
async function loadWasmKeccak(): Promise<Keccak | undefined> {
  try {
    const hasher = await createKeccak(256)
    const hash = (bytes: Uint8Array) => hasher.init().update(bytes).digest('binary')
    return { implementation: 'hash-wasm', hash }
  } catch {
    return undefined // noble is correct, only slower
  }
}

async function loadNobleKeccak(): Promise<Keccak> {
  const { keccak_256: hash } = await import('@noble/hashes/sha3.js')
  return { implementation: 'noble', hash }
}
