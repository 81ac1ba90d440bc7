// The rows of the table of decoders: each one's name, call, declared errors, and bytes to begin with.
import { readVectors } from '../../support/protocol-vectors.ts'

/** One way in for bytes or text that somebody else wrote. */
export interface Decoder {
  readonly name: string
  /** Exports that it exercises, as `src/chain/blocks/header.ts decodeHeader`. */
  readonly covers: readonly string[]
  /** Sound bytes, which are then damaged. */
  readonly seeds: readonly Uint8Array[]
  readonly decode: (bytes: Uint8Array) => unknown
  /** True for what its doc comment says it throws. */
  readonly isDeclared: (thrown: unknown) => boolean
  /** The most bytes that one input may have where it is called; 2 MiB when left out. */
  readonly inputMaxBytes?: number
}

const SEEDS_MAX = 40
const SEED_MAX_BYTES = 16_384

/** Every hex of a folder's vectors, what must be refused too: spread over the file where there are many. */
export function vectorSeeds(folder: string): readonly Uint8Array[] {
  const texts = [...new Set(hexesOf(readVectors(folder)))]
  const step = Math.max(1, Math.floor(texts.length / SEEDS_MAX))
  return texts
    .filter((_, at) => at % step === 0)
    .map((hex) => new Uint8Array(Buffer.from(hex.slice(2), 'hex')))
    .filter(({ length }) => length <= SEED_MAX_BYTES)
}

function hexesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return /^0x([0-9a-f]{2})+$/.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(hexesOf)
}

/** Texts as bytes. */
export function textSeeds(...texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => new Uint8Array(Buffer.from(text)))
}

/** Bytes as the text that a file or a body is read as. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

/** Of any of the classes. */
export function isOf(
  ...classes: readonly (abstract new (...args: never[]) => Error)[]
): (thrown: unknown) => boolean {
  return (thrown) => classes.some((one) => thrown instanceof one)
}

/** For what throws nothing at all. */
export function isNothing(): boolean {
  return false
}
