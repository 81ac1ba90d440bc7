// Lost states rebuilt from state diffs: merged, one by one, from elsewhere; and what is refused, by name.
import assert from 'node:assert/strict'
import {
  type DiffAccount,
  type StateDiff
} from '../../../protocols/state-diffs-by-range/state-diff.ts'
import {
  decodeStateDiff,
  encodeStateDiff
} from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { ApplyError, type ApplyFailure } from '../../../src/apply/apply-error.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { decodeReceipt, encodeReceipt } from '../../../src/chain/blocks/receipt.ts'
import { numberKey, CHAIN_PREFIX } from '../../../src/store/keys.ts'
import { withUnreadable } from '../chain/chain-fixture.ts'
import {
  type ApplyNode,
  buildChain,
  createNodeStores,
  type NodeStores,
  openApplyNode
} from './apply-fixture.ts'

const LENGTH = 6
const signal = new AbortController().signal

let chain: readonly Block[]
let stores: NodeStores

/** A node that has executed the whole chain and was killed: blocks and diffs are there, states are not. */
async function killedNode(): Promise<ApplyNode> {
  stores = createNodeStores()
  const node = await openApplyNode(stores, chain[0]!)
  for (const block of chain.slice(1)) await node.applier.apply(block)
  return openApplyNode(stores, chain[0]!)
}

function isRefusal(failure: Partial<ApplyFailure>, reason?: RegExp) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof ApplyError, String(thrown))
    assert.deepEqual({ ...thrown.failure, ...failure }, thrown.failure)
    if (reason !== undefined)
      assert.match('reason' in thrown.failure ? thrown.failure.reason : '', reason)
    return true
  }
}

function readableNumbers({ state }: ApplyNode): bigint[] {
  return chain.filter(({ hash }) => state.isReadable(hash)).map(({ number }) => number)
}

/** Writes another diff in the place of a block's. */
async function replaceDiff(
  node: ApplyNode,
  number: bigint,
  change: (diff: StateDiff) => StateDiff
) {
  const bytes = node.blocks.diffByNumber(number)
  assert.ok(bytes)
  await node.blocks.persistDiff(number, {
    bytes: encodeStateDiff(change(decodeStateDiff(bytes))),
    diskNumber: 0n
  })
}

const from = () => ({ number: 0n, hash: chain[0]!.hash })
const to = BigInt(LENGTH)

/** The hooks of each group of tests. */
function useFixture(): void {
  before(async () => {
    chain = await buildChain(LENGTH)
  })
}

describe('replaying stored diffs', () => {
  useFixture()

  it('has a diff of each block, with its receipts', async () => {
    const node = await killedNode()
    assert.equal(node.blocks.oldestDiff(), 1n)
    for (const block of chain.slice(1)) {
      const diff = decodeStateDiff(node.blocks.diffByNumber(block.number) ?? new Uint8Array())
      assert.deepEqual(
        diff.receipts.map((bytes) => decodeReceipt(bytes)),
        node.blocks.receipts(block.hash)
      )
    }
    assert.equal(node.blocks.diffByNumber(0n), undefined)
  })
  it('brings the head back in one commit: one layer on the state below, which stays readable', async () => {
    const node = await killedNode()
    const replayed: number[] = []
    await node.applier.replayDiffs({
      from: from(),
      to,
      signal,
      onReplayed: (n) => replayed.push(n)
    })
    assert.deepEqual(replayed, [LENGTH])
    assert.deepEqual(readableNumbers(node), [0n, to])
    assert.equal(node.state.view(chain[LENGTH]!.hash)?.root, chain[LENGTH]!.stateRoot)
  })
  it('takes several commits where one would be too large', async () => {
    const node = await killedNode()
    const replayed: number[] = []
    const size = node.blocks.diffByNumber(1n)!.length
    await node.applier.replayDiffs({
      from: from(),
      to,
      signal,
      mergedMaxBytes: 4 * size,
      onReplayed: (n) => replayed.push(n)
    })
    assert.ok(replayed.length > 1 && replayed[0]! > 1, String(replayed))
    assert.equal(
      replayed.reduce((a, b) => a + b),
      LENGTH
    )
    assert.ok(node.state.isReadable(chain[LENGTH]!.hash))
  })
  it('takes single diffs that are each larger than a commit should be', async () => {
    const node = await killedNode()
    await node.applier.replayDiffs({ from: from(), to, signal, mergedMaxBytes: 1 })
    assert.equal(readableNumbers(node).length, LENGTH + 1)
  })
  it('gives a state on which the next block executes', async () => {
    chain = await buildChain(LENGTH + 1)
    const next = chain[LENGTH + 1]!
    chain = chain.slice(0, -1)
    const node = await killedNode()
    await node.applier.replayDiffs({ from: from(), to, signal })
    await node.applier.apply(next)
    assert.equal(node.state.view(next.hash)?.root, next.stateRoot)
  })
  it('ends the same after a crash between two commits', async () => {
    const first = await killedNode()
    const controller = new AbortController()
    const cut = first.applier.replayDiffs({
      from: from(),
      to,
      signal: controller.signal,
      mergedMaxBytes: 1,
      onReplayed: () => {
        controller.abort()
      }
    })
    await assert.rejects(cut)
    const again = await openApplyNode(stores, chain[0]!)
    await again.applier.replayDiffs({ from: from(), to, signal })
    assert.equal(again.state.view(chain[LENGTH]!.hash)?.root, chain[LENGTH]!.stateRoot)
  })
})

