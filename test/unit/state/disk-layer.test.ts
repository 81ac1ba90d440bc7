// The disk layer while it flushes and mends: readers see one block's state, nothing old lands on something new.
import assert from 'node:assert/strict'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import { accountKey, bytesToKey, keyToBytes, slotKey } from '../../../src/state/entry-key.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { type AccountChange } from '../../../src/state/state-view.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { holdBatches, portOf } from '../../support/held-batches.ts'
import { findViewDifference, journalHash } from '../../support/journalled-state.ts'
import { settle } from '../../support/manual-clock.ts'
import { copyModel, drawChanges, type ModelState, testHash } from '../../support/state-model.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
/** As findViewDifference looks at them. */
const ACCOUNTS = 12

describe(`the disk layer (seed ${String(SEED)})`, () => {
  it('shows the state of one block, before, during and after a flush that blocks do not wait for', async () => {
    const held = holdBatches(createMemoryStore())
    const options = { diffLayersMax: 2, writeBufferMaxBlocks: 2 }
    const state = new StateStore({ store: held.store, log: silentLog }, options)
    const models = new Map<Hex, ModelState>()
    const model: ModelState = new Map()
    const random = createSeededRandom(SEED)
    const genesis = drawChanges(random, model, ACCOUNTS)
    await state.resetToGenesis({ changes: genesis, number: 0n, hash: journalHash(0) })
    models.set(journalHash(0), copyModel(model))
    held.hold()
    for (let number = 1; number <= 20; number++) {
      const changes = drawChanges(random, model, ACCOUNTS)
      const hash = journalHash(number)
      state.add(await state.prepare(journalHash(number - 1), changes), {
        number: BigInt(number),
        hash
      })
      state.cap(hash)
      models.set(hash, copyModel(model))
      assertReadable(state, models, 3)
      if (number % 7 === 0) {
        assert.equal(held.waitingCount(), 1, 'one flush at a time')
        held.letGo()
        assertReadable(state, models, 3)
        await settle()
        assertReadable(state, models, 3)
      }
    }
    assert.equal(state.persistedPoint()?.number, 6n, 'the second flush took all that was merged')
  })

  it('wipes every slot of an account, also where its hash begins with the highest byte', async () => {
    const store = createMemoryStore()
    const state = new StateStore({ store, log: silentLog })
    const owner = testHash(1)
    const slots = [0x00, 0x7f, 0xfe, 0xff].map((byte) => ({
      slotHash: new Uint8Array(32).fill(byte),
      value: Uint8Array.of(5)
    }))
    const account = { nonce: 1n, balance: 1n, codeHash: undefined }
    const change: AccountChange = { addressHash: owner, account, storageCleared: false, slots }
    const changes = { accounts: [change], codes: [] }
    await state.resetToGenesis({ changes, number: 0n, hash: journalHash(0) })
    assert.equal(await countOf(store, STATE_PREFIX.slot), 4)
    const wiped = { accounts: [{ ...change, storageCleared: true, slots: [] }], codes: [] }
    const layer = await state.prepare(journalHash(0), wiped)
    state.add(layer, { number: 1n, hash: journalHash(1) })
    await state.flushAll(journalHash(1))
    assert.equal(await countOf(store, STATE_PREFIX.slot), 0)
    assert.equal(await countOf(store, STATE_PREFIX.storageNode), 0)
    const view = state.view(journalHash(1))
    for (const { slotHash } of slots) assert.equal(view?.slot(owner, slotHash), undefined)
  })

  it('wipes nothing for an account that has no storage', async () => {
    const { state, owner } = await oneAccount(createMemoryStore(), silentLog)
    const poor = { ...nonceChange(testHash(5), 1n).accounts[0]!, slots: [] }
    const made = await state.prepare(journalHash(0), { accounts: [poor], codes: [] })
    state.add(made, { number: 1n, hash: journalHash(1) })
    const gone = [testHash(5), owner].map((addressHash) => ({
      addressHash,
      account: undefined,
      storageCleared: true,
      slots: []
    }))
    const sorted = gone.sort((a, b) => Buffer.compare(a.addressHash, b.addressHash))
    const { content } = await state.prepare(journalHash(1), { accounts: sorted, codes: [] })
    assert.deepEqual([...content.cleared], [bytesToKey(owner)])
  })

  it('mends a flat entry once, and no flush is overtaken by the mended value', async () => {
    const held = holdBatches(createMemoryStore())
    const warnings: unknown[] = []
    const log = {
      ...silentLog,
      warn: (event: string, facts: unknown) => void warnings.push([event, facts])
    }
    const { state, owner } = await oneAccount(held.store, log)
    const key = keyToBytes(accountKey(owner))
    await flip(held.store, key)
    held.hold()
    const readNonce = () => state.view(journalHash(0))?.account(owner)?.nonce
    assert.deepEqual([readNonce(), readNonce(), readNonce()], [1n, 1n, 1n])
    assert.deepEqual(warnings, [
      [
        'flat-entry-mended',
        { kind: 'account', place: bytesToHex(owner), problem: 'it fails its checksum' }
      ]
    ])
    state.add(await state.prepare(journalHash(0), nonceChange(owner, 2n)), {
      number: 1n,
      hash: journalHash(1)
    })
    const flushed = state.flushAll(journalHash(1))
    await settle()
    assert.equal(held.waitingCount(), 1, 'the flush waits for the entry that is being mended')
    held.unhold()
    held.letGo()
    await flushed
    const reopened = new StateStore({ store: held.store, log })
    assert.equal(reopened.view(journalHash(1))?.account(owner)?.nonce, 2n)
    assert.equal(warnings.length, 1)
  })

  it('answers from the trie what LevelDB itself cannot read, and says when the trie is damaged too', async () => {
    const store = createMemoryStore()
    const { owner } = await oneAccount(store, silentLog)
    const unreadable = new Set([bytesToHex(keyToBytes(slotKey(owner, testHash(2))))])
    const error = new StoreError({ code: 'store-damaged', path: 'state', reason: 'bad block' })
    const failing: KeyValueStore = {
      ...portOf(store),
      get(key) {
        if (unreadable.has(bytesToHex(key))) throw error
        return store.get(key)
      }
    }
    const view = () => new StateStore({ store: failing, log: silentLog }).view(journalHash(0))
    assert.deepEqual(view()?.slot(owner, testHash(2)), Uint8Array.of(9))
    const root = Uint8Array.of(STATE_PREFIX.storageNode, ...owner)
    await flip(store, root)
    assert.throws(
      () => view()?.slot(owner, testHash(2)),
      new RegExp(`node-damaged place=${bytesToHex(owner)}/ problem=node-hash-mismatch`)
    )
  })

  it('names the damaged trie node when a block needs it', async () => {
    const store = createMemoryStore()
    const { owner } = await oneAccount(store, silentLog)
    await flip(store, Uint8Array.of(STATE_PREFIX.storageNode, ...owner))
    // Of sound ones it would be made again.
    await flip(store, keyToBytes(slotKey(owner, testHash(2))))
    const state = new StateStore({ store, log: silentLog })
    const slots = [{ slotHash: testHash(2), value: Uint8Array.of(7) }]
    const [change] = nonceChange(owner, 2n).accounts
    const changes = { accounts: [{ ...change!, slots }], codes: [] }
    await assert.rejects(state.prepare(journalHash(0), changes), (thrown: unknown) => {
      assert.ok(thrown instanceof Error)
      assert.match(thrown.message, new RegExp(`^node-damaged place=${bytesToHex(owner)}/ `))
      return true
    })
    await flip(store, Uint8Array.of(STATE_PREFIX.accountNode))
    await flip(store, keyToBytes(accountKey(owner)))
    await assert.rejects(state.prepare(journalHash(0), nonceChange(owner, 2n)), /place=\/ /)
  })
})

