// The record may keep thousands of blocks: they are read as they are wanted and written in batches.
import assert from 'node:assert/strict'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { KnownConflicts } from '../../../src/recovery/knowledge/known-conflicts.ts'
import {
  acceptRecorded,
  publishRecorded,
  RECORDED_BATCH_BLOCKS
} from '../../../src/recovery/actions/recorded-blocks.ts'
import { ref } from './findings-fixture.ts'
import { createWorld, testBlock } from './runner-fixture.ts'

/** A record of blocks 1 to `length`, the batches that were accepted of it, and how far it was read. */
function recordOf(length: number) {
  const { chain, knowledge } = createWorld({ height: 0 })
  const batches: number[] = []
  const read = { last: 0 }
  const deps = {
    knowledge,
    record: {
      finding: () => ({ kind: 'missing' }) as const,
      hashAt: () => undefined,
      *blocksAbove(number: bigint) {
        for (read.last = Number(number) + 1; read.last <= length; read.last++)
          yield testBlock(read.last)
      },
      heightsAbove: () => [],
      adopt: () => Promise.resolve(),
      release: () => Promise.resolve()
    },
    chain: {
      ...chain,
      accepted: {
        ...chain.accepted,
        async accept(blocks: readonly SignedBlock[]) {
          batches.push(blocks.length)
          await chain.accepted.accept(blocks)
        }
      }
    }
  }
  let counted = 0
  const counter = {
    expect: () => undefined,
    add: ({ items = 0 }: { readonly items?: number }) => void (counted += items)
  }
  const run = { counter, signal: new AbortController().signal }
  return { deps, batches, read, run, counted: () => counted }
}

describe('the record’s blocks', () => {
  it('are accepted in batches, all of them, and counted', async () => {
    const { deps, batches, run, counted } = recordOf(1_000)
    const accepted = await acceptRecorded(deps, { above: 10n }, run)
    assert.equal(accepted.length, 990)
    assert.deepEqual([accepted[0], accepted.at(-1)], [ref(11), ref(1_000)])
    assert.ok(batches.every((size) => size <= RECORDED_BATCH_BLOCKS))
    assert.equal(counted(), 990)
    assert.ok(accepted.every(({ hash }) => deps.chain.accepted.acceptedBlock(hash) !== undefined))
  })

  it('are read no further than wanted', async () => {
    const { deps, read, run } = recordOf(1_000)
    const accepted = await acceptRecorded(deps, { above: 0n, last: 5n }, run)
    assert.deepEqual(accepted.at(-1), ref(5))
    assert.equal(read.last, 6)
  })

  it('stop when they are told to', async () => {
    const { deps, batches, run } = recordOf(1_000)
    const signal = AbortSignal.abort(new Error('stopped'))
    await assert.rejects(acceptRecorded(deps, { above: 0n }, { ...run, signal }), /stopped/)
    assert.deepEqual(batches, [])
  })

  it('are offered to gossip in their order', async () => {
    const { deps, run } = recordOf(3)
    const recorded = await acceptRecorded(deps, { above: 0n }, run)
    const published: bigint[] = []
    const publish = (block: SignedBlock) => {
      published.push(block.number)
      return Promise.resolve()
    }
    const { chain, knowledge } = deps
    await publishRecorded({ chain, knowledge, publish }, recorded)
    assert.deepEqual(published, [1n, 2n, 3n])
  })

  it('are offered to nobody any more once another branch of our key shows up', async () => {
    const { deps, run } = recordOf(3)
    const recorded = await acceptRecorded(deps, { above: 0n }, run)
    const { chain, knowledge } = deps
    const published: bigint[] = []
    const publish = (block: SignedBlock) => {
      published.push(block.number)
      knowledge.noteConflict({ ours: ref(2), other: ref(2, 'b'), holders: ['gossip'] })
      return Promise.resolve()
    }
    await publishRecorded({ chain, knowledge, publish }, recorded)
    assert.deepEqual(published, [1n])
  })
})

describe('the search for stored conflicts', () => {
  it('looks at the clock at each contested height, and finds the lowest too', async () => {
    const { chain } = createWorld({ height: 9_000 })
    const others = [1, 500, 8_999].map((number) => testBlock(number, 'b', 'a'))
    await chain.accepted.accept(others)
    const conflicts = new KnownConflicts(chain)
    let looksCount = 0
    await conflicts.findStored({
      maybeYield() {
        looksCount++
        return undefined
      }
    })
    assert.equal(looksCount, others.length)
    assert.deepEqual(
      conflicts.all().map(({ ours, other: found }) => [ours, found]),
      [1, 500, 8_999].map((number) => [ref(number), ref(number, 'b')])
    )
  })
})
