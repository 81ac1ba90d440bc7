// The writer beside a disk that does not take a flush: whole blocks get through while there is room, and no more.
import assert from 'node:assert/strict'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { holdBatches } from '../../support/held-batches.ts'
import { settle } from '../../support/manual-clock.ts'
import { buildChain, createNodeStores, openApplyNode } from './apply-fixture.ts'

/** Each block fills a buffer. */
const LIMITS = { diffLayersMax: 0, writeBufferMaxBlocks: 1 }
const BLOCKS = 6

let chain: readonly Block[]

/** A node whose state database holds its batches from now on. */
async function openHeldNode() {
  const held = holdBatches(createMemoryStore())
  const stores = { ...createNodeStores(), state: held.store }
  const node = await openApplyNode(stores, chain[0]!, undefined, LIMITS)
  held.hold()
  return { ...node, held, stores }
}

/** Settles when nothing goes on any more but what is held; the chain's store is in memory, and quick. */
async function untilStill(read: () => unknown): Promise<void> {
  for (let before: unknown = {}; before !== read();) {
    before = read()
    for (let turn = 0; turn < 50; turn++) await settle()
  }
}

describe('applying blocks while a flush hangs', () => {
  before(async () => {
    chain = await buildChain(BLOCKS)
  })

  it('stops with a whole block once both buffers are full, and goes on when the flush is through', async () => {
    const { applier, blocks, state, held } = await openHeldNode()
    const done: bigint[] = []
    const all = chain.slice(1).map(async (block) => {
      await applier.apply(block)
      done.push(block.number)
    })
    await untilStill(() => applier.head().number)
    assert.deepEqual(done, [1n], 'the second is complete, and waits for room')
    assert.equal(applier.head().number, 2n)
    assert.equal(blocks.head().number, 2n, 'nothing of the third was begun')
    assert.equal(state.isReadable(chain[2]!.hash), true)
    assert.equal(state.flushProgress?.isAwaited, true)
    held.unhold()
    held.letGo()
    await Promise.all(all)
    assert.equal(applier.head().number, BigInt(BLOCKS))
    assert.equal(state.isReadable(applier.head().hash), true)
  })

  it('keeps what it holds bounded also where states are replayed', async () => {
    const { stores } = await openHeldNode()
    const whole = await openApplyNode({ ...createNodeStores(), chain: stores.chain }, chain[0]!)
    for (const block of chain.slice(1)) await whole.applier.apply(block)
    for (const replay of ['by-execution', 'by-diff', 'one-by-one'] as const) {
      const held = holdBatches(createMemoryStore())
      const atHead = { chain: stores.chain, state: held.store }
      const { applier, state, blocks } = await openApplyNode(atHead, chain[0]!, undefined, LIMITS)
      held.hold()
      const diffs = chain.map(({ number }) => blocks.diffByNumber(number))
      const replayAll = async () => {
        if (replay === 'one-by-one') {
          const { signal } = new AbortController()
          const range = { from: chain[0]!, to: BigInt(BLOCKS), mergedMaxBytes: 1, signal }
          await applier.replayDiffs(range)
          return
        }
        for (const { number } of chain.slice(1)) {
          if (replay === 'by-execution') await applier.replay(number)
          else await applier.replayDiff(number, diffs[Number(number)]!)
        }
      }
      const replayed = replayAll()
      await untilStill(() => state.diskPoint()?.number)
      assert.equal(state.diskPoint()?.number, 2n, replay)
      assert.equal(state.flushProgress?.isAwaited, true, replay)
      held.unhold()
      held.letGo()
      await replayed
      assert.equal(state.isReadable(chain[BLOCKS]!.hash), true, replay)
    }
  })
})
