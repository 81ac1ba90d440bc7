// Who may sign which height, and when a fork holds.
import assert from 'node:assert/strict'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'
import { isForkActive, topicVersionAt } from '../../../src/chain/blocks/forks.ts'
import {
  createSignerSchedule,
  SIGNER_PERIODS_MAX,
  type SignerPeriod
} from '../../../src/chain/blocks/signer-schedule.ts'

const A = '0x00000000000000000000000000000000000000aa'
const B = '0x00000000000000000000000000000000000000bb'
const C = '0x00000000000000000000000000000000000000cc'

describe('a signer schedule', () => {
  const schedule = createSignerSchedule([
    { fromBlock: 1n, address: A },
    { fromBlock: 100n, address: B },
    { fromBlock: 101n, address: C }
  ])
  for (const [number, address] of [
    [0n, A],
    [1n, A],
    [99n, A],
    [100n, B],
    [101n, C],
    [2n ** 63n, C]
  ] as const) {
    it(`names ${address.slice(-2)} at ${number}`, () => {
      assert.equal(schedule.signerAt(number), address)
    })
  }
  it('may begin with block 0', () => {
    assert.equal(createSignerSchedule([{ fromBlock: 0n, address: B }]).signerAt(0n), B)
  })

  const longest: readonly SignerPeriod[] = Array.from(
    { length: SIGNER_PERIODS_MAX + 1 },
    (_, index) => ({
      fromBlock: BigInt(index),
      address: A
    })
  )
  it('may be as long as a key changed every day for a decade', () => {
    assert.equal(SIGNER_PERIODS_MAX, 4096)
    assert.equal(createSignerSchedule(longest.slice(1)).signerAt(5000n), A)
  })
  const wrong: readonly (readonly [string, readonly SignerPeriod[], RegExp])[] = [
    ['is empty', [], /^at least one signer/],
    [
      'leaves block 1 to nobody',
      [{ fromBlock: 2n, address: A }],
      /^nobody signs the blocks before 2$/
    ],
    [
      'goes back',
      [
        { fromBlock: 0n, address: A },
        { fromBlock: 9n, address: B },
        { fromBlock: 8n, address: A }
      ],
      /^fromBlock 8 is not above/
    ],
    [
      'has two signers from one block',
      [
        { fromBlock: 1n, address: A },
        { fromBlock: 1n, address: B }
      ],
      /^fromBlock 1 is not above/
    ],
    ['is too long', longest, /^at most 4096 signers$/]
  ]
  for (const [what, periods, reason] of wrong) {
    it(`is refused when it ${what}`, () => {
      assert.throws(
        () => createSignerSchedule(periods),
        (thrown) => {
          assert.ok(thrown instanceof ChainError && thrown.failure.code === 'signers-invalid')
          assert.match(thrown.failure.reason, reason)
          return true
        }
      )
    })
  }
})

describe('a fork', () => {
  const forks = { regolith: 0n, canyon: 10n, ecotone: 20n, fjord: 20n, isthmus: 30n }
  it('holds from its second on, and never when it is not scheduled', () => {
    assert.equal(isForkActive(forks, 'canyon', 9n), false)
    assert.equal(isForkActive(forks, 'canyon', 10n), true)
    assert.equal(isForkActive(forks, 'holocene', 2n ** 53n), false)
  })
  for (const [timestamp, version] of [
    [0n, 0],
    [9n, 0],
    [10n, 1],
    [19n, 1],
    [20n, 2],
    [29n, 2],
    [30n, 3],
    [2n ** 53n, 3]
  ] as const) {
    it(`gives messages of ${timestamp} the topic version ${version}`, () => {
      assert.equal(topicVersionAt(forks, timestamp), version)
    })
  }
})