function assertReadable(
  state: StateStore,
  models: ReadonlyMap<Hex, ModelState>,
  readableCount: number
): void {
  const readable = [...models].filter(([hash]) => state.isReadable(hash))
  assert.ok(readable.length <= readableCount)
  for (const [hash, model] of readable) {
    assert.equal(findViewDifference(state.view(hash), model), undefined)
  }
}

async function oneAccount(store: KeyValueStore, log: typeof silentLog) {
  const state = new StateStore({ store, log })
  const owner = testHash(1)
  const slots = [{ slotHash: testHash(2), value: Uint8Array.of(9) }]
  const [change] = nonceChange(owner, 1n).accounts
  const changes = { accounts: [{ ...change!, slots }], codes: [] }
  await state.resetToGenesis({ changes, number: 0n, hash: journalHash(0) })
  return { state, owner }
}

function nonceChange(addressHash: Uint8Array, nonce: bigint) {
  const account = { nonce, balance: 1n, codeHash: undefined }
  return { accounts: [{ addressHash, account, storageCleared: false, slots: [] }], codes: [] }
}

async function countOf(store: KeyValueStore, prefix: number): Promise<number> {
  let count = 0
  const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
  for await (const [key] of store.iterate(range)) count += key.length > 0 ? 1 : 0
  return count
}

async function flip(store: KeyValueStore, key: Uint8Array): Promise<void> {
  const value = store.get(key)
  assert.ok(value !== undefined)
  value[value.length - 1]! ^= 1
  await store.batch([{ type: 'put', key, value }], { sync: true })
}
