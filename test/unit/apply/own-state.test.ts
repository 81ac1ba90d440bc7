// A diff meets a state that is damaged here: our own side is held against its root, and mended, before a diff is refused.
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type StateDiff } from '../../../protocols/state-diffs-by-range/state-diff.ts'
import {
  decodeStateDiff,
  encodeStateDiff
} from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { ApplyError } from '../../../src/apply/apply-error.ts'
import { layerOfDiff } from '../../../src/apply/diff-layer.ts'
import { equalBytes, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { decodeAccount, encodeSlimAccount } from '../../../src/state/account-codec.ts'
import { accountKey, keyToBytes, nodeKey, toOperation } from '../../../src/state/entry-key.ts'
import { StateError } from '../../../src/state/state-error.ts'
import { openValue } from '../../../src/store/checked-value.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import {
  type ApplyNode,
  buildChain,
  createNodeStores,
  type NodeStores,
  openApplyNode
} from './apply-fixture.ts'

const LENGTH = 2

let chain: readonly Block[]
let diffs: readonly Uint8Array[]
let stores: NodeStores

/** A node with all blocks, and the state at genesis on disk. */
async function node(): Promise<ApplyNode> {
  const { chain: chainStore, state } = createNodeStores()
  // A database takes its time to write.
  const batch: KeyValueStore['batch'] = async (...args) => {
    await nextTurn()
    await state.batch(...args)
  }
  const slowState: KeyValueStore = {
    get: (key) => state.get(key),
    iterate: (range) => state.iterate(range),
    snapshot: () => state.snapshot(),
    close: () => state.close(),
    batch
  }
  stores = { chain: chainStore, state: slowState }
  const first = await openApplyNode(stores, chain[0]!)
  for (const block of chain.slice(1)) await first.applier.apply(block)
  return openApplyNode(stores, chain[0]!)
}

/** What is on disk of a flat account. */
function flatOf(addressHash: Uint8Array): Uint8Array | undefined {
  const key = keyToBytes(accountKey(addressHash))
  const stored = stores.state.get(key)
  return stored && openValue(key, stored)
}

/** Its checksum is right: only the trie tells that it is not. */
async function replaceFlat(addressHash: Uint8Array, body: Uint8Array | undefined): Promise<void> {
  await stores.state.batch([toOperation(accountKey(addressHash), body)], { sync: true })
}

async function spoilNodes(keys: readonly Uint8Array[]): Promise<void> {
  const operations = keys.map((key) => {
    const value = Uint8Array.from(stores.state.get(key)!)
    value[value.length - 1]! ^= 1
    return { type: 'put', key, value } as const
  })
  await stores.state.batch(operations, { sync: true })
}

/** The account of the first diff that has slots: its storage root is what a diff is computed on. */
function contractOf(diff: Uint8Array): Uint8Array {
  const { accounts } = decodeStateDiff(diff)
  const found = accounts.find(({ slots, addressHash }) => slots.length > 0 && flatOf(addressHash))
  return found?.addressHash ?? assert.fail('no contract is touched')
}

function changed(diff: Uint8Array, change: (diff: StateDiff) => StateDiff): Uint8Array {
  return encodeStateDiff(change(decodeStateDiff(diff)))
}

/** A slot that nobody wrote. */
function withFalseSlot(diff: Uint8Array): Uint8Array {
  return changed(diff, (one) => ({
    ...one,
    accounts: one.accounts.map((account) => {
      const slots = [{ slotHash: new Uint8Array(32), value: Uint8Array.of(7) }, ...account.slots]
      return account.slots.length === 0 ? account : { ...account, slots }
    })
  }))
}

const isCode = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof ApplyError, String(thrown))
  assert.equal(thrown.failure.code, code)
  return true
}

