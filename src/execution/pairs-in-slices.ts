// Pairings on BN254 (EIP-197), sums and pairings on BLS12-381 (EIP-2537), in slices: all pairs of a block's gas take a minute.
import {
  type CustomPrecompile,
  EVMError,
  type ExecResult,
  getActivePrecompiles,
  NobleBLS
} from '@ethereumjs/evm'
import { bn254 } from '@noble/curves/bn254.js'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bytesToBigint, concatBytes } from '../base/bytes.ts'
import { type Yielder } from '../base/yielder.ts'

type Precompile = Extract<CustomPrecompile, { readonly function: unknown }>['function']
type PrecompileInput = Parameters<Precompile>[0]

/** One of them: its address, the bytes of a pair, and what the library would do with all pairs at once. */
interface SlicedPrecompile {
  readonly id: string
  readonly pairBytes: number
  readonly pairsPerSlice: number
  /** Takes the next slice. Throws for what is no point of its group. */
  readonly begin: () => { add(slice: Uint8Array): void; finish(): Uint8Array }
}

const BN_COORDINATE_BYTES = 32
const BN_G1_BYTES = 64
const BN_G2_BYTES = 128
const G1_BYTES = 128
const G2_BYTES = 256
const SCALAR_BYTES = 32
/** A coordinate of a point, in front of which zeros fill 64 bytes; the library checks these. */
const COORDINATE_BYTES = 64
const YES = Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? 1 : 0))
const NO = new Uint8Array(32)

const library = new NobleBLS()
/** Stands for the work while the library checks form and price. */
const NO_WORK = {
  _bls: { value: { msmG1: () => NO, msmG2: () => NO, pairingCheck: () => NO } },
  _bn254: { value: { pairing: () => NO } }
}

/** A slice is some ten milliseconds of work. */
const SLICED: readonly SlicedPrecompile[] = [
  {
    id: '08',
    pairBytes: BN_G1_BYTES + BN_G2_BYTES,
    pairsPerSlice: 1,
    begin: () => pairing(bn254, readBnPair)
  },
  {
    id: '0c',
    pairBytes: G1_BYTES + SCALAR_BYTES,
    pairsPerSlice: 4,
    begin: () =>
      sum(
        (slice) => library.msmG1(slice),
        (points) => library.addG1(points)
      )
  },
  {
    id: '0e',
    pairBytes: G2_BYTES + SCALAR_BYTES,
    pairsPerSlice: 2,
    begin: () =>
      sum(
        (slice) => library.msmG2(slice),
        (points) => library.addG2(points)
      )
  },
  {
    id: '0f',
    pairBytes: G1_BYTES + G2_BYTES,
    pairsPerSlice: 1,
    begin: () => pairing(bls, readBlsPair)
  }
]

/** They take the place of the library's, and give the same for the same gas. */
export function pairsInSlices(yielder: Yielder): readonly CustomPrecompile[] {
  return SLICED.map((one) => ({
    address: `0x${one.id.padStart(40, '0')}`,
    function: (input) => runInSlices(one, input, yielder)
  }))
}

async function runInSlices(
  { id, pairBytes, pairsPerSlice, begin }: SlicedPrecompile,
  input: PrecompileInput,
  yielder: Yielder
): Promise<ExecResult> {
  const { common, data, gasLimit } = input
  const whole = getActivePrecompiles(common).get(id.padStart(40, '0'))
  if (whole === undefined) throw new Error(`there is no precompile ${id}`)
  // Object.create has no type of its own: it is the EVM, but for what computes.
  const idle = Object.create(input._EVM, NO_WORK) as PrecompileInput['_EVM']
  const priced = await whole({ ...input, _EVM: idle })
  if (priced.exceptionError !== undefined) return priced
  const sliceBytes = pairsPerSlice * pairBytes
  const work = begin()
  for (let at = 0; at < data.length; at += sliceBytes) {
    const exceptionError = failureOf(() => {
      work.add(data.subarray(at, at + sliceBytes))
    })
    if (exceptionError !== undefined) {
      return { exceptionError, executionGasUsed: gasLimit, returnValue: new Uint8Array(0) }
    }
    // What the yielder throws is no failure of the call.
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
  }
  return { ...priced, returnValue: work.finish() }
}

/** What a slice that is no sum or pairing fails with. */
function failureOf(addSlice: () => void): EVMError | undefined {
  try {
    addSlice()
    return undefined
  } catch (thrown) {
    return thrown instanceof EVMError ? thrown : new EVMError(EVMError.errorMessages.REVERT)
  }
}

function sum(
  ofSlice: (slice: Uint8Array) => Uint8Array,
  ofTwo: (points: Uint8Array) => Uint8Array
): ReturnType<SlicedPrecompile['begin']> {
  let total: Uint8Array | undefined
  return {
    add(slice) {
      const part = ofSlice(slice)
      total = total === undefined ? part : ofTwo(concatBytes(total, part))
    },
    finish: () => total ?? NO
  }
}

type Curve = typeof bls | typeof bn254

/** Both points of a pair; the library's types for the two curves are the same. */
interface Pair {
  readonly g1: InstanceType<typeof bls.G1.Point>
  readonly g2: InstanceType<typeof bls.G2.Point>
}

/** The product of what each pair gives, raised once at the end to the power that tells. */
function pairing(
  curve: Curve,
  read: (bytes: Uint8Array) => Pair
): ReturnType<SlicedPrecompile['begin']> {
  const { Fp12 } = curve.fields
  let product = Fp12.ONE
  return {
    add(bytes) {
      const { g1, g2 } = read(bytes)
      if (g1.is0() || g2.is0()) return
      product = Fp12.mul(product, curve.pairing(g1, g2, false))
    },
    finish: () => (Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE) ? YES : NO)
  }
}

/** Of each Fp2 the real part comes first. */
function readBlsPair(bytes: Uint8Array): Pair {
  const at = (index: number) => coordinate(bytes, index, COORDINATE_BYTES)
  return points(bls, [at(0), at(1)], [at(2), at(3), at(4), at(5)])
}

/** Here the imaginary part comes first. */
function readBnPair(bytes: Uint8Array): Pair {
  const at = (index: number) => coordinate(bytes, index, BN_COORDINATE_BYTES)
  return points(bn254, [at(0), at(1)], [at(3), at(2), at(5), at(4)])
}

/** Zeros are the point at infinity. Throws for what is no point of its group. */
function points(
  { G1, G2 }: Curve,
  [x, y]: readonly [bigint, bigint],
  second: readonly [bigint, bigint, bigint, bigint]
): Pair {
  const g1 = x === 0n && y === 0n ? G1.Point.ZERO : G1.Point.fromAffine({ x, y })
  const [x2, x2i, y2, y2i] = second
  const at = { x: { c0: x2, c1: x2i }, y: { c0: y2, c1: y2i } }
  const g2 = second.every((one) => one === 0n) ? G2.Point.ZERO : G2.Point.fromAffine(at)
  for (const point of [g1, g2]) if (!point.is0()) point.assertValidity()
  return { g1, g2 }
}

function coordinate(bytes: Uint8Array, index: number, lengthBytes: number): bigint {
  return bytesToBigint(bytes.subarray(index * lengthBytes, (index + 1) * lengthBytes))
}
