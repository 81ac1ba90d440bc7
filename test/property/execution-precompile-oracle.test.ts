// Precompiles 1 to 9 and those of BLS12-381, on good and bad input: our engine against @ethereumjs/vm.
// 0x0a is tested against published proofs (test/unit/execution/point-evaluation.test.ts): the oracle has no KZG.
import { concatBytes, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { signDigest } from '../../src/base/secp256k1.ts'
import { assertCase } from '../support/execution-cases.ts'
import { testAddress, testKey } from '../support/execution-chain.ts'
import { codeHex } from '../support/execution-code.ts'

const CONTRACT: Hex = '0x00000000000000000000000000000000000c0001'

/** Calls the address in the first word of calldata with the rest; keeps success, size, hash and first word. */
const PROBE = codeHex(
  ...([32, 'CALLDATASIZE', 'SUB', 32, 0, 'CALLDATACOPY'] as const),
  ...([0, 0, 32, 'CALLDATASIZE', 'SUB', 0, 0, 'CALLDATALOAD', 3_000_000, 'STATICCALL'] as const),
  ...([0, 'SSTORE', 'RETURNDATASIZE', 1, 'SSTORE'] as const),
  ...(['RETURNDATASIZE', 0, 0, 'RETURNDATACOPY', 0, 'MLOAD', 3, 'SSTORE'] as const),
  ...(['RETURNDATASIZE', 0, 'KECCAK256', 2, 'SSTORE'] as const)
)

/** The input, whether the call succeeds, and the first word of the answer where it is known by heart. */
type Row = readonly [
  name: string,
  address: number,
  input: Uint8Array,
  success: 0 | 1,
  word?: bigint
]

function zeros(lengthBytes: number): Uint8Array {
  return new Uint8Array(lengthBytes)
}

function word(value: bigint | number): Uint8Array {
  return hexToBytes(`0x${value.toString(16).padStart(64, '0')}`)
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

const DIGEST = keccak256(text('digest'))
const SIGNATURE = signDigest(DIGEST, testKey(1))
const RECOVERY = concatBytes(DIGEST, word(27 + SIGNATURE.recovery), SIGNATURE.compact)
/** The generator (1, 2) of bn254's first group, and a point that is not on it. */
const BN_POINT = concatBytes(word(1), word(2))
const BN_WRONG = concatBytes(word(1), word(3))
/** Lengths of base, exponent and modulus, then 3 ** 5 mod 7. */
const MODEXP = concatBytes(word(1), word(1), word(1), Uint8Array.of(3, 5, 7))
/** EIP-152, test vector 5: 12 rounds, the state of BLAKE2b, "abc" in 128 bytes, 3 of them counted, the last block. */
const BLAKE2 = concatBytes(
  hexToBytes(
    '0x0000000c48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5' +
      'd182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b'
  ),
  text('abc'),
  zeros(125),
  Uint8Array.of(3),
  zeros(15),
  Uint8Array.of(1)
)

const ROWS: readonly Row[] = [
  ['ecrecover', 1, RECOVERY, 1, BigInt(testAddress(1))],
  ['ecrecover of a wrong v', 1, concatBytes(DIGEST, word(29), SIGNATURE.compact), 1],
  ['ecrecover of nothing', 1, zeros(0), 1],
  [
    'sha-256 of nothing',
    2,
    zeros(0),
    1,
    0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n
  ],
  ['ripemd-160 of nothing', 3, zeros(0), 1, 0x9c1185a5c5e9fc54612808977ee8f548b2258d31n],
  ['identity', 4, word(77), 1, 77n],
  ['modexp', 5, MODEXP, 1],
  ['modexp of nothing', 5, zeros(0), 1],
  ['modexp by zero', 5, concatBytes(word(1), word(1), word(1), Uint8Array.of(3, 5, 0)), 1],
  ['modexp of 2^64 bytes', 5, concatBytes(word(1), word(2n ** 64n), word(1)), 0],
  ['bn254 addition', 6, concatBytes(BN_POINT, zeros(64)), 1, 1n],
  ['bn254 addition of itself', 6, concatBytes(BN_POINT, BN_POINT), 1],
  ['bn254 addition off the curve', 6, concatBytes(BN_WRONG, zeros(64)), 0],
  ['bn254 multiplication', 7, concatBytes(BN_POINT, word(1)), 1, 1n],
  [
    'bn254 multiplication by the order and more',
    7,
    concatBytes(BN_POINT, word(2n ** 256n - 1n)),
    1
  ],
  ['bn254 multiplication off the curve', 7, concatBytes(BN_WRONG, word(1)), 0],
  ['bn254 pairing of nothing', 8, zeros(0), 1, 1n],
  ['bn254 pairing of zero points', 8, zeros(192), 1, 1n],
  ['bn254 pairing of half a pair', 8, zeros(191), 0],
  ['blake2 F', 9, BLAKE2, 1, 0xba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1n],
  ['blake2 F of 212 bytes', 9, BLAKE2.subarray(1), 0],
  ['blake2 F with a wrong flag', 9, concatBytes(BLAKE2.subarray(0, 212), Uint8Array.of(2)), 0],
  ['BLS addition in G1', 0x0b, zeros(256), 1, 0n],
  ['BLS addition in G1 off the curve', 0x0b, concatBytes(word(0), word(1), zeros(192)), 0],
  ['BLS addition in G1 of 255 bytes', 0x0b, zeros(255), 0],
  ['BLS sum of products in G1', 0x0c, concatBytes(zeros(128), word(3)), 1, 0n],
  ['BLS sum of nothing in G1', 0x0c, zeros(0), 0],
  ['BLS addition in G2', 0x0d, zeros(512), 1, 0n],
  ['BLS addition in G2 of 511 bytes', 0x0d, zeros(511), 0],
  ['BLS sum of products in G2', 0x0e, concatBytes(zeros(256), word(3)), 1, 0n],
  ['BLS pairing of zero points', 0x0f, zeros(384), 1],
  ['BLS pairing of nothing', 0x0f, zeros(0), 0],
  ['BLS map to G1', 0x10, concatBytes(word(0), word(5)), 1],
  [
    'BLS map to G1 above the field',
    0x10,
    concatBytes(word(0).fill(255, 16), word(2n ** 256n - 1n)),
    0
  ],
  ['BLS map to G2', 0x11, concatBytes(word(0), word(5), word(0), word(6)), 1],
  ['BLS map to G2 with bytes on top', 0x11, concatBytes(word(2n ** 255n), zeros(96)), 0],
  ['an address without a precompile', 0x12, word(1), 1],
  ['P-256, which comes with a later fork', 0x100, zeros(160), 1]
]

describe('execution equals the oracle: precompiles', () => {
  for (const [name, address, input, success, first] of ROWS) {
    it(`${success === 1 ? 'answers' : 'fails'}: ${name}`, () =>
      assertCase({
        name,
        alloc: { [CONTRACT]: { code: PROBE } },
        blocks: [
          [
            { to: CONTRACT, data: concatBytes(word(address), input), gasLimit: 5_000_000n },
            { from: 1, to: `0x${address.toString(16).padStart(40, '0')}`, data: input, value: 1n }
          ]
        ],
        statuses: [1, success],
        slots: [
          [CONTRACT, 0n, BigInt(success)],
          ...(first === undefined ? [] : [[CONTRACT, 3n, first] as const])
        ]
      }))
  }

  it('runs out of gas in each of them, which takes the value back', async () => {
    const addresses = Array.from({ length: 17 }, (_, index) => index + 1).filter(
      (address) => address !== 0x0a && address !== 9
    )
    await assertCase({
      name: 'out of gas',
      blocks: [
        addresses.map((address) => ({
          to: `0x${address.toString(16).padStart(40, '0')}` as const,
          value: 1n,
          gasLimit: 21_010n
        }))
      ],
      statuses: addresses.map(() => 0),
      gasUsed: [21_010n * BigInt(addresses.length)],
      balances: [[`0x${'00'.repeat(19)}01`, 0n]]
    })
  })
})
