// The only writer of canonical data, with a state store and the embedded engine behind it.
import assert from 'node:assert/strict'
import { type ApplyStepEvent } from '../../../src/apply/applier.ts'
import { ApplyError, type ApplyFailure } from '../../../src/apply/apply-error.ts'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type Block, type BlockHeader } from '../../../src/chain/blocks/block.ts'
import { toBlock } from '../../../src/chain/blocks/header.ts'
import { settle } from '../../support/manual-clock.ts'
import { testAddress } from '../../support/execution-chain.ts'
import {
  type ApplyNode,
  buildChain,
  createNodeStores,
  type NodeStores,
  openApplyNode
} from './apply-fixture.ts'

let chain: readonly Block[]
let first: Block
let second: Block
let third: Block
let stores: NodeStores
let node: ApplyNode

const refOf = ({ number, hash }: Block) => ({ number, hash })
const MILLION_ETHER = 10n ** 24n

/** What the receiver of the transfers has, in the state after the block. */
function received(block: Block): bigint | undefined {
  const view = node.state.view(block.hash)
  const balance = view?.account(keccak256(hexToBytes(testAddress(7))))?.balance
  return balance === undefined ? undefined : balance - MILLION_ETHER
}

/** The first block with header fields changed, hashed anew. */
function forged(header: Partial<BlockHeader>, transactions = first.transactions): Block {
  return toBlock({ ...first.header, ...header }, transactions)
}

const isFailure = (expected: Partial<ApplyFailure>) => (thrown: unknown) => {
  assert.ok(thrown instanceof ApplyError, String(thrown))
  assert.deepEqual({ ...thrown.failure, ...expected }, thrown.failure)
  return true
}

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    chain = await buildChain(3)
    first = chain[1]!
    second = chain[2]!
    third = chain[3]!
  })

  beforeEach(async () => {
    stores = createNodeStores()
    node = await openApplyNode(stores, chain[0]!)
  })
}

describe('applying a block', () => {
  useFixture()

  it('makes it the head, on disk, with its receipts and its state', async () => {
    for (const block of chain.slice(1)) {
      await node.applier.apply(block)
      assert.deepEqual(node.applier.head(), block)
      assert.deepEqual(node.blocks.head(), block)
      assert.equal(node.blocks.receipts(block.hash)?.length, 1)
      assert.equal(node.state.view(block.hash)?.root, block.stateRoot)
      assert.equal(received(block), block.number)
    }
  })
  it('tells of each step in order, and waits for whoever listens', async () => {
    const events: ApplyStepEvent[] = []
    const release: (() => void)[] = []
    const slow = await openApplyNode(createNodeStores(), chain[0]!, async (event) => {
      events.push(event)
      await new Promise<void>((resolve) => release.push(resolve))
    })
    let isApplied = false
    const applying = slow.applier.apply(first).then(() => {
      isApplied = true
    })
    while (events.length === 0) await settle()
    assert.deepEqual(events, [{ step: 'persisted', block: refOf(first) }])
    assert.deepEqual(slow.blocks.head(), first)
    await settle()
    assert.deepEqual(slow.applier.head(), chain[0])
    assert.equal(slow.state.view(first.hash), undefined)
    release[0]?.()
    while (events.length === 1) await settle()
    assert.deepEqual(events[1], { step: 'head-set', block: refOf(first) })
    assert.deepEqual(slow.applier.head(), first)
    assert.equal(isApplied, false)
    release[1]?.()
    await applying
    assert.equal(isApplied, true)
  })
  it('calls those who listen to heads, in order, with the receipts', async () => {
    const heads: (readonly [bigint, number])[] = []
    node.applier.onHead((block, receipts) => {
      assert.deepEqual(node.applier.head(), block)
      heads.push([block.number, receipts.length])
    })
    for (const block of chain.slice(1)) await node.applier.apply(block)
    assert.deepEqual(heads, [
      [1n, 1],
      [2n, 1],
      [3n, 1]
    ])
  })
  it('takes blocks one at a time, in the order in which they came', async () => {
    await Promise.all([first, second, third].map((block) => node.applier.apply(block)))
    assert.deepEqual(node.applier.head(), third)
    assert.equal(received(third), 3n)
  })
  it('goes on where it was after a restart, its state on disk', async () => {
    await node.applier.apply(first)
    await node.state.flushAll(first.hash)
    const again = await openApplyNode(stores, chain[0]!)
    assert.deepEqual(again.applier.head(), first)
    await again.applier.apply(second)
    assert.deepEqual(again.applier.head(), second)
  })
})

