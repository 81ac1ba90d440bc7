// The precompiles on curves: the library's results, gas and failures, and turns of the event loop in between.
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createEVM, type EVM, type ExecResult } from '@ethereumjs/evm'
import { bn254 } from '@noble/curves/bn254.js'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bigintToBytes, bytesToBigint, concatBytes } from '../../../src/base/bytes.ts'
import { createYielder } from '../../../src/base/yielder.ts'
import { createBlockEvm } from '../../../src/execution/block-context.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { StateAdapter } from '../../../src/execution/state-adapter.ts'
import { EMPTY_ROOT } from '../../../src/trie/trie.ts'

const GAS = 10_000_000n
const NO_STATE = {
  root: '0x',
  account: () => undefined,
  slot: () => undefined,
  storageRoot: () => EMPTY_ROOT,
  code: () => undefined
} as const
const SITE = {
  common: createEvmCommon(1n),
  state: new StateAdapter(NO_STATE),
  blockHashes: () => undefined
}
const INFINITY_1 = new Uint8Array(128)
const INFINITY_2 = new Uint8Array(256)
const SCALARS = [0n, 1n, 7n, bls.fields.Fr.ORDER - 1n, 2n ** 256n - 1n, 12_345n, 3n]

function g1(factor: bigint): Uint8Array {
  const { x, y } = bls.G1.Point.BASE.multiply(factor).toAffine()
  return concatBytes(...[x, y].map((value) => bigintToBytes(value, 64)))
}

function g2(factor: bigint): Uint8Array {
  const { x, y } = bls.G2.Point.BASE.multiply(factor).toAffine()
  return concatBytes(...[x.c0, x.c1, y.c0, y.c1].map((value) => bigintToBytes(value, 64)))
}

/** Changes the last byte: a point that is not on the curve. */
function off(point: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(point)
  changed[changed.length - 1]! ^= 1
  return changed
}

/** A point on the curve, and not in the group of prime order. */
function outside(): Uint8Array {
  const { Fp } = bls.fields
  for (let x = 1n; ; x++) {
    const square = Fp.add(Fp.mul(Fp.sqr(x), x), 4n)
    if (!Fp.eql(Fp.pow(square, (Fp.ORDER - 1n) / 2n), Fp.ONE)) continue
    return concatBytes(...[x, Fp.sqrt(square)].map((value) => bigintToBytes(value, 64)))
  }
}

/** With its number at the place raised by the modulus: the same modulo it. */
function above(point: Uint8Array, place: number): Uint8Array {
  const changed = Uint8Array.from(point)
  const number = bytesToBigint(point.subarray(64 * place, 64 * (place + 1)))
  changed.set(bigintToBytes(number + FIELD, 64), 64 * place)
  return changed
}

/** With a byte where zeros are wanted. */
function filled(point: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(point)
  changed[at] = 1
  return changed
}

function sumOf(points: readonly Uint8Array[]): Uint8Array {
  const pairs = points.map((point, index) => {
    return concatBytes(point, bigintToBytes(SCALARS[index % SCALARS.length]!, 32))
  })
  return concatBytes(...pairs)
}

const FIELD = bls.fields.Fp.ORDER
const BN_ORDER = bn254.fields.Fr.ORDER
const BN_FIELD = bn254.fields.Fp.ORDER
const BN_ONE = concatBytes(bigintToBytes(1n, 32), bigintToBytes(2n, 32))

function bnPairs(...factors: readonly (readonly [bigint, bigint])[]): Uint8Array {
  const numbers = factors.flatMap(([first, second]) => {
    const g1 = bn254.G1.Point.BASE.multiply(first).toAffine()
    const g2 = bn254.G2.Point.BASE.multiply(second).toAffine()
    return [g1.x, g1.y, g2.x.c1, g2.x.c0, g2.y.c1, g2.y.c0]
  })
  return concatBytes(...numbers.map((value) => bigintToBytes(value, 32)))
}

/** A second point on the twist, and not in the group of prime order. */
function bnOutside(): Uint8Array {
  const { Fp2 } = bn254.fields
  const b = Fp2.sub(
    Fp2.sqr(bn254.G2.Point.BASE.y),
    Fp2.mul(Fp2.sqr(bn254.G2.Point.BASE.x), bn254.G2.Point.BASE.x)
  )
  for (let part = 1n; ; part++) {
    const x = { c0: part, c1: 0n }
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b)
    let y: typeof x
    try {
      y = Fp2.sqrt(square)
    } catch {
      continue // it has no root: there is no point with this x
    }
    const { x: x1, y: y1 } = bn254.G1.Point.BASE.toAffine()
    return concatBytes(...[x1, y1, x.c1, x.c0, y.c1, y.c0].map((value) => bigintToBytes(value, 32)))
  }
}

