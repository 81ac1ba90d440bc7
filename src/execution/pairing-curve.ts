// BLS12-381 and BN254 (alt_bn128): points, sums, maps and pairings, by mcl in WebAssembly.
import { equalBytes } from '../base/bytes.ts'
import { type Mcl, MCL_CURVES, MCL_WORDS, startMcl } from './mcl.ts'

/** A group of points: G2 has coordinates of two numbers each. */
export type CurveGroup = 'G1' | 'G2'

/** A point, as mcl keeps it. Never changed. */
export type CurvePoint = Readonly<Uint32Array>

/** A number modulo the order of the groups. */
export type CurveScalar = Readonly<Uint32Array>

/** A product of Miller loops. */
export type PairingProduct = Readonly<Uint32Array>

/** What bytes are not: numbers of the field, a point on the curve, a point of the group of prime order. */
export type PointProblem = 'not in the field' | 'not on the curve' | 'not in the group'

/** Thrown for bytes that are no point. */
export class PointError extends Error {
  readonly problem: PointProblem

  constructor(problem: PointProblem) {
    super(`the point is ${problem}`)
    this.problem = problem
  }
}

/** What the EVM computes on. */
export interface PairingCurves {
  readonly bls12381: PairingCurve
  readonly bn254: PairingCurve
}

/** What sets a curve apart. */
interface CurveForm {
  readonly fieldBytes: number
  /** How mcl writes the numbers of this field. */
  readonly isBigEndian: boolean
  /** Every point on the curve is a member of G1. */
  readonly isG1Prime: boolean
}

const BLS_FIELD_BYTES = 48
const BN_FIELD_BYTES = 32

let loading: Promise<PairingCurves> | undefined

/** Both curves; one load for a thread, 150 ms of processor time and some 30 MiB. */
export function loadCurves(): Promise<PairingCurves> {
  return (loading ??= startCurves())
}

async function startCurves(): Promise<PairingCurves> {
  const bls = await startMcl(MCL_CURVES.bls12381)
  const bn = await startMcl(MCL_CURVES.bn254)
  return {
    bls12381: new PairingCurve(bls, {
      fieldBytes: BLS_FIELD_BYTES,
      isBigEndian: true,
      isG1Prime: false
    }),
    bn254: new PairingCurve(bn, {
      fieldBytes: BN_FIELD_BYTES,
      isBigEndian: false,
      isG1Prime: true
    })
  }
}

/** One curve. Every method is one piece of work, of less than 5 ms but for sums of many points. */
export class PairingCurve {
  readonly #mcl: Mcl
  readonly #form: CurveForm
  readonly #one = new Uint32Array(MCL_WORDS.field)