describe('a stored diff that does not do', () => {
  useFixture()

  it('is named when it is missing, and the states below it are there', async () => {
    const node = await killedNode()
    await stores.chain.batch([{ type: 'del', key: numberKey(CHAIN_PREFIX.diff, 4n) }], {
      sync: true
    })
    await assert.rejects(
      node.applier.replayDiffs({ from: from(), to, signal }),
      isRefusal({ code: 'diff-missing', number: 4n })
    )
    assert.deepEqual(readableNumbers(node), [0n, 1n, 2n, 3n])
  })
  it('is named when its entry is damaged', async () => {
    const node = await killedNode()
    const key = numberKey(CHAIN_PREFIX.diff, 3n)
    const value = Uint8Array.from(stores.chain.get(key)!)
    value[value.length - 1]! ^= 1
    await stores.chain.batch([{ type: 'put', key, value }], { sync: true })
    await assert.rejects(
      node.applier.replayDiffs({ from: from(), to, signal }),
      isRefusal({ code: 'diff-refused', number: 3n }, /entry-damaged/)
    )
  })
  it('is named when LevelDB finds it damaged, and is taken from elsewhere', async () => {
    const good = (await killedNode()).blocks.diffByNumber(3n)!
    const key = numberKey(CHAIN_PREFIX.diff, 3n)
    const damaged = { ...stores, chain: withUnreadable(stores.chain, key) }
    const node = await openApplyNode(damaged, chain[0]!)
    await assert.rejects(
      node.applier.replayDiffs({ from: from(), to, signal }),
      isRefusal({ code: 'diff-refused', number: 3n }, /entry-damaged/)
    )
    await node.applier.replayDiff(3n, good)
    assert.deepEqual(node.blocks.diffByNumber(3n), good)
  })
  it('counts as missing when it is of another block', async () => {
    const node = await killedNode()
    await replaceDiff(node, 2n, (diff) => ({ ...diff, blockHash: new Uint8Array(32) }))
    assert.equal(node.blocks.diffByNumber(2n), undefined)
  })
  it('is named when a merge of it gives another root, and executing the block mends it', async () => {
    const node = await killedNode()
    const good = node.blocks.diffByNumber(4n)!
    await replaceDiff(node, 4n, withSlot(new Uint8Array(32), Uint8Array.of(7)))
    await assert.rejects(
      node.applier.replayDiffs({ from: from(), to, signal }),
      isRefusal({ code: 'diff-refused', number: 4n }, /storage-root-wrong/)
    )
    assert.deepEqual(readableNumbers(node), [0n, 1n, 2n, 3n])
    await node.applier.replay(4n)
    assert.deepEqual(node.blocks.diffByNumber(4n), good)
    await node.applier.replayDiffs({ from: { number: 4n, hash: chain[4]!.hash }, to, signal })
    assert.ok(node.state.isReadable(chain[LENGTH]!.hash))
  })
})

