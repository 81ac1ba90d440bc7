// Whether a block may follow another by their headers: each rule broken alone.
import assert from 'node:assert/strict'
import { type Block, type BlockHeader } from '../../../src/chain/blocks/block.ts'
import { createBlockTimes } from '../../../src/chain/blocks/block-times.ts'
import { toBlock } from '../../../src/chain/blocks/header.ts'
import { checkLink, type LinkFailure } from '../../../src/chain/blocks/link.ts'
import { childBlock, testGenesis, testGenesisBlock } from '../../support/signed-chain.ts'

const forks = testGenesis().config.forks
const RULES = { times: createBlockTimes('op', 1000), forks }
const genesis = testGenesisBlock()
const parent = childBlock(genesis)
const GENESIS_MS = 1_700_000_000_000

/** A child of the parent with header fields changed, hashed anew. */
function child(header: Partial<BlockHeader> = {}): Block {
  return childBlock(parent, { header })
}

describe('a block', () => {
  it('may follow its parent', () => {
    assert.equal(checkLink(parent, child(), RULES), undefined)
    assert.equal(checkLink(genesis, parent, RULES), undefined)
  })
  it('may change the gas limit at once, as the attributes name it', () => {
    for (const gasLimit of [5_000n, 2n ** 63n - 1n]) {
      assert.equal(checkLink(parent, child({ gasLimit }), RULES), undefined)
    }
  })
  it('may change the parameters of the base fee', () => {
    const extraData = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 1)
    assert.equal(checkLink(parent, child({ extraData }), RULES), undefined)
  })

  const broken: readonly (readonly [
    what: string,
    header: Partial<BlockHeader>,
    LinkFailure['code']
  ])[] = [
    ['has a height too high', { number: 3n }, 'number-wrong'],
    ['has the height of its parent', { number: 1n }, 'number-wrong'],
    ['names another parent', { parentHash: new Uint8Array(32).fill(7) }, 'parent-hash-wrong'],
    ['comes a second late', { timestamp: 1_700_000_003n }, 'timestamp-wrong'],
    ['comes with its parent', { timestamp: 1_700_000_001n }, 'timestamp-wrong'],
    ['has a gas limit below the least', { gasLimit: 4_999n }, 'gas-limit-out-of-bounds'],
    ['has a gas limit above the most', { gasLimit: 2n ** 63n }, 'gas-limit-out-of-bounds'],
    ['used more gas than its limit', { gasUsed: 60_000_001n }, 'gas-used-above-limit'],
    ['has extraData of Bedrock', { extraData: new Uint8Array(0) }, 'extra-data-wrong'],
    ['has an elasticity of 0', { extraData: new Uint8Array(9).fill(1, 1, 5) }, 'extra-data-wrong'],
    [
      'has an elasticity above its gas limit',
      { extraData: Uint8Array.of(0, 0, 0, 0, 250, 0, 0, 0x13, 0x89), gasLimit: 5_000n },
      'extra-data-wrong'
    ],
    [
      'has the base fee of its parent',
      { baseFeePerGas: parent.header.baseFeePerGas },
      'base-fee-wrong'
    ],
    ['costs nothing', { baseFeePerGas: 0n }, 'base-fee-wrong']
  ]
  for (const [what, header, code] of broken) {
    it(`may not follow when it ${what}: ${code}`, () => {
      assert.equal(checkLink(parent, child(header), RULES)?.code, code)
    })
  }

  it('may not follow in the layout of an earlier fork', () => {
    const { requestsHash, ...rest } = child().header
    assert.equal(requestsHash?.length, 32)
    assert.deepEqual(checkLink(parent, toBlock(rest, []), RULES), {
      code: 'layout-wrong',
      version: 2,
      expected: 3
    })
  })
  it('is told apart from the block that was due, with both values', () => {
    assert.deepEqual(checkLink(parent, child({ timestamp: 1_700_000_009n }), RULES), {
      code: 'timestamp-wrong',
      timestampMs: GENESIS_MS + 9000,
      expectedMs: GENESIS_MS + 2000
    })
    // Genesis asks 10^9 wei; two empty blocks take 1/250 each: 996,000,000, then 992,016,000.
    assert.deepEqual(checkLink(parent, child({ baseFeePerGas: 1n }), RULES), {
      code: 'base-fee-wrong',
      baseFeePerGas: 1n,
      expected: 992_016_000n
    })
  })
})

describe('a block of preset opbnb', () => {
  const rules = { times: createBlockTimes('opbnb', 500), forks }
  const randao = (milliseconds: number, flag = 1) =>
    Uint8Array.of(milliseconds >> 8, milliseconds & 255, flag, ...new Uint8Array(29))
  const first = childBlock(genesis, {
    header: { timestamp: 1_700_000_000n, prevRandao: randao(500) }
  })

  it('may follow after half a second, and after the whole one', () => {
    assert.equal(checkLink(genesis, first, rules), undefined)
    const second = childBlock(first, {
      header: { timestamp: 1_700_000_001n, prevRandao: randao(0) }
    })
    assert.equal(checkLink(first, second, rules), undefined)
  })
  it('may follow on a whole second without milliseconds in prevRandao', () => {
    const header = { timestamp: 1_700_000_001n, prevRandao: randao(500, 0) }
    assert.equal(checkLink(first, childBlock(first, { header }), rules), undefined)
  })
  for (const [what, timestamp, prevRandao] of [
    ['a thousand milliseconds for a second', 1_700_000_000n, randao(1000)],
    ['the milliseconds of its parent', 1_700_000_000n, randao(500)],
    ['a second too many', 1_700_000_002n, randao(0)]
  ] as const) {
    it(`may not follow with ${what}`, () => {
      const block = childBlock(first, { header: { timestamp, prevRandao } })
      assert.equal(checkLink(first, block, rules)?.code, 'timestamp-wrong')
    })
  }
})
