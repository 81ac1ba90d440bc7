// The KZG precompile: a published proof holds, everything near it fails and takes all gas.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { bytesToHex, concatBytes } from '../../../src/base/bytes.ts'
import { createYielder } from '../../../src/base/yielder.ts'
import { loadCurves } from '../../../src/execution/pairing-curve.ts'
import { KZG_PROOF as PROVEN } from '../../support/kzg-proof.ts'
import { evaluatePoint, POINT_EVALUATION_GAS } from '../../../src/execution/point-evaluation.ts'

const ANSWER =
  '0x0000000000000000000000000000000000000000000000000000000000001000' +
  '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001'
const INFINITY = concatBytes(Uint8Array.of(0xc0), new Uint8Array(47))
const GAS = 100_000n

/** One call. */
async function evaluate(input: Uint8Array, gasLimit: bigint) {
  const { bls12381: curve } = await loadCurves()
  return evaluatePoint(input, gasLimit, { curve, yielder: createYielder() })
}

describe('the point evaluation precompile', () => {
  it('confirms a proof that holds', async () => {
    const { executionGasUsed, exceptionError, returnValue } = await evaluate(PROVEN, GAS)
    assert.equal(exceptionError, undefined)
    assert.equal(executionGasUsed, POINT_EVALUATION_GAS)
    assert.equal(bytesToHex(returnValue), ANSWER)
  })

  it('confirms that the zero polynomial is zero, proven by the point at infinity', async () => {
    const zero = withHash(concatBytes(new Uint8Array(96), INFINITY, INFINITY))
    const { exceptionError } = await evaluate(zero, GAS)
    assert.equal(exceptionError, undefined)
  })

  it('refuses infinity with something after it, which proves the same', async () => {
    for (const at of [143, 191]) {
      const changed = concatBytes(new Uint8Array(96), INFINITY, INFINITY)
      changed[at] = 1
      await assertRefused(withHash(changed))
    }
  })

  it('refuses that the zero polynomial is one somewhere', async () => {
    const one = withHash(concatBytes(new Uint8Array(96), INFINITY, INFINITY))
    one[95] = 1
    await assertRefused(one)
  })

  const changes: readonly (readonly [what: string, input: Uint8Array])[] = [
    ['another hash', flipped(5)],
    ['another version of the hash', flipped(0)],
    ['another z', flipped(63)],
    ['another y', flipped(95)],
    ['z above the field', withBytes(32, new Uint8Array(32).fill(255))],
    ['y above the field', withBytes(64, new Uint8Array(32).fill(255))],
    ['a commitment that is no point', withHash(withBytes(96, new Uint8Array(48).fill(255)))],
    ['a proof that is no point', flipped(190)],
    ['another proof', withBytes(144, PROVEN.subarray(96, 144))],
    ['a byte too few', PROVEN.subarray(0, 191)],
    ['a byte too many', concatBytes(PROVEN, Uint8Array.of(0))],
    ['nothing', new Uint8Array(0)]
  ]
  for (const [what, input] of changes) {
    it(`refuses ${what}, for all the gas`, async () => {
      await assertRefused(input)
    })
  }

  it('runs out of gas below its price', async () => {
    const { exceptionError, executionGasUsed } = await evaluate(PROVEN, POINT_EVALUATION_GAS - 1n)
    assert.equal(exceptionError?.error, 'out of gas')
    assert.equal(executionGasUsed, POINT_EVALUATION_GAS - 1n)
  })

  async function assertRefused(input: Uint8Array): Promise<void> {
    const { exceptionError, executionGasUsed, returnValue } = await evaluate(input, GAS)
    assert.notEqual(exceptionError, undefined)
    assert.equal(executionGasUsed, GAS)
    assert.equal(returnValue.length, 0)
  }
})

function flipped(at: number): Uint8Array {
  return withBytes(at, Uint8Array.of(PROVEN[at]! ^ 1))
}

function withBytes(at: number, bytes: Uint8Array): Uint8Array {
  const changed = PROVEN.slice()
  changed.set(bytes, at)
  return changed
}

/** With the versioned hash that its commitment has. */
function withHash(input: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(input.subarray(96, 144)).digest()
  const changed = input.slice()
  changed.set(digest, 0)
  changed[0] = 1
  return changed
}
