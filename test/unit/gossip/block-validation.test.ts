// The rules of block gossip, one by one, on signed blocks.
import assert from 'node:assert/strict'
import { compressMessage, unpack } from '../../../protocols/gossip/codec.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../../protocols/gossip/parameters.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage } from '../../../src/chain/blocks/verify-message.ts'
import { createBlockValidator } from '../../../src/gossip/block-validation.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import {
  OTHER_KEY,
  signChild,
  TEST_CHAIN_ID,
  TEST_SIGNER,
  testGenesisBlock
} from '../../support/signed-chain.ts'

const GENESIS_SECONDS = 1_700_000_000
const schedule = createSignerSchedule([{ fromBlock: 0n, address: TEST_SIGNER }])

describe('block validation', () => {
  const setUp = ({ preset = OP_PRESET, atSeconds = GENESIS_SECONDS + 1 } = {}) => {
    const clock = createManualClock({ startMs: atSeconds * 1_000 })
    const verify = (version: 0 | 1 | 2 | 3, message: Uint8Array) =>
      verifyBlockMessage({ chainId: TEST_CHAIN_ID, schedule }, version, message)
    const validator = createBlockValidator({ clock, verify }, preset)
    const judge = (block: SignedBlock, version = block.version) => {
      const validation = validator.validate(version, unpack(compressMessage(block.message)))
      return validation.verdict === 'accept'
        ? 'accept'
        : `${validation.verdict} ${validation.reason}`
    }
    return { clock, validator, judge }
  }
  const genesis = testGenesisBlock({ timestamp: GENESIS_SECONDS })
  const child = signChild(genesis)

  it('accepts a block of the scheduled signer, and hands it on decoded', () => {
    const { validator } = setUp()
    const validation = validator.validate(child.version, unpack(compressMessage(child.message)))
    assert.equal(validation.verdict, 'accept')
    assert.equal(validation.verdict === 'accept' && validation.block.hash, child.hash)
  })

  it('rejects what is no snappy block, or outside its bounds (GO-7)', () => {
    const { validator } = setUp()
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(100).fill(255),
      new Uint8Array(11 << 20)
    ]) {
      assert.equal(validator.validate(3, unpack(bytes)).verdict, 'reject')
    }
  })

  it('rejects the signature of anybody else, and a recovery id that is none (GO-9)', () => {
    const { judge } = setUp()
    assert.equal(judge(signChild(genesis, { key: OTHER_KEY })), 'reject signer-not-scheduled')
    const message = Uint8Array.from(child.message)
    message[64] = 27
    assert.match(judge({ ...child, message }), /^reject /)
  })

  it('rejects what does not decode at the version of its topic (GO-10)', () => {
    const { judge } = setUp()
    for (const version of [0, 1, 2] as const) assert.match(judge(child, version), /^reject /)
  })

  const ages: readonly [number, string][] = [
    [60, 'accept'],
    [61, 'ignore too-old'],
    [-5, 'accept'],
    [-6, 'ignore too-early']
  ]
  for (const [ageSeconds, verdict] of ages) {
    it(`says "${verdict}" to a block ${String(ageSeconds)} s old (GO-11)`, () => {
      const blockSeconds = GENESIS_SECONDS + 1
      assert.equal(setUp({ atSeconds: blockSeconds + ageSeconds }).judge(child), verdict)
    })
  }

  it('lets preset opbnb take blocks of 1200 s', () => {
    const at = (ageSeconds: number) =>
      setUp({ preset: OPBNB_PRESET, atSeconds: GENESIS_SECONDS + 1 + ageSeconds }).judge(child)
    assert.equal(at(1200), 'accept')
    assert.equal(at(1201), 'ignore too-old')
  })

  it('compares whole seconds, the clock rounded down (GO-16)', async () => {
    const { clock, judge } = setUp({ atSeconds: GENESIS_SECONDS + 61 })
    await clock.advance(999)
    assert.equal(judge(child), 'accept')
    await clock.advance(1)
    assert.equal(judge(signChild(genesis, { salt: 1 })), 'ignore too-old')
  })

  it('ignores an exact repeat (GO-14) and the seventh block at a height (GO-15)', () => {
    const { judge } = setUp()
    const blocks = Array.from({ length: 7 }, (_, salt) => signChild(genesis, { salt }))
    const verdicts = blocks.map((block) => judge(block))
    assert.deepEqual(verdicts.slice(0, 6), Array(6).fill('accept'))
    assert.equal(verdicts[6], 'ignore too-many-at-height')
    for (const block of blocks.slice(0, 6)) assert.equal(judge(block), 'ignore repeat')
  })

  it('counts only what passed everything else (GO-17)', () => {
    const { judge } = setUp()
    for (let salt = 0; salt < 20; salt++) judge(signChild(genesis, { salt, key: OTHER_KEY }))
    assert.equal(judge(child), 'accept')
  })
})
