// Code and inputs that cost an EVM much: loops, logs, and precompiles at what a call's gas can buy.
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToHex, type Hex } from '../../../../src/base/bytes.ts'

/** JUMPDEST PUSH1 0 JUMP: as the code of a creation, it runs until its gas is gone. */
export const ENDLESS_LOOP: Hex = '0x5b600056'

/** PUSH2 9900, then LOG0 of nothing and a count down to zero: as the code of a creation, 9,900 logs. */
export const MANY_LOGS: Hex = ('0x6126ac5b60006000a060019003806003' + '5700') as Hex
/** What that creation needs. */
export const MANY_LOGS_GAS = 6_000_000n

/** Precompiles. */
export const PRECOMPILE = {
  modexp: address(0x05),
  pairing: address(0x08),
  blake2f: address(0x09),
  blsPairing: address(0x0f)
} as const

const BLAKE2F_STATE_BYTES = 64 + 128 + 16 + 1

/** So many rounds; one gas each. */
export function blake2fInput(rounds: number): Hex {
  const input = new Uint8Array(4 + BLAKE2F_STATE_BYTES)
  new DataView(input.buffer).setUint32(0, rounds)
  return bytesToHex(input)
}

/** So many pairs of the generators of BN254. */
export function pairingInput(pairs: number): Hex {
  const words = [
    1n,
    2n,
    0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2n,
    0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6edn,
    0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975bn,
    0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daan
  ]
  const pair = words.map((word) => word.toString(16).padStart(64, '0')).join('')
  return `0x${pair.repeat(pairs)}`
}

/** So many pairs of the generators of BLS12-381. */
export function blsPairingInput(pairs: number): Hex {
  const { G1, G2 } = bls12_381
  const one = G1.Point.BASE.toAffine()
  const two = G2.Point.BASE.toAffine()
  const words = [one.x, one.y, two.x.c0, two.x.c1, two.y.c0, two.y.c1]
  const pair = words.map((word) => word.toString(16).padStart(128, '0')).join('')
  return `0x${pair.repeat(pairs)}`
}

/** All of base, exponent and modulus in so many bytes, as large as they can be. */
export function modexpInput(bytes: number): Hex {
  const length = bytes.toString(16).padStart(64, '0')
  return `0x${length.repeat(3)}${'ff'.repeat(3 * bytes - 1)}fd`
}

function address(number: number): Hex {
  return `0x${number.toString(16).padStart(40, '0')}`
}
