// Random input to the precompiles on curves: what comes of it is what comes of the library's.
import assert from 'node:assert/strict'
import { createEVM, type EVM, type ExecResult } from '@ethereumjs/evm'
import { bn254 } from '@noble/curves/bn254.js'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bigintToBytes, bytesToBigint, concatBytes } from '../../../src/base/bytes.ts'
import { createSeededRandom, type Random } from '../../../src/base/random.ts'
import { createYielder } from '../../../src/base/yielder.ts'
import { createBlockEvm } from '../../../src/execution/block-context.ts'
import { createEvmCommon } from '../../../src/execution/evm-rules.ts'
import { StateAdapter } from '../../../src/execution/state-adapter.ts'
import { EMPTY_ROOT } from '../../../src/trie/trie.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
const ROUNDS = 8
const GAS = 10_000_000n
const NO_STATE = {
  root: '0x',
  account: () => undefined,
  slot: () => undefined,
  storageRoot: () => EMPTY_ROOT,
  code: () => undefined
} as const

/** Points of one curve as the EVM writes them. */
interface Points {
  readonly numberBytes: number
  readonly modulus: bigint
  readonly order: bigint
  readonly members: readonly Uint8Array[]
  /** On the curve; where the group is not all of it, mostly outside. */
  readonly others: readonly Uint8Array[]
}

type Curve = typeof bls | typeof bn254

const FACTORS = [1n, 2n, 0xdead_beefn, 2n ** 200n + 77n]
const BLS_1 = pointsOfG1(bls, 64)
const BLS_2 = pointsOfG2(bls, 64, [0, 1, 2, 3])
const BN_1 = pointsOfG1(bn254, 32)
const BN_2 = pointsOfG2(bn254, 32, [1, 0, 3, 2])

const INPUTS: Readonly<Record<string, (random: Random) => Uint8Array>> = {
  '06': (random) => concatBytes(point(BN_1, random), point(BN_1, random)),
  '07': (random) => concatBytes(point(BN_1, random), scalar(BN_1, random)),
  '08': (random) => pairs(random, () => [point(BN_1, random), point(BN_2, random)]),
  '0b': (random) => concatBytes(point(BLS_1, random), point(BLS_1, random)),
  '0c': (random) => pairs(random, () => [point(BLS_1, random), scalar(BLS_1, random)]),
  '0d': (random) => concatBytes(point(BLS_2, random), point(BLS_2, random)),
  '0e': (random) => pairs(random, () => [point(BLS_2, random), scalar(BLS_2, random)]),
  '0f': (random) => pairs(random, () => [point(BLS_1, random), point(BLS_2, random)]),
  '10': (random) => number(BLS_1, random),
  '11': (random) => concatBytes(number(BLS_2, random), number(BLS_2, random))
}

describe(`the precompiles on curves beside the library's (seed ${String(SEED)})`, () => {
  let evm: EVM
  let blockEvm: EVM
  before(async () => {
    const common = createEvmCommon(1n)
    evm = await createEVM({ common })
    const site = { common, state: new StateAdapter(NO_STATE), blockHashes: () => undefined }
    blockEvm = await createBlockEvm(site, createYielder())
  })

  for (const [id, input] of Object.entries(INPUTS)) {
    it(`0x${id} agrees on good and bad input`, async () => {
      const random = createSeededRandom(SEED)
      const [ours, theirs] = [blockEvm, evm].map((one) => one.precompiles.get(id.padStart(40, '0')))
      assert.ok(ours && theirs)
      let failuresCount = 0
      for (let round = 0; round < ROUNDS; round++) {
        const data = cut(input(random), random)
        const parts = { data, gasLimit: GAS, common: evm.common }
        const expected: ExecResult = await theirs({ ...parts, _EVM: evm })
        const found: ExecResult = await ours({ ...parts, _EVM: blockEvm })
        const hex = Buffer.from(data).toString('hex')
        assert.deepEqual(found.returnValue, expected.returnValue, hex)
        assert.equal(found.executionGasUsed, expected.executionGasUsed, hex)
        assert.equal(found.exceptionError === undefined, expected.exceptionError === undefined, hex)
        if (found.exceptionError !== undefined) failuresCount += 1
      }
      assert.ok(failuresCount < ROUNDS, 'nothing but failures says little')
    })
  }
})

