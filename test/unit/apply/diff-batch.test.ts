// Blocks that become the chain by their diffs, several in one write: each is checked, and a false one is named.
import assert from 'node:assert/strict'
import { type StateDiff } from '../../../protocols/state-diffs-by-range/state-diff.ts'
import {
  decodeStateDiff,
  encodeStateDiff
} from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { ApplyError, type ApplyFailure } from '../../../src/apply/apply-error.ts'
import { type ApplyStepEvent } from '../../../src/apply/applier.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { decodeAccount, encodeSlimAccount } from '../../../src/state/account-codec.ts'
import { accountKey, toOperation } from '../../../src/state/entry-key.ts'
import { portOf } from '../../support/held-batches.ts'
import {
  type ApplyNode,
  buildChain,
  createNodeStores,
  type NodeStores,
  openApplyNode
} from './apply-fixture.ts'

const LENGTH = 6

let chain: readonly Block[]
let diffs: readonly Uint8Array[]
let executed: ApplyNode

interface Lagging extends ApplyNode {
  readonly stores: NodeStores
  /** Batches of the chain database since the node is open. */
  readonly writes: { count: number; failWith: Error | undefined }
  readonly steps: string[]
  readonly heads: bigint[]
}

/** A node that has genesis alone. */
async function lagging(): Promise<Lagging> {
  const inner = createNodeStores()
  const writes: Lagging['writes'] = { count: 0, failWith: undefined }
  const stores = {
    ...inner,
    chain: {
      ...portOf(inner.chain),
      async batch(...given: Parameters<typeof inner.chain.batch>) {
        if (writes.failWith !== undefined) throw writes.failWith
        writes.count += 1
        assert.deepEqual(given[1], { sync: true })
        await inner.chain.batch(...given)
      }
    }
  }
  const steps: string[] = []
  const heads: bigint[] = []
  const node = await openApplyNode(stores, chain[0]!, async ({ step, block }: ApplyStepEvent) => {
    steps.push(`${step} ${String(block.number)}`)
  })
  node.applier.onHead(({ number }, receipts) => heads.push(number + BigInt(receipts.length)))
  writes.count = 0
  return { ...node, stores, writes, steps, heads }
}

function stepsOf(first: number, last: number, change: (diff: StateDiff) => StateDiff = (it) => it) {
  return chain.slice(first, last + 1).map((block) => ({
    block,
    bytes: encodeStateDiff(change(decodeStateDiff(diffs[Number(block.number)]!)))
  }))
}

/** The same diff with another balance of its first account: what follows from it is another state. */
function withBalance(diff: StateDiff, amount: bigint): StateDiff {
  const [first, ...others] = diff.accounts
  const account = decodeAccount(first!.body)
  const body = encodeSlimAccount({ ...account, balance: account.balance + amount })
  return { ...diff, accounts: [{ ...first!, body }, ...others] }
}

function isFailure(failure: Partial<ApplyFailure>) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof ApplyError, String(thrown))
    assert.deepEqual({ ...thrown.failure, ...failure }, thrown.failure)
    return true
  }
}

