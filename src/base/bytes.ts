// Bytes and their 0x-hex form. Hashes, roots and addresses that serve as identities are `Hex`.
import { NodeError } from './node-error.ts'

/** Lower-case hexadecimal with a 0x prefix. Block hashes, state roots and addresses travel as this. */
export type Hex = `0x${string}`

/** What can be wrong with what should become bytes. */
export type BytesFailure =
  | { readonly code: 'hex-invalid'; readonly expected: string; readonly got: string }
  | { readonly code: 'integer-out-of-range'; readonly value: bigint; readonly lengthBytes?: number }

/** Thrown when text is not the hexadecimal form it should be, or an integer does not fit. */
export class BytesError extends NodeError<BytesFailure> {}

/** No bytes. */
export const EMPTY_BYTES: Uint8Array = new Uint8Array(0)

const U64_MAX = 2n ** 64n - 1n
const u64Bytes = new Uint8Array(8)
const u64View = new DataView(u64Bytes.buffer)
const U128_BYTES = 16
const u128Bytes = new Uint8Array(U128_BYTES)
const u128View = new DataView(u128Bytes.buffer)

/** Characters of a bad text that its failure quotes. */
const QUOTED_LENGTH_MAX = 80

/** Bytes to lower-case 0x-hex. */
export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** 0x-hex (digits of either case) to bytes; with `lengthBytes`, exactly that many. Throws BytesError. */
export function hexToBytes(text: string, lengthBytes?: number): Uint8Array {
  const isLengthRight = lengthBytes === undefined || text.length === 2 + 2 * lengthBytes
  if (text.startsWith('0x') && isLengthRight) {
    // Decoding stops at the first pair that is none, so a full length means every pair was one.
    const bytes = Buffer.from(text.slice(2), 'hex')
    if (2 + 2 * bytes.length === text.length) return new Uint8Array(bytes)
  }
  const expected =
    lengthBytes === undefined
      ? '0x and an even number of hex digits'
      : `0x and ${2 * lengthBytes} hex digits`
  throw new BytesError({ code: 'hex-invalid', expected, got: text.slice(0, QUOTED_LENGTH_MAX) })
}

/** True when both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/** Lexicographic order: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** One array of all parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/**
 * Big-endian bytes of a non-negative integer; minimal (zero is empty) unless `lengthBytes` is given.
 * Throws BytesError when the integer is negative or needs more.
 */
export function bigintToBytes(value: bigint, lengthBytes?: number): Uint8Array {
  if (lengthBytes === undefined && value === 0n) return EMPTY_BYTES
  if (lengthBytes === undefined && value > 0n && value <= U64_MAX) return u64ToBytes(value)
  let digits = value.toString(16)
  if (value < 0n || (lengthBytes !== undefined && digits.length > 2 * lengthBytes)) {
    const bound = lengthBytes === undefined ? {} : { lengthBytes }
    throw new BytesError({ code: 'integer-out-of-range', value, ...bound })
  }
  if (digits.length % 2 === 1) digits = `0${digits}`
  if (lengthBytes !== undefined) digits = digits.padStart(2 * lengthBytes, '0')
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

/** Without leading zeros; most integers of a chain fit, and this is the short way. */
function u64ToBytes(value: bigint): Uint8Array {
  u64View.setBigUint64(0, value, false)
  let start = 0
  while (u64Bytes[start] === 0) start++
  return u64Bytes.slice(start)
}

/** The non-negative integer that big-endian bytes stand for; empty is zero. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  const { length } = bytes
  if (length === 0) return 0n
  if (length > U128_BYTES) return BigInt(bytesToHex(bytes))
  // The short way, which balances take as well.
  u128Bytes.fill(0, 0, U128_BYTES - length)
  u128Bytes.set(bytes, U128_BYTES - length)
  const low = u128View.getBigUint64(8, false)
  return length <= 8 ? low : (u128View.getBigUint64(0, false) << 64n) | low
}

/** A quantity of JSON-RPC and of genesis files: the least hex digits, "0x0" for zero. */
export function hexQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}
