// The precompile at 0x0a (EIP-4844): whether the polynomial behind a KZG commitment has the value y at z.
import { createHash } from 'node:crypto'
import { type CustomPrecompile, EVMError, type ExecResult } from '@ethereumjs/evm'
import { type Yielder } from '../base/yielder.ts'
import { bigintToBytes, bytesToBigint, concatBytes, equalBytes, hexToBytes } from '../base/bytes.ts'
import {
  type CurvePoint,
  type PairingCurve,
  type PairingCurves,
  PointError
} from './pairing-curve.ts'

/** What a call costs, whatever comes of it (EIP-4844, POINT_EVALUATION_PRECOMPILE_GAS). */
export const POINT_EVALUATION_GAS = 50_000n

/** versionedHash(32) ++ z(32) ++ y(32) ++ commitment(48) ++ proof(48). */
const INPUT_BYTES = 192
/** First byte of a versioned hash (EIP-4844, VERSIONED_HASH_VERSION_KZG). */
const VERSIONED_HASH_VERSION = 1
const FIELD_ELEMENTS_PER_BLOB = 4_096n
/** The order of the groups of BLS12-381 (EIP-4844, BLS_MODULUS). */
const MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
const G1_GENERATOR = hexToBytes(
  '0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58' +
    '6c55e83ff97a1aeffb3af00adb22c6bb'
)
const G2_GENERATOR = hexToBytes(
  '0x93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049' +
    '334cf11213945d57e5ac7d055d042b7e024aa2b2f08f0a91260805272dc51051' +
    'c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8'
)
/** The secret of the KZG ceremony times the generator of G2 (consensus-specs, trusted setup). */
const SECRET_TIMES_G2 = hexToBytes(
  '0xb5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d' +
    '2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e2' +
    '3926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2'
)
const ANSWER = hexToBytes(
  `0x${[FIELD_ELEMENTS_PER_BLOB, MODULUS].map((value) => value.toString(16).padStart(64, '0')).join('')}`
)

/** The points that every call takes. */
interface FixedPoints {
  readonly one: CurvePoint
  readonly oneInG2: CurvePoint
  readonly secretInG2: CurvePoint
}

const fixedPoints = new WeakMap<PairingCurve, FixedPoints>()

/** Takes the place of the library's, which needs a trusted setup of 4,096 points for the one that is used here. */
export function pointEvaluation({ bls12381 }: PairingCurves, yielder: Yielder): CustomPrecompile {
  const address = '0x000000000000000000000000000000000000000a'
  return {
    address,
    function: ({ data, gasLimit }) => evaluatePoint(data, gasLimit, { curve: bls12381, yielder })
  }
}

/** What a call runs with: BLS12-381, and the turns of others. */
interface EvaluationSite {
  readonly curve: PairingCurve
  readonly yielder: Yielder
}

/** One call of the precompile. A failure takes all the gas and returns nothing. */
export async function evaluatePoint(
  input: Uint8Array,
  gasLimit: bigint,
  site: EvaluationSite
): Promise<ExecResult> {
  if (gasLimit < POINT_EVALUATION_GAS) return failed(gasLimit, EVMError.errorMessages.OUT_OF_GAS)
  if (!(await isEvaluation(input, site)))
    return failed(gasLimit, EVMError.errorMessages.INVALID_PROOF)
  return { executionGasUsed: POINT_EVALUATION_GAS, returnValue: ANSWER.slice() }
}

function failed(gasLimit: bigint, reason: ConstructorParameters<typeof EVMError>[0]): ExecResult {
  const exceptionError = new EVMError(reason)
  return { executionGasUsed: gasLimit, exceptionError, returnValue: new Uint8Array(0) }
}

/** False also for what is no input at all: the precompile makes no difference between them. */
async function isEvaluation(
  input: Uint8Array,
  { curve, yielder }: EvaluationSite
): Promise<boolean> {
  if (input.length !== INPUT_BYTES) return false
  const commitment = input.subarray(96, 144)
  if (!equalBytes(input.subarray(0, 32), versionedHash(commitment))) return false
  const z = bytesToBigint(input.subarray(32, 64))
  const y = bytesToBigint(input.subarray(64, 96))
  if (z >= MODULUS || y >= MODULUS) return false
  const value = readG1(curve, commitment)
  const proof = readG1(curve, input.subarray(144))
  if (value === undefined || proof === undefined) return false
  await yielder.maybeYield()
  return isPairing({ value, proof, z, y }, { curve, yielder })
}

/** What is proven: the polynomial behind the commitment `value` has `y` at `z`. */
interface Evaluation {
  readonly value: CurvePoint
  readonly proof: CurvePoint
  readonly z: bigint
  readonly y: bigint
}

/**
 * e(value - y, 1) = e(proof, secret - z) of EIP-4844, with z on the other side: e(value - y + z * proof, 1) =
 * e(proof, secret). Multiples are dearer in G2, and both points there are then fixed.
 */
async function isPairing(
  { value, proof, z, y }: Evaluation,
  { curve, yielder }: EvaluationSite
): Promise<boolean> {
  const { one, oneInG2, secretInG2 } = fixedPointsOf(curve)
  await yielder.maybeYield()
  const scalar = (number: bigint) => curve.scalar(bigintToBytes(number, 32))
  const multiples = curve.multiplyAndAdd('G1', [
    { point: proof, scalar: scalar(z) },
    { point: one, scalar: scalar(MODULUS - y) }
  ])
  await yielder.maybeYield()
  const first = curve.pair(undefined, curve.add('G1', value, multiples), oneInG2)
  await yielder.maybeYield()
  const product = curve.pair(first, curve.negate('G1', proof), secretInG2)
  await yielder.maybeYield()
  return curve.isOne(product)
}

/** Made with the first call of a thread. */
function fixedPointsOf(curve: PairingCurve): FixedPoints {
  const known = fixedPoints.get(curve)
  if (known !== undefined) return known
  const made = {
    one: curve.compressed('G1', G1_GENERATOR),
    oneInG2: curve.compressed('G2', G2_GENERATOR),
    secretInG2: curve.compressed('G2', SECRET_TIMES_G2)
  }
  fixedPoints.set(curve, made)
  return made
}

/** Undefined for bytes that are no compressed point, or one outside of the group. */
function readG1(curve: PairingCurve, bytes: Uint8Array): CurvePoint | undefined {
  try {
    return curve.compressed('G1', bytes)
  } catch (thrown) {
    if (thrown instanceof PointError) return undefined
    throw thrown
  }
}

function versionedHash(commitment: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(commitment).digest()
  return concatBytes(Uint8Array.of(VERSIONED_HASH_VERSION), digest.subarray(1))
}
