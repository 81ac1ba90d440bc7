// The base fee of the next block and the extraData it is counted by, against values counted by hand.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { nextBaseFee } from '../../../src/chain/blocks/base-fee.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import {
  decodeHoloceneExtraData,
  encodeHoloceneExtraData
} from '../../../src/chain/blocks/holocene-extra.ts'

const GWEI = 1_000_000_000n
/** Denominator 250 (fa), elasticity 6: a target of 5,000,000 under a limit of 30,000,000. */
const OP = hexToBytes('0x00000000fa00000006')
/** Denominator 8, elasticity 2: those of Ethereum. */
const ETHEREUM = hexToBytes('0x000000000800000002')
const LIMIT = 30_000_000n

describe('the base fee of the next block', () => {
  for (const [what, parent, expected] of [
    ['stays when the parent met the target', { gasUsed: 5_000_000n }, 1_000_000_000n],
    // 10^9 · 5/5 / 250
    ['falls by 1/250 after an empty block', { gasUsed: 0n }, 996_000_000n],
    // 10^9 · 25/5 / 250
    ['rises by 5/250 after a full block', { gasUsed: LIMIT }, 1_020_000_000n],
    // 10^9 · 2.5/5 / 250
    ['falls by half of that at half the target', { gasUsed: 2_500_000n }, 998_000_000n],
    // 10^9 · 21000/5000000 = 4,200,000; / 250 = 16,800
    ['rises by a share for one transfer too many', { gasUsed: 5_021_000n }, 1_000_016_800n],
    // 10^9 · (5000000 - 21000)/5000000 = 995,800,000; / 250 = 3,983,200
    ['falls by nearly all for one transfer', { gasUsed: 21_000n }, 996_016_800n],
    // 1000 · 1/5000000 is 0: at least 1
    ['rises by 1 wei at least', { gasUsed: 5_000_001n, baseFeePerGas: 1_000n }, 1_001n],
    // 1000 · 1/5000000 is 0: nothing
    [
      'does not fall by what is less than a wei',
      { gasUsed: 4_999_999n, baseFeePerGas: 1_000n },
      1_000n
    ],
    // Both divisions round down: 999 · 4999999 / 5000000 = 998; / 250 = 3
    ['rounds after each division', { gasUsed: 1n, baseFeePerGas: 999n }, 996n],
    ['stays 0 below the target', { gasUsed: 0n, baseFeePerGas: 0n }, 0n],
    ['leaves 0 above the target', { gasUsed: LIMIT, baseFeePerGas: 0n }, 1n],
    // EIP-1559's own example of 12.5 %: full block, 8 and 2
    [
      'rises by 1/8 with the parameters of Ethereum',
      { gasUsed: LIMIT, extraData: ETHEREUM },
      1_125_000_000n
    ],
    [
      'falls by 1/8 with the parameters of Ethereum',
      { gasUsed: 0n, extraData: ETHEREUM },
      875_000_000n
    ]
  ] as const) {
    it(what, () => {
      const fee = nextBaseFee({ baseFeePerGas: GWEI, gasLimit: LIMIT, extraData: OP, ...parent })
      assert.equal(fee, expected)
    })
  }

  it('never falls by more than 1/denominator, nor rises by more than (elasticity - 1)/denominator', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 250n, max: 10n ** 18n }),
        fc.bigInt({ min: 0n, max: LIMIT }),
        (baseFeePerGas, gasUsed) => {
          const fee = nextBaseFee({ baseFeePerGas, gasUsed, gasLimit: LIMIT, extraData: OP })
          assert.ok(fee >= baseFeePerGas - baseFeePerGas / 250n)
          assert.ok(fee <= baseFeePerGas + (baseFeePerGas * 5n) / 250n)
        }
      )
    )
  })

  it('follows 250 and 6 where a genesis of geth has no extraData', () => {
    const parent = { baseFeePerGas: GWEI, gasUsed: 0n, gasLimit: LIMIT }
    const fee = nextBaseFee({ ...parent, extraData: new Uint8Array(0) })
    assert.equal(fee, GWEI - GWEI / 250n)
  })

  for (const [what, extraData, gasLimit] of [
    ['no Holocene extraData', Uint8Array.of(0), LIMIT],
    ['a denominator of 0', hexToBytes('0x000000000000000006'), LIMIT],
    ['a gas target of 0', OP, 5n]
  ] as const) {
    it(`cannot be counted from ${what}`, () => {
      const parent = { baseFeePerGas: GWEI, gasUsed: 0n, gasLimit, extraData }
      assert.throws(
        () => nextBaseFee(parent),
        (thrown) => thrown instanceof ChainError && thrown.failure.code === 'extra-data-invalid'
      )
    })
  }
})

describe('extraData in Holocene form', () => {
  for (const [denominator, elasticity, hex] of [
    [250, 6, '0x00000000fa00000006'],
    [1, 1, '0x000000000100000001'],
    [0xdead_beef, 0xffff_ffff, '0x00deadbeefffffffff']
  ] as const) {
    it(`is ${hex} for ${denominator} and ${elasticity}`, () => {
      const bytes = hexToBytes(hex)
      assert.deepEqual(encodeHoloceneExtraData({ denominator, elasticity }), bytes)
      assert.deepEqual(decodeHoloceneExtraData(bytes), { denominator, elasticity })
    })
  }
  for (const hex of [
    '0x',
    '0x00',
    '0x00000000fa000000',
    '0x00000000fa0000000600',
    '0x01000000fa00000006',
    '0x000000000000000006',
    '0x00000000fa00000000'
  ] as const) {
    it(`is not ${hex}`, () => {
      assert.equal(decodeHoloceneExtraData(hexToBytes(hex)), undefined)
    })
  }
  for (const wrong of [0, -1, 1.5, 2 ** 32, Number.NaN]) {
    it(`does not carry a parameter of ${wrong}`, () => {
      assert.throws(
        () => encodeHoloceneExtraData({ denominator: wrong, elasticity: 6 }),
        RangeError
      )
      assert.throws(
        () => encodeHoloceneExtraData({ denominator: 250, elasticity: wrong }),
        RangeError
      )
    })
  }
})
