// The precompile at 0x05: a power modulo a number, of any length (EIP-198), at the price of EIP-2565.
import { type CustomPrecompile, EVMError, type ExecResult } from '@ethereumjs/evm'
import { bigintToBytes, bytesToBigint } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'

/** The lengths of base, exponent and modulus, 32 bytes each, stand before them. */
const LENGTH_BYTES = 32
const LENGTHS_BYTES = 3 * LENGTH_BYTES
/** Of the exponent, so much counts bit by bit in the price. */
const EXPONENT_HEAD_BYTES = 32
const GAS_MIN = 200n
const GAS_DIVISOR = 3n
/** Longer numbers than the library takes; the gas for one is beyond any block's. */
const LENGTH_MAX = 2n ** 31n - 1n
/** Words multiplied with words between two looks at the clock: a millisecond or so. */
const PRODUCTS_PER_LOOK = 8_192

/**
 * Takes the place of the library's, which copies the rest of the exponent for each of its bits, and never lets others
 * have their turn: 375 kB of exponent, for 1.3 million gas, stopped the process for a minute, and ten times that for hours.
 */
export function modexpPrecompile(yielder: Yielder): CustomPrecompile {
  const address = '0x0000000000000000000000000000000000000005'
  return { address, function: ({ data, gasLimit }) => computeModexp(data, gasLimit, yielder) }
}

interface Operands {
  readonly base: bigint
  /** As far as the input has it; zeros follow up to its length. */
  readonly exponent: Uint8Array
  readonly exponentBytes: number
  readonly modulus: bigint
  readonly modulusBytes: number
}

/** One call of the precompile. What the input lacks at its end is zero. */
export async function computeModexp(
  input: Uint8Array,
  gasLimit: bigint,
  yielder: Yielder
): Promise<ExecResult> {
  const lengthAt = (index: number) =>
    bytesToBigint(bytesAt(input, index * LENGTH_BYTES, LENGTH_BYTES))
  const [base, exponent, modulus] = [lengthAt(0), lengthAt(1), lengthAt(2)]
  const longest = base > modulus ? base : modulus
  const exponentStart = LENGTHS_BYTES + Number(base)
  const headBytes = Number(exponent < EXPONENT_HEAD_BYTES ? exponent : EXPONENT_HEAD_BYTES)
  const head = bytesToBigint(bytesAt(input, exponentStart, headBytes))
  const gas = modexpGas(longest, exponent, head)
  if (gas > gasLimit) return outOfGas(gasLimit)
  if (longest === 0n) return { executionGasUsed: gas, returnValue: new Uint8Array(0) }
  if (longest > LENGTH_MAX || exponent > LENGTH_MAX) return outOfGas(gasLimit)
  const modulusStart = exponentStart + Number(exponent)
  const operands = {
    base: bytesToBigint(bytesAt(input, LENGTHS_BYTES, Number(base))),
    exponent: input.subarray(exponentStart, modulusStart),
    exponentBytes: Number(exponent),
    modulus: bytesToBigint(bytesAt(input, modulusStart, Number(modulus))),
    modulusBytes: Number(modulus)
  }
  const power = await powerOf(operands, yielder)
  const digits = bigintToBytes(power)
  const returnValue = new Uint8Array(Number(modulus))
  returnValue.set(digits, returnValue.length - digits.length)
  return { executionGasUsed: gas, returnValue }
}

function modexpGas(longestBytes: bigint, exponentBytes: bigint, head: bigint): bigint {
  const words = (longestBytes + 7n) / 8n
  const headBits = head === 0n ? 0n : BigInt(head.toString(2).length - 1)
  const tailBytes = exponentBytes - BigInt(EXPONENT_HEAD_BYTES)
  const bits = headBits + (tailBytes > 0n ? 8n * tailBytes : 0n)
  const gas = (words * words * (bits > 1n ? bits : 1n)) / GAS_DIVISOR
  return gas > GAS_MIN ? gas : GAS_MIN
}

/** From the highest bit down. A modulus of zero gives zero (EIP-198). */
async function powerOf(
  { base, exponent, exponentBytes, modulus, modulusBytes }: Operands,
  yielder: Yielder
): Promise<bigint> {
  if (modulus === 0n) return 0n
  const stepsPerLook = Math.max(1, Math.floor(PRODUCTS_PER_LOOK / Math.ceil(modulusBytes / 8) ** 2))
  const factor = base % modulus
  const first = exponent.findIndex((byte) => byte !== 0)
  let power = 1n % modulus
  let stepsCount = 0
  for (let at = first < 0 ? exponentBytes : first; at < exponentBytes; at++) {
    const byte = exponent[at] ?? 0
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      power = (power * power) % modulus
      if ((byte & bit) !== 0) power = (power * factor) % modulus
      stepsCount += 1
      const turn = stepsCount % stepsPerLook === 0 ? yielder.maybeYield() : undefined
      if (turn !== undefined) await turn
    }
  }
  return power
}

function outOfGas(gasLimit: bigint): ExecResult {
  const exceptionError = new EVMError(EVMError.errorMessages.OUT_OF_GAS)
  return { executionGasUsed: gasLimit, exceptionError, returnValue: new Uint8Array(0) }
}

function bytesAt(input: Uint8Array, start: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  bytes.set(input.subarray(start, start + lengthBytes))
  return bytes
}