describe('a diff from elsewhere', () => {
  useFixture()

  let node: ApplyNode
  let good: Uint8Array

  beforeEach(async () => {
    node = await killedNode()
    await node.applier.replayDiff(1n, node.blocks.diffByNumber(1n)!)
    good = node.blocks.diffByNumber(2n)!
  })

  it('is taken and kept', async () => {
    await stores.chain.batch([{ type: 'del', key: numberKey(CHAIN_PREFIX.diff, 2n) }], {
      sync: true
    })
    await node.applier.replayDiff(2n, good)
    assert.equal(node.state.view(chain[2]!.hash)?.root, chain[2]!.stateRoot)
    assert.deepEqual(node.blocks.diffByNumber(2n), good)
  })
  it('waits for its parent', async () => {
    await assert.rejects(
      node.applier.replayDiff(4n, node.blocks.diffByNumber(4n)!),
      isRefusal({ code: 'state-not-readable', number: 4n })
    )
  })

  const zeros = new Uint8Array(32)
  for (const [what, change, reason] of [
    ['another height', (diff) => ({ ...diff, number: 3n }), /header-differs.*number/],
    ['another parent', (diff) => ({ ...diff, parentStateRoot: zeros }), /header-differs.*parent/],
    ['another root', (diff) => ({ ...diff, stateRoot: zeros }), /header-differs.*stateRoot/],
    ['no receipt', (diff) => ({ ...diff, receipts: [] }), /receipts-wrong.*0 receipts/],
    [
      'another receipt',
      (diff) => ({ ...diff, receipts: diff.receipts.map(failed) }),
      /receipts-wrong.*root/
    ],
    ['another nonce', withNonce(9), /state-root-wrong/],
    [
      'an account left out',
      (diff) => ({ ...diff, accounts: diff.accounts.slice(1) }),
      /root-wrong/
    ],
    ['a slot made up', withSlot(zeros, Uint8Array.of(7)), /storage-root-wrong/],
    [
      'a wiped storage',
      (diff) => changeContract(diff, (one) => ({ ...one, storageCleared: true })),
      /storage-root-wrong/
    ],
    ['a deleted account', (diff) => changeContract(diff, deleted), /state-root-wrong/],
    ['a body that is no account', withBody(Uint8Array.of(0xc0)), /body-invalid/],
    ['a body with a zero before the nonce', withBody(rlp([0, 9], [], [], [])), /body-invalid/],
    [
      'a code that nobody has',
      (diff) => ({ ...diff, codes: [Uint8Array.of(0xfe)] }),
      /code-unreferenced/
    ],
    [
      'a code hash without its code',
      withBody(
        rlp(
          [0x81],
          [],
          [],
          Array.from({ length: 32 }, () => 7)
        )
      ),
      /new-code-missing/
    ]
  ] as readonly (readonly [string, (diff: StateDiff) => StateDiff, RegExp])[]) {
    it(`is refused with ${what}`, async () => {
      const bytes = encodeStateDiff(change(decodeStateDiff(good)))
      await assert.rejects(
        node.applier.replayDiff(2n, bytes),
        isRefusal({ code: 'diff-refused', number: 2n }, reason)
      )
      assert.deepEqual(readableNumbers(node), [0n, 1n])
      assert.deepEqual(node.blocks.diffByNumber(2n), good)
    })
  }

  it('is refused as another block’s where it names another one', async () => {
    const bytes = encodeStateDiff({ ...decodeStateDiff(good), blockHash: zeros })
    await assert.rejects(
      node.applier.replayDiff(2n, bytes),
      isRefusal({ code: 'diff-of-another-block', number: 2n }, /header-differs.*blockHash/)
    )
    assert.deepEqual(readableNumbers(node), [0n, 1n])
    assert.deepEqual(node.blocks.diffByNumber(2n), good)
  })

  it('is refused as a whole when its bytes are no diff', async () => {
    for (const bytes of [new Uint8Array(), good.subarray(1), good.subarray(0, 100)]) {
      await assert.rejects(node.applier.replayDiff(2n, bytes), isRefusal({ code: 'diff-refused' }))
    }
  })
})

