// When the loop's blocks are of, and what they hold: parent + block time always, missed slots empty.
import assert from 'node:assert/strict'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { createBlockTimes } from '../../../src/chain/blocks/block-times.ts'
import { nextAttributes } from '../../../src/sequencer/payload-attributes.ts'
import { testGenesisBlock } from '../../support/signed-chain.ts'
import { GENESIS_MS, type SequencerRig, startSequencer } from './sequencer-fixture.ts'

const GENESIS_SECONDS = 1_700_000_000n
const genesis = testGenesisBlock()

let rig: SequencerRig | undefined

/** The hooks of each group of tests. */
function useFixture(): void {
  afterEach(async () => {
    rig?.stop.abort(new Error('the node stops'))
    await rig?.run
    rig = undefined
  })
}

describe('the timestamps of the block loop', () => {
  useFixture()

  it('are parent and block time, whenever the loop gets to it', async () => {
    rig = startSequencer({ afterMs: 300 })
    await rig.clock.advance(4_000)
    assert.deepEqual(
      rig.signed.map(({ header }) => header.timestamp - GENESIS_SECONDS),
      [1n, 2n, 3n, 4n]
    )
  })
  it('are those of a chain of two seconds', async () => {
    rig = startSequencer({ blockTimeMs: 2_000 })
    await rig.clock.advance(6_000)
    assert.deepEqual(
      rig.signed.map(({ header }) => header.timestamp - GENESIS_SECONDS),
      [2n, 4n, 6n]
    )
  })
  it('count milliseconds under preset opbnb', async () => {
    rig = startSequencer({ preset: 'opbnb', blockTimeMs: 250 })
    await rig.clock.advance(1_250)
    const times = rig.signed.map(({ header: { timestamp, prevRandao } }) => [
      timestamp - GENESIS_SECONDS,
      prevRandao[0]! * 256 + prevRandao[1]!
    ])
    assert.deepEqual(times, [
      [0n, 250],
      [0n, 500],
      [0n, 750],
      [1n, 0],
      [1n, 250]
    ])
  })
  it('are sealed at their own time, not before', async () => {
    rig = startSequencer({ preset: 'opbnb', blockTimeMs: 250 })
    const sealedAtMs: number[] = []
    const { clock } = rig
    rig.hooks.onStep = ({ step }) => {
      if (step === 'sealed') sealedAtMs.push(clock.nowMs() - GENESIS_MS)
    }
    await clock.advance(1_000)
    assert.deepEqual(sealedAtMs, [250, 500, 750, 1_000])
  })
})

describe('after an outage', () => {
  useFixture()

  it('missed slots are filled at once with empty blocks, up to the slot that runs', async () => {
    rig = startSequencer({ afterMs: 10_500 })
    await rig.clock.advance(0)
    // Slots 1 to 9 have wholly passed by 10.5 s; 10 is due and still runs; 11 is built.
    assert.equal(rig.signed.length, 10)
    assert.deepEqual(
      rig.attributes.map(({ noTxPool }) => noTxPool),
      [...Array<boolean>(9).fill(true), false, false]
    )
    assert.deepEqual(
      rig.attributes.map(({ timestamp }) => timestamp - GENESIS_SECONDS),
      [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n]
    )
    assert.equal(rig.calls.at(-1), 'built 11')
  })
  it('the loop is on time again', async () => {
    rig = startSequencer({ afterMs: 10_500 })
    const { clock } = rig
    const sealedAtMs: number[] = []
    rig.hooks.onStep = ({ step }) => {
      if (step === 'sealed') sealedAtMs.push(clock.nowMs() - GENESIS_MS)
    }
    await clock.advance(2_000)
    assert.deepEqual(sealedAtMs, [...Array<number>(10).fill(10_500), 11_000, 12_000])
  })
  it('of the gate, as long as of the process', async () => {
    rig = startSequencer({ gate: 'shut' })
    await rig.clock.advance(3_200)
    rig.open()
    await rig.clock.advance(0)
    assert.deepEqual(
      rig.attributes.map(({ noTxPool }) => noTxPool),
      [true, true, false, false]
    )
  })
})

describe('the attributes of the next block', () => {
  useFixture()

  const rules = {
    times: createBlockTimes('op', 1000),
    feeRecipient: `0x${'fe'.repeat(20)}`,
    gasLimit: undefined
  } as const

  it('are those of the parent, but for the time', () => {
    assert.deepEqual(nextAttributes(genesis, GENESIS_MS, rules), {
      sealAtMs: GENESIS_MS + 1_000,
      attributes: {
        timestamp: GENESIS_SECONDS + 1n,
        prevRandao: keccak256(hexToBytes(genesis.hash)),
        feeRecipient: rules.feeRecipient,
        parentBeaconBlockRoot: new Uint8Array(32),
        gasLimit: 30_000_000n,
        noTxPool: false
      }
    })
  })
  it('have the gas limit that is configured', () => {
    const { attributes } = nextAttributes(genesis, GENESIS_MS, { ...rules, gasLimit: 40_000_000n })
    assert.equal(attributes.gasLimit, 40_000_000n)
  })
  for (const [afterMs, noTxPool] of [
    [-5_000, false],
    [0, false],
    [1_000, false],
    [1_999, false],
    [2_000, true],
    [60_000, true]
  ] as const) {
    it(`ask for ${noTxPool ? 'an empty block' : 'transactions'} ${afterMs} ms after the parent`, () => {
      const { attributes, sealAtMs } = nextAttributes(genesis, GENESIS_MS + afterMs, rules)
      assert.equal(attributes.noTxPool, noTxPool)
      assert.equal(attributes.timestamp, GENESIS_SECONDS + 1n)
      assert.equal(sealAtMs, GENESIS_MS + 1_000)
    })
  }
})