describe('a diff on a state that is damaged here', () => {
  before(async () => {
    chain = await buildChain(LENGTH)
    const { applier, blocks } = await openApplyNode(createNodeStores(), chain[0]!)
    for (const block of chain.slice(1)) await applier.apply(block)
    diffs = chain.map(({ number }) => blocks.diffByNumber(number) ?? new Uint8Array())
  })

  for (const [what, damage] of [
    ['is gone', () => undefined],
    [
      'has another storage root',
      (body: Uint8Array) =>
        encodeSlimAccount({ ...decodeAccount(body), storageRoot: keccak256(Uint8Array.of(9)) })
    ],
    [
      'has another code',
      (body: Uint8Array) =>
        encodeSlimAccount({ ...decodeAccount(body), codeHash: keccak256(Uint8Array.of(9)) })
    ]
  ] as const) {
    it(`is taken, and mends it, where a flat account ${what}`, async () => {
      const { applier, state } = await node()
      const contract = contractOf(diffs[1]!)
      const good = flatOf(contract)!
      await replaceFlat(contract, damage(good))
      await applier.replayDiff(1n, diffs[1]!)
      assert.equal(state.view(chain[1]!.hash)?.root, chain[1]!.stateRoot)
      assert.ok(equalBytes(flatOf(contract)!, good))
      await applier.replayDiff(2n, diffs[2]!)
      assert.equal(state.view(chain[2]!.hash)?.root, chain[2]!.stateRoot)
    })

    it(`is refused for what is false in it, though a flat account ${what}`, async () => {
      const { applier, state } = await node()
      const contract = contractOf(diffs[1]!)
      const good = flatOf(contract)!
      await replaceFlat(contract, damage(good))
      const lie = withFalseSlot(diffs[1]!)
      await assert.rejects(applier.replayDiff(1n, lie), isCode('diff-refused'))
      assert.ok(equalBytes(flatOf(contract)!, good), 'our own side was mended first')
      assert.equal(state.isReadable(chain[1]!.hash), false)
      await applier.replayDiff(1n, diffs[1]!)
    })
  }

  it('is taken where a node of the trie is damaged too, which the others tell', async () => {
    const { applier, state } = await node()
    await replaceFlat(contractOf(diffs[1]!), undefined)
    await spoilNodes([keyToBytes(nodeKey(undefined, ''))])
    await applier.replayDiff(1n, diffs[1]!)
    assert.equal(state.view(chain[1]!.hash)?.root, chain[1]!.stateRoot)
  })

  it('is not refused where the trie is damaged too, and cannot tell', async () => {
    const { applier } = await node()
    await replaceFlat(contractOf(diffs[1]!), undefined)
    const keys: Uint8Array[] = []
    const prefix = STATE_PREFIX.accountNode
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [key] of stores.state.iterate(range)) keys.push(Uint8Array.from(key))
    await spoilNodes(keys)
    await assert.rejects(applier.replayDiff(1n, diffs[1]!), (thrown) => {
      assert.ok(thrown instanceof StateError, String(thrown))
      assert.equal(thrown.failure.code, 'node-damaged')
      return true
    })
  })

  it('is not refused where the state has another root than its header, or cannot be mended', async () => {
    const { state } = await node()
    const target = {
      view: (hash: Hex) => state.view(hash),
      prepare: state.prepare.bind(state),
      mend: state.mend.bind(state),
      checkEntries: state.checkEntries.bind(state),
      add: () => assert.fail(),
      cap: () => assert.fail(),
      room: () => Promise.resolve(),
      flushAll: () => assert.fail()
    }
    const step = { block: chain[1]!, bytes: withFalseSlot(diffs[1]!) }
    await assert.rejects(layerOfDiff(target, chain[0]!, step), isCode('diff-refused'))
    const otherRoot = {
      ...target,
      view(hash: Hex) {
        const view = state.view(hash)
        return view && { ...view, root: chain[1]!.stateRoot }
      }
    }
    await assert.rejects(layerOfDiff(otherRoot, chain[0]!, step), isCode('state-damaged'))
    let checksCount = 0
    const neverSound = {
      ...target,
      checkEntries() {
        checksCount += 1
        return Promise.resolve({ kind: 'mended', count: 1 } as const)
      }
    }
    await assert.rejects(layerOfDiff(neverSound, chain[0]!, step), isCode('state-damaged'))
    assert.equal(checksCount, 2)
    const lost = {
      ...target,
      checkEntries: () =>
        Promise.resolve({ kind: 'damaged', place: '0x01', problem: 'it is not there' } as const)
    }
    await assert.rejects(layerOfDiff(lost, chain[0]!, step), isCode('state-damaged'))
  })

  it('is not refused, nor the state called damaged, where that left memory meanwhile', async () => {
    const { state } = await node()
    const views = [state.view(chain[0]!.hash)]
    const target = {
      view: () => views.shift(),
      mend: () => Promise.resolve(false),
      prepare: (hash: Hex) => Promise.reject(new StateError({ code: 'view-stale', hash })),
      checkEntries: () => assert.fail('there is no state to look at'),
      room: () => Promise.resolve(),
      add: () => assert.fail(),
      cap: () => assert.fail(),
      flushAll: () => assert.fail()
    }
    const step = { block: chain[1]!, bytes: diffs[1]! }
    await assert.rejects(layerOfDiff(target, chain[0]!, step), /view-stale/)
  })

  it('is refused at once, and nothing is looked at, where the headers alone tell', async () => {
    const { state } = await node()
    const target = {
      view: (hash: Hex) => state.view(hash),
      prepare: state.prepare.bind(state),
      mend: state.mend.bind(state),
      checkEntries: () => assert.fail('the state has no part in it'),
      add: () => assert.fail(),
      cap: () => assert.fail(),
      room: () => Promise.resolve(),
      flushAll: () => assert.fail()
    }
    for (const bytes of [
      changed(diffs[1]!, (diff) => ({ ...diff, number: 2n })),
      changed(diffs[1]!, (diff) => ({ ...diff, receipts: [] })),
      changed(diffs[1]!, (diff) => ({ ...diff, codes: [Uint8Array.of(0xfe)] })),
      diffs[1]!.subarray(1)
    ]) {
      const step = { block: chain[1]!, bytes }
      await assert.rejects(layerOfDiff(target, chain[0]!, step), isCode('diff-refused'))
    }
  })
})

describe('a block on a state that lost an entry without a trace', () => {
  before(async () => {
    chain = await buildChain(LENGTH)
  })

  async function flatKeys(): Promise<Uint8Array[]> {
    const keys: Uint8Array[] = []
    for (const prefix of [STATE_PREFIX.account, STATE_PREFIX.slot]) {
      const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
      for await (const [key] of stores.state.iterate(range)) keys.push(Uint8Array.from(key))
    }
    return keys
  }

  it('comes to its root all the same, whichever it is, and what it reads is there again', async () => {
    await node()
    const keys = await flatKeys()
    let backCount = 0
    for (const key of keys) {
      const { applier, state } = await node()
      const sound = Uint8Array.from(stores.state.get(key) ?? assert.fail('it was there'))
      await stores.state.batch([{ type: 'del', key }], { sync: true })
      await applier.replay(1n)
      assert.equal(state.view(chain[1]!.hash)?.root, chain[1]!.stateRoot)
      const now = stores.state.get(key)
      if (now === undefined) continue
      assert.deepEqual(Uint8Array.from(now), sound)
      backCount += 1
    }
    assert.ok(backCount > 1, `${String(backCount)} of ${String(keys.length)} are there again`)
  })
})