/** RLP of [nonce "", balance "", root "", code ""] with one field more to say. */
function rlp(...fields: readonly (readonly number[])[]): Uint8Array {
  const items = fields.flatMap((field) =>
    field.length === 0 ? [0x80] : [0x80 + field.length, ...field]
  )
  return Uint8Array.from(
    items.length > 55 ? [0xf8, items.length, ...items] : [0xc0 + items.length, ...items]
  )
}

/** A contract of the system: the one with slots. */
function changeContract(diff: StateDiff, change: (account: DiffAccount) => DiffAccount): StateDiff {
  const isContract = ({ slots }: DiffAccount) => slots.length > 0
  assert.ok(diff.accounts.some(isContract))
  return {
    ...diff,
    accounts: diff.accounts.map((one) => (isContract(one) ? change(one) : one))
  }
}

function changePerson(diff: StateDiff, body: Uint8Array): StateDiff {
  const at = diff.accounts.findIndex(({ slots }) => slots.length === 0)
  assert.notEqual(at, -1)
  return { ...diff, accounts: diff.accounts.with(at, { ...diff.accounts[at]!, body }) }
}

function withBody(body: Uint8Array) {
  return (diff: StateDiff) => changePerson(diff, body)
}

function withNonce(nonce: number) {
  return withBody(rlp([0x80 + nonce], [], [], []))
}

function withSlot(slotHash: Uint8Array, value: Uint8Array) {
  return (diff: StateDiff) =>
    changeContract(diff, (one) => ({ ...one, slots: [{ slotHash, value }, ...one.slots] }))
}

function deleted({ addressHash }: DiffAccount): DiffAccount {
  return { addressHash, body: new Uint8Array(), storageCleared: true, slots: [] }
}

function failed(receipt: Uint8Array): Uint8Array {
  return encodeReceipt({ ...decodeReceipt(receipt), status: 0 })
}

describe('a diff in place of execution', () => {
  useFixture()

  async function nodeAt(height: number) {
    const node = await openApplyNode(createNodeStores(), chain[0]!)
    for (const block of chain.slice(1, height + 1)) await node.applier.apply(block)
    const source = await killedNode()
    const diffOf = (number: number) =>
      source.blocks.diffByNumber(BigInt(number)) ?? assert.fail(`no diff of ${String(number)}`)
    return { node, diffOf }
  }

  it('is taken for the child of the head alone', async () => {
    const { node, diffOf } = await nodeAt(1)
    await assert.rejects(
      node.applier.applyDiff(chain[3]!, diffOf(3)),
      isRefusal({ code: 'not-child-of-head' })
    )
    await assert.rejects(
      node.applier.applyDiff(chain[2]!, diffOf(3)),
      isRefusal({ code: 'diff-refused', number: 2n }, /header-differs/)
    )
    assert.equal(node.blocks.head().hash, chain[1]!.hash)
    await node.applier.applyDiff(chain[2]!, diffOf(2))
    assert.equal(node.blocks.head().hash, chain[2]!.hash)
    await node.applier.apply(chain[3]!)
    assert.equal(node.blocks.head().hash, chain[3]!.hash)
  })

  for (const [what, change, reason] of [
    ['a base fee that its parent does not give', { baseFeePerGas: 1n }, /base-fee-wrong/],
    ['a timestamp out of the schedule', { timestamp: 1n }, /timestamp-wrong/],
    [
      'a withdrawals root that is not in the state',
      { withdrawalsRoot: new Uint8Array(32).fill(1) },
      /withdrawals-root-wrong/
    ]
  ] as const) {
    it(`does not make up for ${what}`, async () => {
      const { node, diffOf } = await nodeAt(1)
      const block = chain[2]!
      const changed = { ...block, header: { ...block.header, ...change } }
      await assert.rejects(
        node.applier.applyDiff(changed, diffOf(2)),
        isRefusal({ code: 'block-invalid' }, reason)
      )
      assert.equal(node.blocks.head().hash, chain[1]!.hash)
    })
  }
})
