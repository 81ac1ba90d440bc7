// Blocks made canonical without execution: only up to the state on disk, and only where all of them lead to it.
import assert from 'node:assert/strict'
import {
  decodeStateDiff,
  encodeStateDiff
} from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { ApplyError, type ApplyFailure } from '../../../src/apply/apply-error.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { toBlock } from '../../../src/chain/blocks/header.ts'
import { linkBlocks } from '../../../src/apply/link-blocks.ts'
import {
  APPLY_RULES,
  type ApplyNode,
  buildChain,
  createNodeStores,
  type NodeStores,
  openApplyNode
} from './apply-fixture.ts'

const LENGTH = 4
const signal = new AbortController().signal

let chain: readonly Block[]
let source: ApplyNode
let stores: NodeStores
let node: ApplyNode

function stretch(blocks: readonly Block[]) {
  const byHash = new Map(blocks.map((block) => [block.hash, block]))
  const path = blocks.map(({ hash }) => hash)
  return { path, block: (hash: Hex) => byHash.get(hash), signal }
}

const isFailure = (expected: Partial<ApplyFailure>) => (thrown: unknown) => {
  assert.ok(thrown instanceof ApplyError, String(thrown))
  assert.deepEqual({ ...thrown.failure, ...expected }, thrown.failure)
  return true
}

async function assertRefused(blocks: readonly Block[], failure: Partial<ApplyFailure>) {
  await assert.rejects(node.applier.link(stretch(blocks)), isFailure(failure))
  assert.deepEqual(node.applier.head(), chain[1])
  assert.deepEqual(node.blocks.head(), chain[1], 'nothing of it was written')
}

