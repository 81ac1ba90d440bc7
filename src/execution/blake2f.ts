// The precompile at 0x09 (EIP-152): BLAKE2b's compression with as many rounds as the caller pays for, up to 2^32 - 1.
import { type CustomPrecompile, EVMError, type ExecResult } from '@ethereumjs/evm'
import { type Yielder } from '../base/yielder.ts'
import { createRounds } from './blake2f-rounds.ts'

/** rounds(4, big-endian) ++ h(64) ++ m(128) ++ t(16) ++ final(1). */
const INPUT_BYTES = 213
const STATE_AT = 4
const MESSAGE_AT = 68
const OFFSET_AT = 196
const FINAL_AT = 212
const STATE_BYTES = 64
const MESSAGE_BYTES = 128
const WORK_BYTES = 128
/** Ends with the row of a tenth round, as each slice has to; a millisecond or two. */
const ROUNDS_PER_SLICE = 40_000
/** The initial vector (RFC 7693, section 2.6), as eight little-endian words. */
const IV = Uint8Array.from(
  Buffer.from(
    '08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5' +
      'd182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b',
    'hex'
  )
)

const runRounds = createRounds()

/**
 * Takes the place of the library's, which runs all rounds in one piece: 30 million, for as much gas, held the process
 * for ten seconds. Empty where WebAssembly is switched off.
 */
export function blake2fPrecompiles(yielder: Yielder): CustomPrecompile[] {
  if (runRounds === undefined) return []
  const address = '0x0000000000000000000000000000000000000009'
  return [{ address, function: ({ data, gasLimit }) => compress(data, gasLimit, yielder) }]
}

async function compress(
  input: Uint8Array,
  gasLimit: bigint,
  yielder: Yielder
): Promise<ExecResult> {
  const final = input[FINAL_AT] ?? 0
  if (input.length !== INPUT_BYTES || final > 1) {
    return failed(gasLimit, EVMError.errorMessages.OUT_OF_RANGE)
  }
  const rounds = Buffer.from(input.buffer, input.byteOffset).readUInt32BE(0)
  const gas = BigInt(rounds)
  if (gas > gasLimit) return failed(gasLimit, EVMError.errorMessages.OUT_OF_GAS)
  const work = startingWork(input, final === 1)
  for (let left = rounds; left > 0; left -= ROUNDS_PER_SLICE) {
    runRounds?.(work, Math.min(left, ROUNDS_PER_SLICE))
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  const returnValue = input.slice(STATE_AT, STATE_AT + STATE_BYTES)
  for (let at = 0; at < STATE_BYTES; at++) {
    returnValue[at]! ^= work[at]! ^ work[at + STATE_BYTES]!
  }
  return { executionGasUsed: gas, returnValue }
}

/** Sixteen words of work, sixteen of the message. */
function startingWork(input: Uint8Array, isFinal: boolean): Uint8Array {
  const work = new Uint8Array(WORK_BYTES + MESSAGE_BYTES)
  work.set(input.subarray(STATE_AT, MESSAGE_AT))
  work.set(IV, STATE_BYTES)
  work.set(input.subarray(MESSAGE_AT, OFFSET_AT), WORK_BYTES)
  // Words 12 and 13 take in the offset, word 14 is turned over in the final block.
  for (let at = 0; at < FINAL_AT - OFFSET_AT; at++) work[96 + at]! ^= input[OFFSET_AT + at]!
  if (isFinal) for (let at = 112; at < 120; at++) work[at]! ^= 0xff
  return work
}

function failed(gasLimit: bigint, reason: ConstructorParameters<typeof EVMError>[0]): ExecResult {
  const exceptionError = new EVMError(reason)
  return { executionGasUsed: gasLimit, exceptionError, returnValue: new Uint8Array(0) }
}
