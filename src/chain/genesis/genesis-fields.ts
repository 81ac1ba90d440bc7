// How geth's genesis.json writes numbers, bytes and addresses, with the error for each other form.
import { z } from 'zod'
import { type Hex, hexToBytes } from '../../base/bytes.ts'

const HEX_QUANTITY = /^0[xX][0-9a-fA-F]{1,64}$/
/** The empty text is 0, as in geth (common/math, ParseBig256). */
const DECIMAL_QUANTITY = /^\d{0,78}$/
const HEX_WORD = /^(?:0x)?([0-9a-fA-F]{0,64})$/
const HEX_BYTES = /^(0x)?([0-9a-fA-F]{2})*$/

/** A 0x-hex or decimal text, or a number that JSON keeps exact; 0 to 2^bits - 1. */
export function quantity(bits: 32 | 53 | 63 | 64 | 256): Field<bigint> {
  return field(`a whole number below 2^${bits}, as a number, "0x…" or decimal text`, (value) => {
    const number = readQuantity(value)
    return number !== undefined && number < 1n << BigInt(bits) ? number : undefined
  })
}

/** A number of JSON within bounds, both inclusive. */
export function integerBetween(min: number, max: number): Field<number> {
  return field(`a whole number from ${min} to ${max}`, (value) => {
    const isWhole = typeof value === 'number' && Number.isInteger(value)
    return isWhole && value >= min && value <= max ? value : undefined
  })
}

/** Bytes in hex, with or without 0x; exactly `lengthBytes` of them when given. */
export function bytesField(lengthBytes?: number): Field<Uint8Array> {
  const what = lengthBytes === undefined ? 'an even number of' : String(2 * lengthBytes)
  return field(`0x and ${what} hex digits`, (value) => readBytes(value, lengthBytes))
}

/**
 * 32 bytes that may be written shorter, padded on the left, as geth takes slots and their values (core/types,
 * storageJSON). Unlike there, the number of digits may be odd: "0x2" can only mean one thing.
 */
export const wordField: Field<Uint8Array> = field('0x and at most 64 hex digits', readWord)

/** The 32 bytes of a slot or its value, written with or without 0x and leading zeros; undefined when they are none. */
export function readWord(value: unknown): Uint8Array | undefined {
  const digits = typeof value === 'string' ? HEX_WORD.exec(value)?.[1] : undefined
  return digits === undefined ? undefined : hexToBytes(`0x${digits.padStart(64, '0')}`)
}

/** A u64 in 8 bytes, which is how the header holds its nonce. */
export const nonceField: Field<Uint8Array> = field('a whole number below 2^64', (value) => {
  const number = readQuantity(value)
  if (number === undefined || number >= 1n << 64n) return undefined
  return hexToBytes(`0x${number.toString(16).padStart(16, '0')}`)
})

/** An address in lower case. */
export const addressField: Field<Hex> = field('an address: 0x and 40 hex digits', readAddress)

/** The address in lower case, written with or without 0x; undefined when it is none. */
export function readAddress(value: unknown): Hex | undefined {
  const bytes = readBytes(value, 20)
  return bytes && `0x${Buffer.from(bytes).toString('hex')}`
}

/** Bytes in hex, with or without 0x; undefined when they are none, or not `lengthBytes` long. */
export function readBytes(value: unknown, lengthBytes?: number): Uint8Array | undefined {
  if (typeof value !== 'string' || !HEX_BYTES.test(value)) return undefined
  const bytes = hexToBytes(value.startsWith('0x') ? value : `0x${value}`)
  return lengthBytes === undefined || bytes.length === lengthBytes ? bytes : undefined
}

/** What a field of a schema is made of. */
export type Field<T> = z.ZodType<T>

/** `read` answers undefined when the value is not `expected`. */
function field<T>(expected: string, read: (value: unknown) => T | undefined): Field<T> {
  return z.unknown().transform((value, context): T => {
    const result = read(value)
    if (result !== undefined) return result
    const message = value === undefined ? `is missing: ${expected}` : `is not ${expected}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

function readQuantity(value: unknown): bigint | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  }
  const isText = typeof value === 'string'
  return isText && (HEX_QUANTITY.test(value) || DECIMAL_QUANTITY.test(value))
    ? BigInt(value)
    : undefined
}