describe('linking blocks up to the state on disk', () => {
  before(async () => {
    chain = await buildChain(LENGTH)
    source = await openApplyNode(createNodeStores(), chain[0]!)
    for (const block of chain.slice(1)) await source.applier.apply(block)
  })

  // The chain ends at block 1, the state on disk is of block 3.
  beforeEach(async () => {
    const { state } = createNodeStores()
    const before = await openApplyNode({ ...createNodeStores(), state }, chain[0]!)
    for (const block of chain.slice(1, LENGTH)) await before.applier.apply(block)
    await before.state.flushAll(chain[3]!.hash)
    stores = { ...createNodeStores(), state }
    const first = await openApplyNode({ ...createNodeStores(), chain: stores.chain }, chain[0]!)
    await first.applier.apply(chain[1]!)
    node = await openApplyNode(stores, chain[0]!)
  })

  it('makes them the chain, one after the other, and their state the head’s', async () => {
    const heads: bigint[] = []
    let linkedCount = 0
    node.applier.onHead(({ number }, receipts) => heads.push(number + BigInt(receipts.length)))
    const onLinked = (count: number) => void (linkedCount += count)
    await node.applier.link({ ...stretch(chain.slice(2, 4)), onLinked })
    assert.deepEqual(heads, [2n, 3n])
    assert.equal(linkedCount, 2)
    for (const at of [node, await openApplyNode(stores, chain[0]!)]) {
      assert.deepEqual(at.applier.head(), chain[3])
      assert.equal(at.state.view(chain[3]!.hash)?.root, chain[3]!.stateRoot)
      assert.equal(at.blocks.receipts(chain[2]!.hash), undefined)
    }
    await node.applier.apply(chain[4]!)
    assert.deepEqual(node.blocks.head(), chain[4])
    assert.equal(node.blocks.oldestDiff(), 4n)
  })

  it('takes receipts out of diffs beforehand, and nothing else of them', async () => {
    const steps = [2, 3].map((at) => {
      const bytes = source.blocks.diffByNumber(BigInt(at))
      assert.ok(bytes)
      return { block: chain[at]!, bytes }
    })
    await node.applier.takeReceipts(steps)
    await node.applier.link(stretch(chain.slice(2, 4)))
    for (const { number, hash } of chain.slice(2, 4)) {
      assert.deepEqual(node.blocks.receipts(hash), source.blocks.receipts(hash))
      assert.equal(node.blocks.diffByNumber(number), undefined)
    }
  })

  it('refuses receipts that are not the header’s', async () => {
    const diff = decodeStateDiff(source.blocks.diffByNumber(2n)!)
    for (const bytes of [
      encodeStateDiff({ ...diff, receipts: [] }),
      encodeStateDiff({ ...diff, number: 3n }),
      new Uint8Array(3)
    ]) {
      const taking = node.applier.takeReceipts([{ block: chain[2]!, bytes }])
      await assert.rejects(taking, isFailure({ code: 'diff-refused', number: 2n }))
    }
    assert.equal(node.blocks.receipts(chain[2]!.hash), undefined)
  })

  it('keeps those before the false one', async () => {
    const [good, bad] = [2n, 3n].map((number) => source.blocks.diffByNumber(number)!)
    const receipts: readonly Uint8Array[] = []
    const taking = node.applier.takeReceipts([
      { block: chain[2]!, bytes: good! },
      { block: chain[3]!, bytes: encodeStateDiff({ ...decodeStateDiff(bad!), receipts }) }
    ])
    await assert.rejects(taking, isFailure({ code: 'diff-refused', number: 3n }))
    assert.deepEqual(node.blocks.receipts(chain[2]!.hash), source.blocks.receipts(chain[2]!.hash))
    assert.equal(node.blocks.receipts(chain[3]!.hash), undefined)
  })

  it('is refused where they end below the state, or beside it', async () => {
    await assertRefused(chain.slice(2, 3), { code: 'state-not-readable', number: 2n })
    const twin = toBlock({ ...chain[3]!.header, gasUsed: 1n }, chain[3]!.transactions)
    await assertRefused([chain[2]!, twin], { code: 'state-not-readable', number: 3n })
    await assertRefused(chain.slice(2), { code: 'state-not-readable', number: 4n })
    await assertRefused([], { code: 'state-not-readable', number: 1n })
  })

  it('is refused where the header’s root is not that of the state', async () => {
    const point = node.state.persistedPoint()
    assert.ok(point)
    const layers = { persistedPoint: () => ({ ...point, root: chain[2]!.stateRoot }) }
    const linking = linkBlocks(
      { chain: node.blocks, layers, rules: APPLY_RULES },
      { head: chain[1]!, stretch: stretch(chain.slice(2, 4)) },
      () => Promise.resolve()
    )
    await assert.rejects(linking, isFailure({ code: 'block-invalid', number: 3n }))
    assert.deepEqual(node.blocks.head(), chain[1])
  })

  it('is refused where one does not follow the one before it', async () => {
    await assertRefused(chain.slice(3, 4), { code: 'block-invalid', reason: 'number-wrong' })
    const header = { ...chain[2]!.header, baseFeePerGas: 1n }
    const odd = toBlock(header, chain[2]!.transactions)
    await assertRefused([odd, chain[3]!], { code: 'block-invalid', reason: 'base-fee-wrong' })
  })

  it('is refused where one is not held', async () => {
    const { path } = stretch(chain.slice(2, 4))
    const linking = node.applier.link({ path, block: () => undefined, signal })
    await assert.rejects(linking, isFailure({ code: 'block-missing', number: 2n }))
  })

  it('stops between two blocks when it is told to, and goes on from there', async () => {
    const stop = new AbortController()
    const onLinked = () => {
      stop.abort(new Error('stopped'))
    }
    const linked = { ...stretch(chain.slice(2, 4)), onLinked, signal: stop.signal }
    await assert.rejects(node.applier.link(linked), /stopped/)
    assert.deepEqual(node.blocks.head(), chain[2])
    await node.applier.link(stretch(chain.slice(3, 4)))
    assert.deepEqual(node.blocks.head(), chain[3])
  })
})
