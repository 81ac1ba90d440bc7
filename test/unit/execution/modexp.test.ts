// The precompile at 0x05: powers, prices and failures as EIP-198 and EIP-2565 have them, and as the library's.
import assert from 'node:assert/strict'
import { createEVM, type ExecResult } from '@ethereumjs/evm'
import { bigintToBytes, bytesToBigint, concatBytes } from '../../../src/base/bytes.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import { createYielder } from '../../../src/base/yielder.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { computeModexp } from '../../../src/execution/modexp.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
const GAS = 1_000_000n
/** One call. */
function run(input: Uint8Array, gasLimit: bigint): Promise<ExecResult> {
  return computeModexp(input, gasLimit, createYielder())
}

const FIELD = 2n ** 256n - 2n ** 32n - 977n

describe(`the modexp precompile (seed ${String(SEED)})`, () => {
  it('gives what the examples of EIP-198 give, for the gas of EIP-2565', async () => {
    const inverse = await run(inputOf(Uint8Array.of(3), FIELD - 1n, FIELD), GAS)
    assert.equal(bytesToBigint(inverse.returnValue), 1n)
    assert.equal(inverse.executionGasUsed, 1_360n)
    const ofNothing = await run(inputOf(new Uint8Array(0), FIELD - 1n, FIELD), GAS)
    assert.equal(bytesToBigint(ofNothing.returnValue), 0n)
    assert.equal(ofNothing.returnValue.length, 32)
    assert.equal(ofNothing.executionGasUsed, 1_360n)
  })

  it('takes all gas where its price is above that', async () => {
    const { executionGasUsed, exceptionError } = await run(
      inputOf(Uint8Array.of(3), FIELD - 1n, FIELD),
      1_359n
    )
    assert.equal(executionGasUsed, 1_359n)
    assert.equal(exceptionError?.error, 'out of gas')
  })

  it('gives nothing for two lengths of zero, however long the exponent says it is', async () => {
    const input = concatBytes(new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(32))
    const { returnValue, executionGasUsed } = await run(input, GAS)
    assert.deepEqual([returnValue.length, executionGasUsed], [0, 200n])
  })

  it('agrees with the library on all inputs that are short, whole or cut', async () => {
    const random = createSeededRandom(SEED)
    const evm = await createEVM({ common: createEvmCommon(1n) })
    const library = evm.precompiles.get('0000000000000000000000000000000000000005')
    assert.ok(library)
    for (let round = 0; round < 500; round++) {
      const bytes = () => {
        const length = random.below(70)
        const lowest = random.below(3) === 0 ? 1 : 256 // all zeros, at times
        return Uint8Array.from({ length }, () => random.below(lowest))
      }
      const whole = lengthsAnd(bytes(), bytes(), bytes())
      const data = whole.subarray(0, random.below(2) === 0 ? whole.length : random.below(200))
      const gasLimit = BigInt(random.below(20_000))
      const ours = await run(data, gasLimit)
      const theirs: ExecResult = await library({ data, gasLimit, common: evm.common, _EVM: evm })
      assert.equal(told(ours), told(theirs), Buffer.from(data).toString('hex'))
    }
  })
})

function told({ executionGasUsed, returnValue, exceptionError }: ExecResult): string {
  const bytes = Buffer.from(returnValue).toString('hex')
  return `${String(executionGasUsed)} ${bytes} ${exceptionError?.error ?? ''}`
}

function inputOf(base: Uint8Array, exponent: bigint, modulus: bigint): Uint8Array {
  return lengthsAnd(base, bigintToBytes(exponent), bigintToBytes(modulus))
}

function lengthsAnd(...numbers: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...numbers.map(({ length }) => bigintToBytes(BigInt(length), 32)), ...numbers)
}
