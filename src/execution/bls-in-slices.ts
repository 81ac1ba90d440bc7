// Sums and pairings on BLS12-381 (EIP-2537) in slices: in one piece, pairs for a block's gas hold the event loop for a minute.
import {
  type CustomPrecompile,
  EVMError,
  type ExecResult,
  getActivePrecompiles,
  NobleBLS
} from '@ethereumjs/evm'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bytesToBigint, concatBytes } from '../base/bytes.ts'
import { createYielder } from '../base/yielder.ts'

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

const G1_BYTES = 128
const G2_BYTES = 256
const SCALAR_BYTES = 32
/** A coordinate of a point, in front of which zeros fill 64 bytes; the library checks these. */
const COORDINATE_BYTES = 64
const YES = Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? 1 : 0))
const NO = new Uint8Array(32)

const library = new NobleBLS()
/** Stands for the work while the library checks form and price. */
const NO_WORK = { msmG1: () => NO, msmG2: () => NO, pairingCheck: () => NO }

/** A slice is some ten milliseconds of work. */
const SLICED: readonly SlicedPrecompile[] = [
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
  { id: '0f', pairBytes: G1_BYTES + G2_BYTES, pairsPerSlice: 1, begin: pairing }
]

/** They take the place of the library's, and give the same for the same gas. */
export const BLS_IN_SLICES: readonly CustomPrecompile[] = SLICED.map((one) => ({
  address: `0x${one.id.padStart(40, '0')}`,
  function: (input) => runInSlices(one, input)
}))

async function runInSlices(
  { id, pairBytes, pairsPerSlice, begin }: SlicedPrecompile,
  input: PrecompileInput
): Promise<ExecResult> {
  const { common, data, gasLimit } = input
  const whole = getActivePrecompiles(common).get(id.padStart(40, '0'))
  if (whole === undefined) throw new Error(`there is no precompile ${id}`)
  // Typed as any by the language: it is the EVM, but for what computes.
  const idle = Object.create(input._EVM, { _bls: { value: NO_WORK } }) as PrecompileInput['_EVM']
  const priced = await whole({ ...input, _EVM: idle })
  if (priced.exceptionError !== undefined) return priced
  const yielder = createYielder()
  const sliceBytes = pairsPerSlice * pairBytes
  try {
    const work = begin()
    for (let at = 0; at < data.length; at += sliceBytes) {
      work.add(data.subarray(at, at + sliceBytes))
      const turn = yielder.maybeYield()
      if (turn !== undefined) await turn
    }
    return { ...priced, returnValue: work.finish() }
  } catch (thrown) {
    const exceptionError =
      thrown instanceof EVMError ? thrown : new EVMError(EVMError.errorMessages.REVERT)
    return { exceptionError, executionGasUsed: gasLimit, returnValue: new Uint8Array(0) }
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

/** The product of what each pair gives, raised once at the end to the power that tells. */
function pairing(): ReturnType<SlicedPrecompile['begin']> {
  const { Fp12 } = bls.fields
  let product = Fp12.ONE
  return {
    add(pair) {
      const g1 = readG1(pair.subarray(0, G1_BYTES))
      const g2 = readG2(pair.subarray(G1_BYTES))
      if (g1.is0() || g2.is0()) return
      product = Fp12.mul(product, bls.pairing(g1, g2, false))
    },
    finish: () => (Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE) ? YES : NO)
  }
}

/** Throws for what is no point of the group; zeros are the point at infinity. */
function readG1(bytes: Uint8Array) {
  const { Point } = bls.G1
  if (bytes.every((byte) => byte === 0)) return Point.ZERO
  const point = Point.fromAffine({ x: coordinate(bytes, 0), y: coordinate(bytes, 1) })
  point.assertValidity()
  return point
}

function readG2(bytes: Uint8Array) {
  const { Point } = bls.G2
  if (bytes.every((byte) => byte === 0)) return Point.ZERO
  const at = (index: number) => ({ c0: coordinate(bytes, index), c1: coordinate(bytes, index + 1) })
  const point = Point.fromAffine({ x: at(0), y: at(2) })
  point.assertValidity()
  return point
}

function coordinate(bytes: Uint8Array, index: number): bigint {
  return bytesToBigint(bytes.subarray(index * COORDINATE_BYTES, (index + 1) * COORDINATE_BYTES))
}
