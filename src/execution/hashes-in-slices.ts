// SHA-256 and RIPEMD-160 of the EVM (precompiles 0x02 and 0x03) in slices: a block's gas pays for memory of 3.9 MB at once.
import { createHash } from 'node:crypto'
import {
  type CustomPrecompile,
  EVMError,
  type ExecResult,
  type PrecompileInput
} from '@ethereumjs/evm'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { type Yielder } from '../base/yielder.ts'

/** One hash function, as the yellow paper prices it. */
interface SlicedHash {
  readonly address: `0x${string}`
  readonly baseGas: bigint
  readonly wordGas: bigint
  /** Bytes between two looks at the clock: some 2 ms of work at most. */
  readonly sliceBytes: number
  readonly begin: () => PartsHasher
}

interface PartsHasher {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

const WORD_BYTES = 32
const HASHES: readonly SlicedHash[] = [
  {
    address: '0x0000000000000000000000000000000000000002',
    baseGas: 60n,
    wordGas: 12n,
    sliceBytes: 2 ** 18,
    begin: () => createHash('sha256')
  },
  {
    address: '0x0000000000000000000000000000000000000003',
    baseGas: 600n,
    wordGas: 120n,
    sliceBytes: 2 ** 15,
    // OpenSSL has it, or has it not, as it was built.
    begin: () => ripemd160.create()
  }
]

/** They take the place of the library's, which hash all in one piece, RIPEMD-160 twice; the same for the same gas. */
export function hashesInSlices(yielder: Yielder): readonly CustomPrecompile[] {
  return HASHES.map((one) => ({
    address: one.address,
    function: (input) => runHash(one, input, yielder)
  }))
}

async function runHash(
  { baseGas, wordGas, sliceBytes, begin }: SlicedHash,
  { data, gasLimit }: PrecompileInput,
  yielder: Yielder
): Promise<ExecResult> {
  const gas = baseGas + wordGas * BigInt(Math.ceil(data.length / WORD_BYTES))
  if (gas > gasLimit) {
    const exceptionError = new EVMError(EVMError.errorMessages.OUT_OF_GAS)
    return { executionGasUsed: gasLimit, exceptionError, returnValue: new Uint8Array(0) }
  }
  const hasher = begin()
  for (let at = 0; at < data.length; at += sliceBytes) {
    hasher.update(data.subarray(at, at + sliceBytes))
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  const digest = hasher.digest()
  const returnValue = new Uint8Array(WORD_BYTES)
  returnValue.set(digest, WORD_BYTES - digest.length)
  return { executionGasUsed: gas, returnValue }
}
