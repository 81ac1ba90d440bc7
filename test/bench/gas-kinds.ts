// What a block may be full of: loops of each dear opcode and precompile, with the input that costs most for its gas.
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import {
  bigintToBytes,
  bytesToHex,
  concatBytes,
  hexToBytes,
  type Hex
} from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { signDigest } from '../../src/base/secp256k1.ts'
import { code, type CodePart } from '../support/execution-code.ts'
import { testKey } from '../support/execution-chain.ts'
import { KZG_PROOF } from '../support/kzg-proof.ts'

/** The contract that runs, and one that it may call. */
export const RUNNER: Hex = '0x00000000000000000000000000000000000c0001'
/** The called contract: 24 kB, a jump over all of it. */
export const CALLED: Hex = '0x00000000000000000000000000000000000c0002'

/** One kind of work, for a contract that does it until its gas is used up. */
export interface GasKind {
  readonly name: string
  readonly code: Uint8Array
  readonly calldata: Uint8Array
  /** False where the library cannot do it as it stands: it has no KZG setup. */
  readonly isInLibrary: boolean
}

const POINT_EVALUATION = 10
/** Bytes of a large copy or hash. */
const LARGE = 65_536
const MANY_BYTES = new Uint8Array(LARGE).fill(7)
const NOTHING = new Uint8Array(0)

/** PUSH1 of 0xff all over, which is a JUMPDEST nowhere. */
export const CALLED_CODE = concatBytes(
  ...[code(4, 'JUMP'), Uint8Array.of(0), code('JUMPDEST', 'STOP')],
  hexToBytes(`0x${'60ff'.repeat(12_280)}`)
)

const OPCODES: Readonly<Record<string, readonly CodePart[]>> = {
  JUMP: [],
  'PUSH and MULMOD': [2n ** 255n, 'DUP1', 'MUL', 2n ** 255n, 'DIV', 'POP'],
  EXP: [2n ** 256n - 1n, 2n ** 256n - 1n, 'EXP', 'POP'],
  MSTORE: [0, 0, 'MSTORE'],
  'KECCAK256 of a word': [32, 0, 'KECCAK256', 'POP'],
  'KECCAK256 of 64 kB': [LARGE, 0, 'KECCAK256', 'POP'],
  'MCOPY of 64 kB': [LARGE, 0, 0, 'MCOPY'],
  'CALLDATACOPY of 64 kB': [LARGE, 0, 0, 'CALLDATACOPY'],
  'LOG0 of 64 kB': [LARGE, 0, 'LOG0'],
  'SLOAD, cold': ['GAS', 'SLOAD', 'POP'],
  'SSTORE, warm': ['GAS', 0, 'SSTORE'],
  'SSTORE, cold': ['GAS', 'DUP1', 'SSTORE'],
  TSTORE: ['GAS', 0, 'TSTORE'],
  'BALANCE, cold': ['GAS', 'BALANCE', 'POP'],
  'CALL of nobody': [0, 0, 0, 0, 0, 0x7777, 10_000, 'CALL', 'POP'],
  'CALL of 24 kB': [0, 0, 0, 0, 0, CALLED, 10_000, 'CALL', 'POP'],
  'CREATE of nothing': [0, 0, 0, 'CREATE', 'POP']
}

/** By address, the input of one call. */
function precompiles(): readonly (readonly [name: string, address: number, input: Uint8Array])[] {
  const digest = keccak256(MANY_BYTES)
  const { recovery, compact } = signDigest(digest, testKey(1))
  const word = (value: bigint | number) => bigintToBytes(BigInt(value), 32)
  const field = (value: bigint) => bigintToBytes(value, 64)
  const bnG1 = concatBytes(word(1), word(2))
  const bn = bn254.G2.Point.BASE.toAffine()
  const bnG2 = concatBytes(...[bn.x.c1, bn.x.c0, bn.y.c1, bn.y.c0].map(word))
  const { x, y } = bls.G1.Point.BASE.toAffine()
  const g1 = concatBytes(field(x), field(y))
  const other = bls.G2.Point.BASE.toAffine()
  const g2 = concatBytes(...[other.x.c0, other.x.c1, other.y.c0, other.y.c1].map(field))
  const scalar = word(bls.fields.Fr.ORDER - 1n)
  const power = (bytes: number) =>
    concatBytes(word(bytes), word(32), word(bytes), new Uint8Array(2 * bytes + 32).fill(0xff))
  const many = (one: Uint8Array, count: number) =>
    concatBytes(...Array.from({ length: count }, () => one))
  return [
    ['ecrecover', 1, concatBytes(digest, word(27 + recovery), compact)],
    ['sha256 of 64 kB', 2, MANY_BYTES],
    ['ripemd160 of 64 kB', 3, MANY_BYTES],
    ['identity of 64 kB', 4, MANY_BYTES],
    ['modexp of 32 bytes', 5, power(32)],
    ['modexp of 1 kB', 5, power(1_024)],
    ['bn254 addition', 6, many(bnG1, 2)],
    ['bn254 multiplication', 7, concatBytes(bnG1, word(bn254.fields.Fr.ORDER - 1n))],
    ['bn254 pairing, 1 pair', 8, concatBytes(bnG1, bnG2)],
    ['bn254 pairing, 8 pairs', 8, many(concatBytes(bnG1, bnG2), 8)],
    [
      'blake2f, 300 thousand rounds',
      9,
      concatBytes(bigintToBytes(300_000n, 4), MANY_BYTES.subarray(0, 208), Uint8Array.of(1))
    ],
    ['point evaluation', POINT_EVALUATION, KZG_PROOF],
    ['BLS addition in G1', 11, many(g1, 2)],
    ['BLS sum in G1, 1 pair', 12, concatBytes(g1, scalar)],
    ['BLS sum in G1, 16 pairs', 12, many(concatBytes(g1, scalar), 16)],
    ['BLS addition in G2', 13, many(g2, 2)],
    ['BLS sum in G2, 1 pair', 14, concatBytes(g2, scalar)],
    ['BLS sum in G2, 16 pairs', 14, many(concatBytes(g2, scalar), 16)],
    ['BLS pairing, 1 pair', 15, concatBytes(g1, g2)],
    ['BLS pairing, 8 pairs', 15, many(concatBytes(g1, g2), 8)],
    ['BLS map to G1', 16, field(x)],
    ['BLS map to G2', 17, concatBytes(field(x), field(y))]
  ]
}

/** Every kind, opcodes first. */
export function gasKinds(): readonly GasKind[] {
  const opcodes = Object.entries(OPCODES).map(([name, parts]) => {
    return { name, code: loop([], parts), calldata: NOTHING, isInLibrary: true }
  })
  const calls = precompiles().map(([name, address, input]) => {
    const before = ['CALLDATASIZE', 0, 0, 'CALLDATACOPY'] as const
    const call = [0, 0, 'CALLDATASIZE', 0, address, 'GAS', 'STATICCALL', 'POP'] as const
    return {
      name,
      code: loop(before, call),
      calldata: input,
      isInLibrary: address !== POINT_EVALUATION
    }
  })
  return [...opcodes, ...calls]
}

function loop(before: readonly CodePart[], round: readonly CodePart[]): Uint8Array {
  const start = code(...before)
  return concatBytes(start, code('JUMPDEST', ...round, start.length, 'JUMP'))
}

/** The code of an account, for a state that is read by hashes. */
export function hashedCode(bytes: Uint8Array): Hex {
  return bytesToHex(keccak256(bytes))
}
