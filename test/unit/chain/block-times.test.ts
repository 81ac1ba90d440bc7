// When blocks are due under both presets, in whole seconds and in milliseconds.
import assert from 'node:assert/strict'
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts'
import { createBlockTimes } from '../../../src/chain/blocks/block-times.ts'
import { ChainError } from '../../../src/chain/blocks/chain-error.ts'

const RANDAO = new Uint8Array(32).fill(0x01)
const ZEROS = '0'.repeat(58)

describe('the times of preset op', () => {
  const times = createBlockTimes('op', 2000)

  it('are whole seconds, whatever prevRandao holds', () => {
    // Bytes 0 to 2 of RANDAO would be 257 ms under opbnb.
    assert.equal(
      times.timestampMs({ timestamp: 1_700_000_001n, prevRandao: RANDAO }),
      1_700_000_001_000
    )
    assert.equal(times.blockTimeMs, 2000)
  })
  it('leave prevRandao as it is given', () => {
    assert.deepEqual(times.encode(1_700_000_002_000, RANDAO), {
      timestamp: 1_700_000_002n,
      prevRandao: RANDAO
    })
  })
})

describe('the times of preset opbnb', () => {
  for (const [blockTimeMs, steps] of [
    [250, ['00fa', '01f4', '02ee', '0000', '00fa']],
    [500, ['01f4', '0000', '01f4']],
    [1000, ['0000', '0000']]
  ] as const) {
    it(`count ${blockTimeMs} ms from a whole second on`, () => {
      const times = createBlockTimes('opbnb', blockTimeMs)
      let dueMs = 1_700_000_000_000
      for (const step of steps) {
        dueMs += blockTimeMs
        const { timestamp, prevRandao } = times.encode(dueMs, RANDAO)
        assert.equal(timestamp, BigInt(Math.floor(dueMs / 1000)))
        assert.equal(bytesToHex(prevRandao), `0x${step}01${ZEROS}`)
        assert.equal(times.timestampMs({ timestamp, prevRandao }), dueMs)
      }
    })
  }
  it('are whole seconds where prevRandao carries no milliseconds, as at genesis', () => {
    const times = createBlockTimes('opbnb', 250)
    for (const hex of [`0x000000${ZEROS}`, `0x00fa00${ZEROS}`, `0x00fa02${ZEROS}`] as const) {
      assert.equal(times.timestampMs({ timestamp: 7n, prevRandao: hexToBytes(hex) }), 7000)
    }
  })
})

describe('a block time', () => {
  for (const [preset, blockTimeMs] of [
    ['op', 1000],
    ['op', 60_000],
    ['opbnb', 50],
    ['opbnb', 333],
    ['opbnb', 60_000]
  ] as const) {
    it(`of ${blockTimeMs} ms is counted by preset ${preset}`, () => {
      assert.equal(createBlockTimes(preset, blockTimeMs).blockTimeMs, blockTimeMs)
    })
  }
  for (const [preset, blockTimeMs, reason] of [
    ['op', 250, /whole seconds/],
    ['op', 1500, /whole seconds/],
    ['op', 0, /50 to 60000/],
    ['op', 61_000, /50 to 60000/],
    ['opbnb', 49, /50 to 60000/],
    ['opbnb', 60_001, /50 to 60000/],
    ['opbnb', 250.5, /whole milliseconds/],
    ['opbnb', Number.NaN, /whole milliseconds/]
  ] as const) {
    it(`of ${blockTimeMs} ms is refused by preset ${preset}`, () => {
      assert.throws(
        () => createBlockTimes(preset, blockTimeMs),
        (thrown) => {
          assert.ok(thrown instanceof ChainError && thrown.failure.code === 'block-time-invalid')
          assert.match(thrown.failure.reason, reason)
          return true
        }
      )
    })
  }
})
