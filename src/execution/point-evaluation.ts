// The precompile at 0x0a (EIP-4844): whether the polynomial behind a KZG commitment has the value y at z.
import { createHash } from 'node:crypto'
import { type CustomPrecompile, EVMError, type ExecResult } from '@ethereumjs/evm'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { type Yielder } from '../base/yielder.ts'
import { bytesToHex, concatBytes, equalBytes, hexToBytes } from '../base/bytes.ts'

/** What a call costs, whatever comes of it (EIP-4844, POINT_EVALUATION_PRECOMPILE_GAS). */
export const POINT_EVALUATION_GAS = 50_000n

/** versionedHash(32) ++ z(32) ++ y(32) ++ commitment(48) ++ proof(48). */
const INPUT_BYTES = 192
/** First byte of a versioned hash (EIP-4844, VERSIONED_HASH_VERSION_KZG). */
const VERSIONED_HASH_VERSION = 1
const FIELD_ELEMENTS_PER_BLOB = 4_096n
/** The secret of the KZG ceremony times the generator of G2 (consensus-specs, trusted setup). */
const SECRET_TIMES_G2 = bls.G2.Point.fromHex(
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d' +
    '2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e2' +
    '3926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2'
)

const MODULUS = bls.fields.Fr.ORDER
const ANSWER = hexToBytes(
  `0x${[FIELD_ELEMENTS_PER_BLOB, MODULUS].map((value) => value.toString(16).padStart(64, '0')).join('')}`
)

/** Takes the place of the library's, which needs a trusted setup of 4,096 points for the one that is used here. */
export function pointEvaluation(yielder: Yielder): CustomPrecompile {
  const address = '0x000000000000000000000000000000000000000a'
  return { address, function: ({ data, gasLimit }) => evaluatePoint(data, gasLimit, yielder) }
}

/** One call of the precompile. A failure takes all the gas and returns nothing. */
export async function evaluatePoint(
  input: Uint8Array,
  gasLimit: bigint,
  yielder: Yielder
): Promise<ExecResult> {
  if (gasLimit < POINT_EVALUATION_GAS) return failed(gasLimit, EVMError.errorMessages.OUT_OF_GAS)
  if (!(await isEvaluation(input, yielder)))
    return failed(gasLimit, EVMError.errorMessages.INVALID_PROOF)
  return { executionGasUsed: POINT_EVALUATION_GAS, returnValue: ANSWER.slice() }
}

function failed(gasLimit: bigint, reason: ConstructorParameters<typeof EVMError>[0]): ExecResult {
  const exceptionError = new EVMError(reason)
  return { executionGasUsed: gasLimit, exceptionError, returnValue: new Uint8Array(0) }
}

/** False also for what is no input at all: the precompile makes no difference between them. */
async function isEvaluation(input: Uint8Array, yielder: Yielder): Promise<boolean> {
  if (input.length !== INPUT_BYTES) return false
  const commitment = input.subarray(96, 144)
  if (!equalBytes(input.subarray(0, 32), versionedHash(commitment))) return false
  const z = toBigInt(input.subarray(32, 64))
  const y = toBigInt(input.subarray(64, 96))
  if (z >= MODULUS || y >= MODULUS) return false
  const value = readG1(commitment)
  await yielder.maybeYield()
  const proof = readG1(input.subarray(144))
  await yielder.maybeYield()
  if (value === undefined || proof === undefined) return false
  return isPairing({ value, proof, z, y }, yielder)
}

type G1 = InstanceType<typeof bls.G1.Point>

/** What is proven: the polynomial behind the commitment `value` has `y` at `z`. */
interface Evaluation {
  readonly value: G1
  readonly proof: G1
  readonly z: bigint
  readonly y: bigint
}

/** e(value - y, 1) = e(proof, secret - z); a pairing with the point at infinity is 1 and is left out. */
async function isPairing({ value, proof, z, y }: Evaluation, yielder: Yielder): Promise<boolean> {
  const { Fp12 } = bls.fields
  const secret = SECRET_TIMES_G2.subtract(bls.G2.Point.BASE.multiplyUnsafe(z))
  await yielder.maybeYield()
  const pairs = [
    { g1: value.subtract(bls.G1.Point.BASE.multiplyUnsafe(y)), g2: bls.G2.Point.BASE },
    { g1: proof.negate(), g2: secret }
  ]
  let product = Fp12.ONE
  for (const { g1, g2 } of pairs) {
    await yielder.maybeYield()
    if (!g1.is0() && !g2.is0()) product = Fp12.mul(product, bls.pairing(g1, g2, false))
  }
  await yielder.maybeYield()
  return Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE)
}

/** Undefined for bytes that are no compressed point, or one outside of the group. */
function readG1(bytes: Uint8Array): G1 | undefined {
  try {
    const point = bls.G1.Point.fromBytes(bytes)
    if (!point.is0()) point.assertValidity()
    return point.isTorsionFree() ? point : undefined
  } catch {
    return undefined // noble throws for every encoding that it refuses
  }
}

function versionedHash(commitment: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(commitment).digest()
  return concatBytes(Uint8Array.of(VERSIONED_HASH_VERSION), digest.subarray(1))
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(bytesToHex(bytes))
}