function point(points: Points, random: Random): Uint8Array {
  const { members, others } = points
  const kind = random.below(12)
  if (kind === 0) return others[random.below(others.length)]!
  if (kind === 1) return new Uint8Array(members[0]!.length)
  const member = members[random.below(members.length)]!
  return kind === 2 ? spoiled(member, points, random) : member
}

/** A number raised by the modulus, or a bit turned over, be it one of those that have to be zero. */
function spoiled(member: Uint8Array, { numberBytes, modulus }: Points, random: Random): Uint8Array {
  const changed = Uint8Array.from(member)
  if (random.below(2) === 0) changed[random.below(changed.length)]! ^= 1 << random.below(8)
  else {
    const at = numberBytes * random.below(member.length / numberBytes)
    const raised = bytesToBigint(member.subarray(at, at + numberBytes)) + modulus
    if (raised < 2n ** BigInt(8 * numberBytes)) changed.set(bigintToBytes(raised, numberBytes), at)
  }
  return changed
}

function scalar({ order }: Points, random: Random): Uint8Array {
  const values = [0n, 1n, order - 1n, order, order + 1n, 2n ** 256n - 1n]
  return bigintToBytes(values[random.below(2 * values.length)] ?? bits(256, random), 32)
}

function number({ modulus, numberBytes }: Points, random: Random): Uint8Array {
  const values = [0n, 1n, modulus - 1n, modulus, 2n ** 384n]
  return bigintToBytes(values[random.below(4 * values.length)] ?? bits(376, random), numberBytes)
}

function pairs(random: Random, one: () => readonly Uint8Array[]): Uint8Array {
  return concatBytes(...Array.from({ length: 1 + random.below(3) }, one).flat())
}

/** Now and then some bytes at the end are missing. */
function cut(bytes: Uint8Array, random: Random): Uint8Array {
  return random.below(12) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes
}

function bits(count: number, random: Random): bigint {
  return bytesToBigint(Uint8Array.from({ length: count / 8 }, () => random.below(256)))
}

function pointsOfG1({ G1, fields: { Fp, Fr } }: Curve, numberBytes: number): Points {
  const { x, y } = G1.Point.BASE
  const b = Fp.sub(Fp.sqr(y), Fp.mul(Fp.sqr(x), x))
  const written = (numbers: readonly bigint[]) => inBytes(numbers, numberBytes)
  const members = FACTORS.map((factor) => {
    const affine = G1.Point.BASE.multiply(factor).toAffine()
    return written([affine.x, affine.y])
  })
  const others = [0n, 1n, 2n, 3n, 4n, 5n].flatMap((x) => {
    const root = rootOf(Fp, Fp.add(Fp.mul(Fp.sqr(x), x), b))
    return root === undefined ? [] : [written([x, root]), written([x, Fp.neg(root)])]
  })
  return { numberBytes, modulus: Fp.ORDER, order: Fr.ORDER, members, others }
}

function pointsOfG2(
  { G2, fields: { Fp, Fp2, Fr } }: Curve,
  numberBytes: number,
  places: readonly number[]
): Points {
  const { x, y } = G2.Point.BASE
  const b = Fp2.sub(Fp2.sqr(y), Fp2.mul(Fp2.sqr(x), x))
  const written = (numbers: readonly bigint[]) =>
    inBytes(
      places.map((place) => numbers[place]!),
      numberBytes
    )
  const members = FACTORS.map((factor) => {
    const affine = G2.Point.BASE.multiply(factor).toAffine()
    return written([affine.x.c0, affine.x.c1, affine.y.c0, affine.y.c1])
  })
  const others = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].flatMap((part) => {
    const x = { c0: part, c1: part - 1n }
    const root = rootOf(Fp2, Fp2.add(Fp2.mul(Fp2.sqr(x), x), b))
    return root === undefined ? [] : [written([x.c0, x.c1, root.c0, root.c1])]
  })
  return { numberBytes, modulus: Fp.ORDER, order: Fr.ORDER, members, others }
}

/** Undefined for what is no square: there is no point then. */
function rootOf<T>(field: { sqrt: (square: T) => T }, square: T): T | undefined {
  try {
    return field.sqrt(square)
  } catch {
    return undefined // noble throws for it
  }
}

function inBytes(numbers: readonly bigint[], numberBytes: number): Uint8Array {
  return concatBytes(...numbers.map((value) => bigintToBytes(value, numberBytes)))
}
