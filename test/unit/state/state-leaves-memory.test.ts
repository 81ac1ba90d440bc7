// What is read of a state, or computed on it, while it leaves memory: an error with a name, never another answer.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { StateError } from '../../../src/state/state-error.ts'
import { type StateChanges } from '../../../src/state/state-view.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { journalHash } from '../../support/journalled-state.ts'
import { testHash } from '../../support/state-model.ts'

/** More than are computed in one turn of the event loop. */
const ACCOUNTS_COUNT = 400

describe('a state that leaves memory', () => {
  it('fails whatever is being computed on it as stale, not as damaged', async () => {
    const { state } = await makeState()
    const isStale = { failure: { code: 'view-stale', hash: journalHash(1) } }
    const computing = assert.rejects(state.prepare(journalHash(1), changesOf(7n)), isStale)
    await state.flushAll(journalHash(2))
    await computing
    await state.prepare(journalHash(2), changesOf(7n))
  })

  it('does not change what was computed on it by then', async () => {
    const { state } = await makeState()
    const prepared = await state.prepare(journalHash(1), { accounts: [], codes: [] })
    await state.flushAll(journalHash(2))
    assert.throws(() => prepared.storageRoot(testHash(0)), isStaleView)
  })

  it('is never read half wiped while it is set back to genesis', async () => {
    const { state, store } = await makeState()
    await state.flushAll(journalHash(2))
    const view = state.view(journalHash(2))
    const write = store.batch.bind(store)
    let writesCount = 0
    store.batch = async (operations, options) => {
      await write(operations, options)
      writesCount += 1
      assert.throws(() => view?.account(testHash(0)), isStaleView)
      assert.equal(state.isReadable(journalHash(2)), false)
    }
    await state.resetToGenesis({ changes: changesOf(0n), number: 0n, hash: journalHash(0) })
    assert.ok(writesCount > 1)
    assert.equal(state.view(journalHash(0))?.account(testHash(3))?.balance, 3n)
  })

  it('counts as gone where it could not be wiped to its end', async () => {
    const { state, store } = await makeState()
    await state.flushAll(journalHash(2))
    failBatch(store, 2)
    const genesis = { changes: changesOf(0n), number: 0n, hash: journalHash(0) }
    await assert.rejects(state.resetToGenesis(genesis), /the disk is full/)
    assert.equal(state.diskPoint(), undefined)
    assert.equal(state.isReadable(journalHash(2)), false)
    await state.resetToGenesis(genesis)
    assert.equal(state.diskPoint()?.number, 0n)
  })
})

/** Blocks 1 and 2 on a genesis of many accounts, both in memory. */
async function makeState() {
  const store = createMemoryStore()
  const state = new StateStore({ store, log: silentLog })
  await state.resetToGenesis({ changes: changesOf(0n), number: 0n, hash: journalHash(0) })
  for (const number of [1, 2]) {
    const prepared = await state.prepare(journalHash(number - 1), changesOf(BigInt(number)))
    state.add(prepared, { number: BigInt(number), hash: journalHash(number) })
  }
  return { state, store }
}

function changesOf(nonce: bigint): StateChanges {
  const accounts = Array.from({ length: ACCOUNTS_COUNT }, (_, index) => ({
    addressHash: testHash(index),
    account: { nonce, balance: BigInt(index), codeHash: undefined },
    storageCleared: false,
    slots: [{ slotHash: testHash(index), value: Uint8Array.of(Number(nonce) + 1) }]
  }))
  accounts.sort((one, other) => Buffer.compare(one.addressHash, other.addressHash))
  return { accounts, codes: [] }
}

/** The n-th batch from now on fails, and only that. */
function failBatch(store: KeyValueStore, nth: number): void {
  const write = store.batch.bind(store)
  let count = 0
  store.batch = async (operations, options) => {
    count += 1
    if (count === nth) throw new Error('the disk is full')
    await write(operations, options)
  }
}

function isStaleView(thrown: unknown): boolean {
  return thrown instanceof StateError && thrown.failure.code === 'view-stale'
}
