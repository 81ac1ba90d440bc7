// keccak-256 (Ethereum) by hash-wasm, which measured four times js-sha3 and eight times noble; noble without WebAssembly.
import { createKeccak } from 'hash-wasm'
import { type Yielder } from './yielder.ts'

/** One implementation. */
interface Keccak {
  readonly implementation: 'hash-wasm' | 'noble'
  readonly hash: (bytes: Uint8Array) => Uint8Array
  /** One of its own, for input that comes in parts. */
  readonly start: () => Promise<PartsHasher>
}

interface PartsHasher {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

const keccak = (await loadWasmKeccak()) ?? (await loadNobleKeccak())

/** Which implementation runs; logged at start, since noble is some eight times slower. */
export const keccakImplementation: 'hash-wasm' | 'noble' = keccak.implementation

/** keccak-256 of the bytes, 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak.hash(bytes)
}

/** Bytes that are hashed between two looks at the clock: less than a millisecond of work. */
const SLICE_BYTES = 2 ** 17

/** The same without holding the event loop, for input that takes long; `bytes` must not change meanwhile. */
export async function keccak256InSlices(bytes: Uint8Array, yielder: Yielder): Promise<Uint8Array> {
  const hasher = await keccak.start()
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    hasher.update(bytes.subarray(at, at + SLICE_BYTES))
    await yielder.maybeYield()
  }
  return hasher.digest()
}

/** Undefined where WebAssembly is switched off, as under `node --jitless`. */
async function loadWasmKeccak(): Promise<Keccak | undefined> {
  try {
    const hasher = await createKeccak(256)
    const hash = (bytes: Uint8Array) => hasher.init().update(bytes).digest('binary')
    return { implementation: 'hash-wasm', hash, start: startWasmHasher }
  } catch {
    return undefined // noble is correct, only slower
  }
}

async function startWasmHasher(): Promise<PartsHasher> {
  const hasher = (await createKeccak(256)).init()
  return { update: (bytes) => hasher.update(bytes), digest: () => hasher.digest('binary') }
}

async function loadNobleKeccak(): Promise<Keccak> {
  const { keccak_256: hash } = await import('@noble/hashes/sha3.js')
  return { implementation: 'noble', hash, start: async () => hash.create() }
}