const FACTORS = [5n, 6n, 7n, 8n, 9n, 10n, 11n]
const ONES = FACTORS.map(g1)
const TWOS = FACTORS.map(g2)
const ORDER = bls.fields.Fr.ORDER
const CASES: readonly (readonly [what: string, id: string, input: Uint8Array])[] = [
  ['points of G1', '0b', concatBytes(g1(3n), g1(4n))],
  ['a point of G1 twice', '0b', concatBytes(g1(3n), g1(3n))],
  ['opposite points of G1', '0b', concatBytes(g1(3n), g1(ORDER - 3n))],
  ['a point of G1 and infinity', '0b', concatBytes(INFINITY_1, g1(5n))],
  ['points of the curve outside of G1', '0b', concatBytes(outside(), outside())],
  ['a point off the curve of G1', '0b', concatBytes(g1(3n), off(g1(4n)))],
  ['a number of G1 above the field', '0b', concatBytes(above(g1(3n), 1), g1(4n))],
  ['a number that zeros do not fill', '0b', filled(concatBytes(g1(3n), g1(4n)), 64)],
  ['a point and a half of G1', '0b', concatBytes(g1(3n), g1(4n)).subarray(64)],
  ['points of G2', '0d', concatBytes(g2(3n), g2(4n))],
  ['opposite points of G2', '0d', concatBytes(g2(3n), g2(ORDER - 3n))],
  ['a point off the curve of G2', '0d', concatBytes(off(g2(3n)), INFINITY_2)],
  ['no point of G2', '0d', new Uint8Array(0)],
  ['a number mapped to G1', '10', bigintToBytes(12_345n, 64)],
  ['zero mapped to G1', '10', new Uint8Array(64)],
  ['the modulus mapped to G1', '10', bigintToBytes(FIELD, 64)],
  ['a number of 49 bytes mapped to G1', '10', bigintToBytes(2n ** 384n, 64)],
  ['numbers mapped to G2', '11', concatBytes(bigintToBytes(7n, 64), bigintToBytes(FIELD - 1n, 64))],
  [
    'a number too high mapped to G2',
    '11',
    concatBytes(new Uint8Array(64), bigintToBytes(FIELD, 64))
  ],
  ['one number mapped to G2', '11', new Uint8Array(64)],
  ['points on BN254', '06', concatBytes(BN_ONE, BN_ONE)],
  [
    'opposite points on BN254',
    '06',
    concatBytes(BN_ONE, bigintToBytes(1n, 32), bigintToBytes(BN_FIELD - 2n, 32))
  ],
  ['one point on BN254', '06', BN_ONE],
  ['no points on BN254', '06', new Uint8Array(0)],
  ['points on BN254 with more after them', '06', concatBytes(BN_ONE, BN_ONE, BN_ONE)],
  ['half a point on BN254', '06', BN_ONE.subarray(0, 40)],
  ['a point off BN254', '06', off(concatBytes(BN_ONE, BN_ONE))],
  ['a point times the highest number', '07', concatBytes(BN_ONE, new Uint8Array(40).fill(255))],
  ['a point times the order', '07', concatBytes(BN_ONE, bigintToBytes(BN_ORDER, 32))],
  ['a point times half a number', '07', concatBytes(BN_ONE, Uint8Array.of(5))],
  [
    'a number of a point above the field',
    '07',
    concatBytes(bigintToBytes(BN_FIELD + 1n, 32), BN_ONE)
  ],
  ['a sum in G1', '0c', sumOf(ONES)],
  [
    'a sum in G1 that is infinity',
    '0c',
    sumOf([INFINITY_1, g1(1n), INFINITY_1, g1(1n), INFINITY_1])
  ],
  ['a sum in G1 with a late point off the curve', '0c', sumOf([...ONES, off(g1(2n))])],
  ['a sum in G1 with a late point outside of the group', '0c', sumOf([...ONES, outside()])],
  ['a sum in G1 of half a pair', '0c', sumOf(ONES).subarray(1)],
  ['a sum in G1 of nothing', '0c', new Uint8Array(0)],
  ['a sum in G2', '0e', sumOf([...TWOS, INFINITY_2])],
  ['a sum in G2 with a late point off the curve', '0e', sumOf([...TWOS, off(g2(2n))])],
  ['pairs that are one', '0f', concatBytes(g1(3n), g2(4n), g1(ORDER - 12n), g2(1n))],
  ['pairs that are not one', '0f', concatBytes(g1(3n), g2(4n), g1(ORDER - 11n), g2(1n))],
  ['pairs of infinity', '0f', concatBytes(g1(3n), INFINITY_2, INFINITY_1, g2(3n))],
  ['a pair with a first point outside of the group', '0f', concatBytes(outside(), g2(1n))],
  ['a pair with infinity and a point off the curve', '0f', concatBytes(INFINITY_1, off(g2(1n)))],
  ['a pair with a coordinate above the field', '0f', concatBytes(g1(1n), above(g2(1n), 1))],
  ['no pairs', '0f', new Uint8Array(0)],
  ['pairs on BN254 that are one', '08', bnPairs([3n, 4n], [BN_ORDER - 12n, 1n])],
  ['pairs on BN254 that are not one', '08', bnPairs([3n, 4n], [BN_ORDER - 11n, 1n])],
  ['pairs on BN254 with infinity', '08', concatBytes(bnPairs([3n, 4n]), new Uint8Array(192))],
  ['a pair on BN254 off the curve', '08', off(bnPairs([3n, 4n], [5n, 6n]))],
  ['a pair on BN254 with a second point outside of the group', '08', bnOutside()],
  ['half a pair on BN254', '08', bnPairs([3n, 4n]).subarray(96)],
  ['no pairs on BN254', '08', new Uint8Array(0)]
]