describe('a block that is not applied', () => {
  useFixture()

  async function assertRefused(block: Block, failure: Partial<ApplyFailure>): Promise<void> {
    const head = node.blocks.head()
    await assert.rejects(node.applier.apply(block), isFailure(failure))
    assert.deepEqual(node.applier.head(), head)
    assert.deepEqual(node.blocks.head(), head)
    assert.equal(node.blocks.blockByHash(block.hash), undefined)
    assert.equal(node.blocks.receipts(block.hash), undefined)
    assert.equal(node.state.view(block.hash), undefined)
  }

  const wrong: readonly (readonly [what: string, header: Partial<BlockHeader>, reason: RegExp])[] =
    [
      [
        'another state root',
        { stateRoot: new Uint8Array(32) },
        /^stateRoot is 0x0{64}, execution gives 0x/
      ],
      ['another receipts root', { receiptsRoot: new Uint8Array(32) }, /^receiptsRoot is 0x0{64}, /],
      ['another bloom', { logsBloom: new Uint8Array(256).fill(1) }, /^logsBloom is /],
      ['another withdrawals root', { withdrawalsRoot: new Uint8Array(32) }, /^withdrawalsRoot is /],
      ['gas that it did not use', { gasUsed: 21_001n }, /^gasUsed is 21001, execution used 21000$/],
      ['a base fee of its own', { baseFeePerGas: 1n }, /^base-fee-wrong$/],
      ['a time of its own', { timestamp: 1_700_000_005n }, /^timestamp-wrong$/],
      ['another number', { number: 2n }, /^number-wrong$/]
    ]
  for (const [what, header, reason] of wrong) {
    it(`has ${what}; nothing of it is written`, async () => {
      const block = forged(header)
      await assertRefused(block, { code: 'block-invalid', number: block.number })
      await assert.rejects(node.applier.apply(block), (thrown) => {
        assert.ok(thrown instanceof ApplyError && thrown.failure.code === 'block-invalid')
        assert.match(thrown.failure.reason, reason)
        return true
      })
    })
  }
  it('has a transaction that cannot run', async () => {
    await node.applier.apply(first)
    const spent = toBlock(second.header, first.transactions)
    await assert.rejects(node.applier.apply(spent), (thrown) => {
      assert.ok(thrown instanceof ApplyError && thrown.failure.code === 'block-invalid')
      assert.match(thrown.failure.reason, /^transaction 0: /)
      return true
    })
    assert.deepEqual(node.blocks.head(), first)
  })
  it('is no child of the head', async () => {
    await assertRefused(second, { code: 'not-child-of-head', number: 2n, headNumber: 0n })
    await node.applier.apply(first)
    await assertRefused(third, { code: 'not-child-of-head', number: 3n, headNumber: 1n })
    await assert.rejects(node.applier.apply(first), isFailure({ code: 'not-child-of-head' }))
  })
  it('does not keep the next one from being applied', async () => {
    const results = await Promise.allSettled([
      node.applier.apply(forged({ gasUsed: 1n })),
      node.applier.apply(first)
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled']
    )
    assert.deepEqual(node.applier.head(), first)
  })
})

describe('a block whose last steps failed', () => {
  useFixture()

  it('is applied on the next try, though it is on disk already', async () => {
    let failuresLeft = 1
    const unlucky = await openApplyNode(createNodeStores(), chain[0]!, async ({ step }) => {
      if (step === 'persisted' && failuresLeft-- > 0) throw new Error('the observer is gone')
    })
    await assert.rejects(unlucky.applier.apply(first), /the observer is gone/)
    assert.deepEqual(unlucky.blocks.head(), first)
    assert.deepEqual(unlucky.applier.head(), chain[0])
    await unlucky.applier.apply(first)
    await unlucky.applier.apply(second)
    assert.deepEqual(unlucky.applier.head(), second)
    assert.deepEqual(unlucky.blocks.head(), second)
  })
})

describe('replaying', () => {
  useFixture()

  /** A node whose blocks are on disk and whose state is that of genesis. */
  async function loseState(): Promise<void> {
    for (const block of chain.slice(1)) await node.applier.apply(block)
    node = await openApplyNode({ ...stores, state: createNodeStores().state }, chain[0]!)
  }

  it('brings back the state of each block and moves nothing', async () => {
    await loseState()
    assert.deepEqual(node.applier.head(), third)
    assert.equal(node.state.view(third.hash), undefined)
    const heads: Block[] = []
    node.applier.onHead((block) => heads.push(block))
    for (const { number } of [first, second, third]) await node.applier.replay(number)
    assert.equal(node.state.view(third.hash)?.root, third.stateRoot)
    assert.equal(received(third), 3n)
    assert.deepEqual(heads, [])
    assert.deepEqual(node.blocks.head(), third)
  })
  it('is needed before the next block can be applied', async () => {
    const [, ...rest] = chain
    for (const block of rest.slice(0, 2)) await node.applier.apply(block)
    node = await openApplyNode({ ...stores, state: createNodeStores().state }, chain[0]!)
    await assert.rejects(
      node.applier.apply(third),
      isFailure({ code: 'state-not-readable', number: 3n })
    )
    await node.applier.replay(1n)
    await node.applier.replay(2n)
    await node.applier.apply(third)
    assert.equal(received(third), 3n)
  })
  it('begins with the block after the state that is left', async () => {
    await loseState()
    await assert.rejects(
      node.applier.replay(2n),
      isFailure({ code: 'state-not-readable', number: 2n })
    )
    await node.applier.replay(1n)
    await node.applier.replay(2n)
  })
  it('of a state that was set back while the node runs', async () => {
    await node.applier.apply(first)
    await node.resetState()
    assert.equal(node.state.view(first.hash), undefined)
    await node.applier.replay(1n)
    assert.equal(received(first), 1n)
  })
  it('of a block that is not there is refused', async () => {
    await assert.rejects(node.applier.replay(1n), isFailure({ code: 'block-missing', number: 1n }))
  })
})
