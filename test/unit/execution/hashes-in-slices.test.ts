// SHA-256, RIPEMD-160 and KECCAK256 of long memory: what the library gives, for its gas, with turns in between.
import assert from 'node:assert/strict'
import { createEVM, type CustomPrecompile, type ExecResult } from '@ethereumjs/evm'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type Yielder } from '../../../src/base/yielder.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { hashesInSlices } from '../../../src/execution/hashes-in-slices.ts'
import { opcodesOf, type RunState } from '../../../src/execution/opcodes.ts'

type Run = (input: { readonly data: Uint8Array; readonly gasLimit: bigint }) => Promise<ExecResult>

const KECCAK256 = 0x20
/** NIST and the authors of RIPEMD-160, of "abc". */
const ABC = {
  '0x02': '0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  '0x03': '0x0000000000000000000000008eb208f7e05d987a9b044a8e98c6b087f15a0bfc'
} as const

function counting() {
  const state = { turns: 0 }
  const yielder: Yielder = {
    maybeYield() {
      state.turns += 1
      return undefined
    }
  }
  return { state, yielder }
}

for (const [index, name] of (['0x02', '0x03'] as const).entries()) {
  describe(`the precompile at ${name}`, () => {
    const { state, yielder } = counting()
    let library: Run
    let ours: Run
    before(async () => {
      const evm = await createEVM({ common: createEvmCommon(1n) })
      const around = { common: evm.common, _EVM: evm }
      const whole = evm.precompiles.get(name.slice(2).padStart(40, '0'))
      const sliced: CustomPrecompile | undefined = hashesInSlices(yielder)[index]
      assert.ok(whole !== undefined && sliced !== undefined && 'function' in sliced)
      library = async (input) => whole({ ...input, ...around })
      ours = async (input) => sliced.function({ ...input, ...around })
    })

    it('hashes "abc" as its authors do', async () => {
      const { returnValue } = await ours({ data: Buffer.from('abc'), gasLimit: 10_000n })
      assert.equal(bytesToHex(returnValue), ABC[name])
    })

    it('gives what the library gives, for the same gas', async () => {
      for (const length of [0, 1, 31, 32, 33, 64, 1_000, 2 ** 15, 2 ** 18 + 1]) {
        const data = new Uint8Array(length).map((_, at) => at * 7 + (at >> 9))
        for (const gasLimit of [1_000_000n, 1_000n, 612n]) {
          const { executionGasUsed, exceptionError, returnValue } = await ours({ data, gasLimit })
          const expected = await library({ data, gasLimit })
          assert.equal(exceptionError?.error, expected.exceptionError?.error)
          assert.equal(executionGasUsed, expected.executionGasUsed)
          assert.deepEqual(Buffer.from(returnValue), Buffer.from(expected.returnValue))
        }
      }
    })

    it('yields between slices', async () => {
      state.turns = 0
      await ours({ data: new Uint8Array(2 ** 20), gasLimit: 10_000_000n })
      assert.ok(state.turns >= 4)
    })
  })
}

describe('KECCAK256', () => {
  it('is the same in slices, and yields between them', async () => {
    const { state, yielder } = counting()
    const { common } = await createEVM({ common: createEvmCommon(1n) })
    const handler = opcodesOf(common, yielder)[KECCAK256]?.opHandler
    const bytes = new Uint8Array(2 ** 20).map((_, at) => at * 5 + (at >> 10))
    for (const [at, length] of [
      [0, 32],
      [3, 2 ** 17],
      [5, 2 ** 17 + 1],
      [0, 2 ** 20]
    ] as const) {
      const stack = [BigInt(length), BigInt(at)]
      // Only what the opcode touches, of what the library hands to one.
      const runState = {
        stack: {
          peek: (count: number) => stack.slice(-count).reverse(),
          popN: (count: number) => stack.splice(-count).reverse(),
          push: (value: bigint) => stack.push(value)
        },
        memory: { read: (from: number, size: number) => bytes.slice(from, from + size) },
        interpreter: { _evm: { common } }
      } as unknown as RunState
      await handler?.(runState, common)
      const hash = keccak256(bytes.subarray(at, at + length))
      assert.deepEqual(stack, [BigInt(bytesToHex(hash))])
    }
    assert.ok(state.turns >= 8)
  })
})