describe('the precompiles on curves', () => {
  let evm: EVM
  let blockEvm: EVM
  before(async () => {
    evm = await createEVM({ common: createEvmCommon(1n) })
    blockEvm = await createBlockEvm(SITE, createYielder())
  })

  const inSlices = async (id: string, data: Uint8Array, gasLimit: bigint): Promise<ExecResult> => {
    const precompile = blockEvm.precompiles.get(id.padStart(40, '0'))
    assert.ok(precompile)
    return precompile({ data, gasLimit, common: blockEvm.common, _EVM: blockEvm })
  }

  for (const [what, id, data] of CASES) {
    it(`give for ${what} what the library gives`, async () => {
      const library = evm.precompiles.get(id.padStart(40, '0'))
      assert.ok(library)
      for (const gasLimit of [GAS, 30_000n]) {
        const theirs: ExecResult = await library({ data, gasLimit, common: evm.common, _EVM: evm })
        assert.equal(told(await inSlices(id, data, gasLimit)), told(theirs))
      }
    })
  }

  it('compute several calls in turns, each as if it were alone', async () => {
    const calls = [
      ['0c', sumOf([...ONES, ...ONES, ...ONES])],
      ['0c', sumOf([...ONES, INFINITY_1, ...ONES])],
      ['0e', sumOf([...TWOS, ...TWOS])],
      ['0f', concatBytes(g1(3n), g2(4n), g1(ORDER - 12n), g2(1n), INFINITY_1, g2(5n))],
      ['0f', concatBytes(g1(3n), g2(4n), g1(ORDER - 11n), g2(1n))],
      ['08', bnPairs([3n, 4n], [BN_ORDER - 12n, 1n])],
      ['08', bnPairs([3n, 4n], [BN_ORDER - 11n, 1n])]
    ] as const
    const alone: string[] = []
    for (const [id, data] of calls) alone.push(told(await inSlices(id, data, GAS)))
    let turns = 0
    const yielder = {
      maybeYield: () => {
        turns += 1
        return nextTurn()
      }
    }
    const precompiles = (await createBlockEvm(SITE, yielder)).precompiles
    const together = calls.map(async ([id, data]) => {
      const precompile = precompiles.get(id.padStart(40, '0'))
      assert.ok(precompile)
      return precompile({ data, gasLimit: GAS, common: blockEvm.common, _EVM: blockEvm })
    })
    assert.deepEqual((await Promise.all(together)).map(told), alone)
    assert.ok(turns >= 2 * calls.length)
  })

  for (const [what, id, data] of [
    ['a sum in G1', '0c', sumOf(Array.from({ length: 48 }, () => g1(5n)))],
    ['a sum in G2', '0e', sumOf(Array.from({ length: 24 }, () => g2(5n)))],
    ['pairs', '0f', concatBytes(...Array.from({ length: 12 }, () => [g1(5n), g2(7n)]).flat())],
    ['pairs on BN254', '08', bnPairs(...Array.from({ length: 24 }, () => [5n, 7n] as const))]
  ] as const) {
    it(`let others have their turn in ${what}`, async () => {
      let turns = 0
      let pending = setImmediate(function next() {
        turns += 1
        pending = setImmediate(next)
      })
      await inSlices(id, data, GAS)
      clearImmediate(pending)
      assert.ok(turns > 0)
    })
  }
})

/** Whatever the failure is, the block sees no more than that there is one. */
function told({ executionGasUsed, returnValue, exceptionError }: ExecResult): string {
  const bytes = Buffer.from(returnValue).toString('hex')
  return `${String(executionGasUsed)} ${bytes} ${String(exceptionError !== undefined)}`
}