describe('a batch of diffs', () => {
  before(async () => {
    chain = await buildChain(LENGTH)
    executed = await openApplyNode(createNodeStores(), chain[0]!)
    for (const block of chain.slice(1)) await executed.applier.apply(block)
    diffs = chain.map(({ number }) => executed.blocks.diffByNumber(number) ?? new Uint8Array())
  })

  it('makes its blocks the chain in one synced write, as execution does', async () => {
    const node = await lagging()
    await node.applier.applyDiffs(stepsOf(1, LENGTH))
    assert.equal(node.writes.count, 1)
    const head = chain[LENGTH]!
    assert.equal(node.applier.head().hash, head.hash)
    assert.equal(node.blocks.head().hash, head.hash)
    assert.equal(node.state.view(head.hash)?.root, head.stateRoot)
    for (const { number, hash } of chain.slice(1)) {
      assert.equal(node.blocks.canonicalHash(number), hash)
      assert.deepEqual(node.blocks.receipts(hash), executed.blocks.receipts(hash))
      assert.deepEqual(node.blocks.diffByNumber(number), executed.blocks.diffByNumber(number))
      assert.equal(node.state.isReadable(hash), number === head.number)
    }
    const numbers = chain.slice(1).map(({ number }) => String(number))
    assert.deepEqual(node.steps, [
      ...numbers.map((number) => `persisted ${number}`),
      ...numbers.map((number) => `head-set ${number}`)
    ])
    // Each has one receipt.
    assert.deepEqual(node.heads, [2n, 3n, 4n, 5n, 6n, 7n])
  })

  it('is followed by executed blocks, and by another batch', async () => {
    const node = await lagging()
    await node.applier.applyDiffs(stepsOf(1, 3))
    await node.applier.apply(chain[4]!)
    await node.applier.applyDiffs(stepsOf(5, LENGTH))
    assert.equal(node.applier.head().hash, chain[LENGTH]!.hash)
    const again = await openApplyNode(node.stores, chain[0]!)
    assert.equal(again.applier.head().hash, chain[LENGTH]!.hash, 'as a killed process finds it')
    const { signal } = new AbortController()
    await again.applier.replayDiffs({ from: chain[0]!, to: BigInt(LENGTH), signal })
    assert.equal(again.state.view(chain[LENGTH]!.hash)?.root, chain[LENGTH]!.stateRoot)
  })

  it('that has a false one keeps those before it, and names it', async () => {
    const node = await lagging()
    const steps = stepsOf(1, LENGTH, (diff) => (diff.number === 4n ? withBalance(diff, 1n) : diff))
    await assert.rejects(
      node.applier.applyDiffs(steps),
      isFailure({ code: 'diff-refused', number: 4n })
    )
    assert.equal(node.blocks.head().hash, chain[3]!.hash)
    assert.equal(node.applier.head().hash, chain[3]!.hash)
    assert.equal(node.state.view(chain[3]!.hash)?.root, chain[3]!.stateRoot)
    assert.equal(node.blocks.diffByNumber(4n), undefined)
    await node.applier.applyDiffs(stepsOf(4, LENGTH))
    assert.equal(node.applier.head().hash, chain[LENGTH]!.hash)
  })

  it('does not take one whose fault a later one makes good: the root after each counts', async () => {
    const node = await lagging()
    // The account is in every block's diff, so that the last state would be right.
    const steps = stepsOf(1, LENGTH, (diff) => (diff.number === 2n ? withBalance(diff, 5n) : diff))
    await assert.rejects(
      node.applier.applyDiffs(steps),
      isFailure({ code: 'diff-refused', number: 2n })
    )
    assert.equal(node.blocks.head().hash, chain[1]!.hash)
  })

  it('has to begin at the head and to follow the rules of a child', async () => {
    const node = await lagging()
    await assert.rejects(
      node.applier.applyDiffs(stepsOf(2, 3)),
      isFailure({ code: 'not-child-of-head', number: 2n })
    )
    const [first, second] = stepsOf(1, 2)
    const header = { ...second!.block.header, timestamp: 1n }
    const late = { ...second!, block: { ...second!.block, header } }
    await assert.rejects(
      node.applier.applyDiffs([first!, late]),
      isFailure({ code: 'block-invalid', number: 2n })
    )
    assert.equal(node.blocks.head().hash, chain[1]!.hash)
    await node.applier.applyDiffs([])
    assert.equal(node.blocks.head().hash, chain[1]!.hash)
  })

  it('that cannot be written leaves all as it was, and can be tried again', async () => {
    const node = await lagging()
    node.writes.failWith = new Error('no room')
    await assert.rejects(node.applier.applyDiffs(stepsOf(1, LENGTH)), /no room/)
    assert.equal(node.applier.head().hash, chain[0]!.hash)
    assert.equal(node.state.isReadable(chain[LENGTH]!.hash), false)
    assert.deepEqual([node.steps, node.heads], [[], []])
    node.writes.failWith = undefined
    await node.applier.applyDiffs(stepsOf(1, LENGTH))
    assert.equal(node.applier.head().hash, chain[LENGTH]!.hash)
  })

  it('is there whole after a crash at any of its steps, and goes on to the same chain', async () => {
    const events = [
      ...chain.slice(1).map(({ number }) => `persisted ${String(number)}`),
      ...chain.slice(1).map(({ number }) => `head-set ${String(number)}`)
    ]
    for (const event of events) {
      const stores = createNodeStores()
      const killed = await openApplyNode(stores, chain[0]!, async ({ step, block }) => {
        if (`${step} ${String(block.number)}` === event) throw new Error('killed')
      })
      await assert.rejects(killed.applier.applyDiffs(stepsOf(1, LENGTH)), /killed/)
      const again = await openApplyNode(stores, chain[0]!)
      const last = chain[LENGTH]!
      assert.equal(again.applier.head().hash, last.hash, event)
      const { signal } = new AbortController()
      await again.applier.replayDiffs({ from: chain[0]!, to: last.number, signal })
      assert.equal(again.state.view(last.hash)?.root, last.stateRoot)
    }
  })

  it('on a state of ours that is damaged is taken once that is mended', async () => {
    const node = await lagging()
    const { addressHash } = decodeStateDiff(diffs[1]!).accounts.find(
      ({ slots }) => slots.length > 0
    )!
    const account = node.state.view(chain[0]!.hash)!.account(addressHash)!
    const body = encodeSlimAccount({ ...account, storageRoot: new Uint8Array(32).fill(9) })
    await node.stores.state.batch([toOperation(accountKey(addressHash), body)], { sync: true })
    await node.applier.applyDiffs(stepsOf(1, LENGTH))
    assert.equal(node.state.view(chain[LENGTH]!.hash)?.root, chain[LENGTH]!.stateRoot)
  })
})