  constructor(mcl: Mcl, form: CurveForm) {
    this.#mcl = mcl
    this.#form = form
    mcl.callSetter(mcl._mclBnFp_setInt32, this.#one, 1)
  }

  /** Bytes of a number of the field. */
  get fieldBytes(): number {
    return this.#form.fieldBytes
  }

  /** From affine coordinates, big-endian, real parts first; zeros are infinity. Throws PointError; says nothing of the group. */
  point(group: CurveGroup, coordinates: readonly Uint8Array[]): CurvePoint {
    const mcl = this.#mcl
    const point = new Uint32Array(MCL_WORDS[group])
    if (coordinates.every(isZero)) return point
    const words = this.#fields(coordinates)
    point.set(words)
    point.set(this.#one, words.length)
    if (mcl.callGetter(mcl[`_mclBn${group}_isValid`], point) !== 1) {
      throw new PointError('not on the curve')
    }
    return point
  }

  /** The same, for none but points of the group of prime order. */
  member(group: CurveGroup, coordinates: readonly Uint8Array[]): CurvePoint {
    return this.#assertMember(group, this.point(group, coordinates))
  }

  /** A point of the group from the compressed form of ZCash, as KZG has it (BLS12-381 alone). Throws PointError. */
  compressed(group: CurveGroup, bytes: Uint8Array): CurvePoint {
    const mcl = this.#mcl
    const point = new Uint32Array(MCL_WORDS[group])
    try {
      mcl.callDeserialize(mcl[`_mclBn${group}_deserialize`], point, bytes)
    } catch {
      throw new PointError('not on the curve')
    }
    // mcl reads infinity from the first bits alone; there is one form of a point.
    if (!equalBytes(mcl.callSerialize(mcl[`_mclBn${group}_serialize`], point), bytes)) {
      throw new PointError('not on the curve')
    }
    return this.#assertMember(group, point)
  }

  /** Affine coordinates as `point` takes them. */
  coordinates(group: CurveGroup, point: CurvePoint): readonly Uint8Array[] {
    const mcl = this.#mcl
    const affine = new Uint32Array(point.length)
    mcl.callOp1(mcl[`_mclBn${group}_normalize`], affine, point)
    return Array.from({ length: group === 'G1' ? 2 : 4 }, (_, at) => {
      const words = affine.subarray(at * MCL_WORDS.field, (at + 1) * MCL_WORDS.field)
      return this.#ordered(mcl.callSerialize(mcl._mclBnFp_serialize, words))
    })
  }

  /** From 32 bytes, big-endian, modulo the order of the groups. */
  scalar(bytes: Uint8Array): CurveScalar {
    const scalar = new Uint32Array(MCL_WORDS.scalar)
    this.#mcl.callSetInput(this.#mcl._mclBnFr_setBigEndianMod, scalar, bytes)
    return scalar
  }

  /** The map of RFC 9380 (BLS12-381 alone), from a number for G1 and two for G2. Throws PointError. */
  map(group: CurveGroup, numbers: readonly Uint8Array[]): CurvePoint {
    const mcl = this.#mcl
    const point = new Uint32Array(MCL_WORDS[group])
    const run = group === 'G1' ? mcl._mclBnFp_mapToG1 : mcl._mclBnFp2_mapToG2
    mcl.callOp1(run, point, this.#fields(numbers))
    return point
  }

  /** Of any points on the curve. */
  add(group: CurveGroup, one: CurvePoint, other: CurvePoint): CurvePoint {
    const mcl = this.#mcl
    const sum = new Uint32Array(one.length)
    mcl.callOp2(mcl[`_mclBn${group}_add`], sum, one, other)
    return sum
  }

  /** Minus the point. */
  negate(group: CurveGroup, point: CurvePoint): CurvePoint {
    const mcl = this.#mcl
    const negated = new Uint32Array(point.length)
    mcl.callOp1(mcl[`_mclBn${group}_neg`], negated, point)
    return negated
  }

  /** The sum of members times scalars, at least one: half a millisecond for each in G1, one in G2. */
  multiplyAndAdd(
    group: CurveGroup,
    factors: readonly { readonly point: CurvePoint; readonly scalar: CurveScalar }[]
  ): CurvePoint {
    const mcl = this.#mcl
    const sum = new Uint32Array(MCL_WORDS[group])
    const stack = mcl.stackSave()
    try {
      const at = mcl.salloc(sum)
      const pointsAt = mcl.sallocArray(factors.map(({ point }) => point))
      const scalarsAt = mcl.sallocArray(factors.map(({ scalar }) => scalar))
      mcl[`_mclBn${group}_mulVec`](at, pointsAt, scalarsAt, factors.length)
      mcl.copyFromHeap32(sum, at)
      return sum
    } finally {
      mcl.stackRestore(stack)
    }
  }

  /** Multiplies the product by the Miller loop of two members; that of infinity is one, as is undefined. */
  pair(
    product: PairingProduct | undefined,
    g1: CurvePoint,
    g2: CurvePoint
  ): PairingProduct | undefined {
    const mcl = this.#mcl
    if (this.#isInfinity('G1', g1) || this.#isInfinity('G2', g2)) return product
    const loop = new Uint32Array(MCL_WORDS.product)
    mcl.callOp2(mcl._mclBn_millerLoop, loop, g1, g2)
    if (product === undefined) return loop
    const result = new Uint32Array(MCL_WORDS.product)
    mcl.callOp2(mcl._mclBnGT_mul, result, product, loop)
    return result
  }

  /** Raised to the power that tells: whether the pairings multiply to one. */
  isOne(product: PairingProduct | undefined): boolean {
    if (product === undefined) return true
    const mcl = this.#mcl
    const result = new Uint32Array(MCL_WORDS.product)
    mcl.callOp1(mcl._mclBn_finalExp, result, product)
    return mcl.callGetter(mcl._mclBnGT_isOne, result) === 1
  }

  #isInfinity(group: CurveGroup, point: CurvePoint): boolean {
    return this.#mcl.callGetter(this.#mcl[`_mclBn${group}_isZero`], point) === 1
  }

  #assertMember(group: CurveGroup, point: CurvePoint): CurvePoint {
    const mcl = this.#mcl
    if (group === 'G1' && this.#form.isG1Prime) return point
    if (mcl.callGetter(mcl[`_mclBn${group}_isValidOrder`], point) !== 1) {
      throw new PointError('not in the group')
    }
    return point
  }

  #fields(numbers: readonly Uint8Array[]): Uint32Array {
    const mcl = this.#mcl
    const words = new Uint32Array(numbers.length * MCL_WORDS.field)
    for (const [index, bytes] of numbers.entries()) {
      const at = index * MCL_WORDS.field
      try {
        const field = words.subarray(at, at + MCL_WORDS.field)
        mcl.callDeserialize(mcl._mclBnFp_deserialize, field, this.#ordered(bytes))
      } catch {
        throw new PointError('not in the field')
      }
    }
    return words
  }

  #ordered(bytes: Uint8Array): Uint8Array {
    return this.#form.isBigEndian ? bytes : bytes.toReversed()
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
