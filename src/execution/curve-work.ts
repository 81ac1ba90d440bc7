// What the precompiles on curves compute, slice by slice, from points as the EVM writes them (EIP-196, EIP-197, EIP-2537).
import { EVMError } from '@ethereumjs/evm'
import {
  type CurveGroup,
  type CurvePoint,
  type PairingCurve,
  type PairingCurves,
  type PairingProduct,
  type PointProblem
} from './pairing-curve.ts'

/** A curve, and how the EVM writes its points. */
export interface PointForm {
  readonly curve: PairingCurve
  /** A number of the field; zeros fill it from the front. */
  readonly numberBytes: number
  /** Where a point of G2 has its four numbers, real parts first. */
  readonly places: readonly number[]
  /** What the library fails with. */
  readonly failures: Readonly<Record<PointProblem, ConstructorParameters<typeof EVMError>[0]>>
}

/** One call at work. */
export interface CurveWork {
  /** Takes the next slice: whole pairs, or all of the input. Throws PointError. */
  readonly add: (slice: Uint8Array) => void
  /** The answer. */
  readonly finish: () => Uint8Array
}

const SCALAR_BYTES = 32
const ANSWER_BYTES = 32
/** A point of G1 has two numbers, one of G2 four. */
const NUMBERS: Readonly<Record<CurveGroup, number>> = { G1: 2, G2: 4 }

/** EIP-196 and EIP-197. */
export function bn254Form({ bn254 }: PairingCurves): PointForm {
  const { BN254_FP_NOT_IN_FIELD: field, REVERT: point } = EVMError.errorMessages
  return {
    curve: bn254,
    numberBytes: 32,
    places: [1, 0, 3, 2],
    failures: { 'not in the field': field, 'not on the curve': point, 'not in the group': point }
  }
}

/** EIP-2537. */
export function bls12381Form({ bls12381 }: PairingCurves): PointForm {
  const { errorMessages } = EVMError
  const { BLS_12_381_FP_NOT_IN_FIELD: field, BLS_12_381_POINT_NOT_ON_CURVE: point } = errorMessages
  return {
    curve: bls12381,
    numberBytes: 64,
    places: [0, 1, 2, 3],
    failures: { 'not in the field': field, 'not on the curve': point, 'not in the group': point }
  }
}

/** Two points on the curve, be they members of the group or not. */
export function addition(form: PointForm, group: CurveGroup): CurveWork {
  return once((bytes) => {
    const size = pointBytes(form, group)
    const one = form.curve.point(group, numbers(form, group, bytes.subarray(0, size)))
    const other = form.curve.point(group, numbers(form, group, bytes.subarray(size)))
    return written(form, group, form.curve.add(group, one, other))
  })
}

/** Members of the group, a scalar after each. */
export function sumOfMultiples(form: PointForm, group: CurveGroup): CurveWork {
  const { curve } = form
  const size = pointBytes(form, group)
  let total: CurvePoint | undefined
  return {
    add(slice) {
      const pairs = split(slice, size + SCALAR_BYTES).map((pair) => ({
        point: curve.member(group, numbers(form, group, pair.subarray(0, size))),
        scalar: curve.scalar(pair.subarray(size))
      }))
      const part = curve.multiplyAndAdd(group, pairs)
      total = total === undefined ? part : curve.add(group, total, part)
    },
    finish: () => (total === undefined ? new Uint8Array(size) : written(form, group, total))
  }
}

/** Members of G1, one of G2 after each: 1 where the pairings multiply to one. */
export function pairing(form: PointForm): CurveWork {
  const { curve } = form
  const size = pointBytes(form, 'G1')
  let product: PairingProduct | undefined
  return {
    add(pair) {
      const g1 = curve.member('G1', numbers(form, 'G1', pair.subarray(0, size)))
      const g2 = curve.member('G2', numbers(form, 'G2', pair.subarray(size)))
      product = curve.pair(product, g1, g2)
    },
    finish() {
      const answer = new Uint8Array(ANSWER_BYTES)
      if (curve.isOne(product)) answer[ANSWER_BYTES - 1] = 1
      return answer
    }
  }
}

/** A number of the field for G1, two for G2. */
export function mapping(form: PointForm, group: CurveGroup): CurveWork {
  return once((bytes) => written(form, group, form.curve.map(group, fields(form, bytes))))
}

/** Work that is done with the first slice. */
function once(work: (bytes: Uint8Array) => Uint8Array): CurveWork {
  let answer = new Uint8Array(0)
  return {
    add(bytes) {
      answer = new Uint8Array(work(bytes))
    },
    finish: () => answer
  }
}

function pointBytes({ numberBytes }: PointForm, group: CurveGroup): number {
  return NUMBERS[group] * numberBytes
}

/** A point's numbers, real parts first. */
function numbers(form: PointForm, group: CurveGroup, point: Uint8Array): readonly Uint8Array[] {
  const all = fields(form, point)
  return group === 'G1' ? all : form.places.map((place) => all[place]!)
}

function fields({ curve, numberBytes }: PointForm, bytes: Uint8Array): readonly Uint8Array[] {
  const { fieldBytes } = curve
  return split(bytes, numberBytes).map((number) => number.subarray(numberBytes - fieldBytes))
}

function written(form: PointForm, group: CurveGroup, point: CurvePoint): Uint8Array {
  const { curve, numberBytes, places } = form
  const bytes = new Uint8Array(pointBytes(form, group))
  for (const [index, number] of curve.coordinates(group, point).entries()) {
    const place = group === 'G1' ? index : places[index]!
    bytes.set(number, (place + 1) * numberBytes - curve.fieldBytes)
  }
  return bytes
}

function split(bytes: Uint8Array, sizeBytes: number): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / sizeBytes }, (_, at) =>
    bytes.subarray(at * sizeBytes, (at + 1) * sizeBytes)
  )
}
