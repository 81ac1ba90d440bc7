// What a contract gave as its reason when it reverted: Solidity's Error(string) and Panic(uint256).
import { bytesToBigint, bytesToHex } from '../base/bytes.ts'

const SELECTOR_BYTES = 4
const WORD_BYTES = 32
const ERROR_SELECTOR = '0x08c379a0'
const PANIC_SELECTOR = '0x4e487b71'

/** By Solidity's code, in go-ethereum's words (accounts/abi.panicReasons). */
const PANICS: Readonly<Record<number, string>> = {
  0x00: 'generic panic',
  0x01: 'assert(false)',
  0x11: 'arithmetic underflow or overflow',
  0x12: 'division or modulo by zero',
  0x21: 'enum overflow',
  0x22: 'invalid encoded storage byte array accessed',
  0x31: 'out-of-bounds array access; popping on an empty array',
  0x32: 'out-of-bounds access of an array or bytesN',
  0x41: 'out of memory',
  0x51: 'uninitialized function'
}

/** As go-ethereum's abi.UnpackRevert; undefined for anything else, custom errors among it. */
export function revertReason(data: Uint8Array): string | undefined {
  const selector = bytesToHex(data.subarray(0, SELECTOR_BYTES))
  const body = data.subarray(SELECTOR_BYTES)
  if (selector === ERROR_SELECTOR) return readString(body)
  if (selector !== PANIC_SELECTOR || body.length < WORD_BYTES) return undefined
  const panic = bytesToBigint(body.subarray(0, WORD_BYTES))
  return PANICS[Number(panic)] ?? `unknown panic code: 0x${panic.toString(16)}`
}

/** The first argument of an ABI encoding, which is a string; undefined where it does not fit. */
function readString(body: Uint8Array): string | undefined {
  const start = readLength(body, 0)
  const length = start === undefined ? undefined : readLength(body, start)
  if (start === undefined || length === undefined) return undefined
  const end = start + WORD_BYTES + length
  if (end > body.length) return undefined
  return new TextDecoder().decode(body.subarray(start + WORD_BYTES, end))
}

/** A word that is no larger than what it is read from. */
function readLength(body: Uint8Array, at: number): number | undefined {
  if (at + WORD_BYTES > body.length) return undefined
  const value = bytesToBigint(body.subarray(at, at + WORD_BYTES))
  return value > BigInt(body.length) ? undefined : Number(value)
}
