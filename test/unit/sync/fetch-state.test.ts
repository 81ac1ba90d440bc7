// Fetching a whole state where it does not go smoothly: nobody serves it, all lie, one is silent, nothing is in it.
import assert from 'node:assert/strict'
import { createSeededRandom } from '../../../src/base/random.ts'
import { FETCH_BEGUN, readCheckpoint } from '../../../src/state/fetch-checkpoint.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import {
  assertSame,
  filled,
  fillStore,
  makeHealing,
  outcomeOf,
  runJoin
} from '../../support/joining-run.ts'
import { DEADLINE_MS, type PeerWays } from '../../support/joining-peers.ts'
import { dump, killedAfter, ServedStates } from '../../support/joining-states.ts'

const BOUNDS = { accountsMax: 30, slotsMax: 20 }

async function createWorld(ways: Readonly<Record<string, PeerWays>>) {
  const random = createSeededRandom(5)
  const states = new ServedStates(random, BOUNDS)
  await states.addBlock(30)
  return { random, states, ways: new Map(Object.entries(ways)) }
}

describe('fetching a state', () => {
  it('ends where nobody is there, and goes on when somebody is', async () => {
    const world = await createWorld({})
    const store = createMemoryStore()
    const pivot = world.states.newest
    const outcome = outcomeOf(await runJoin(world, store, pivot))
    assert.deepEqual(outcome, { kind: 'unserved', reason: 'no connected peer serves it' })
    assert.deepEqual(readCheckpoint(store), FETCH_BEGUN)
    const later = { ...world, ways: new Map([['a', {}]]) }
    assert.deepEqual(outcomeOf(await runJoin(later, store, pivot)), { kind: 'done', point: pivot })
    await assertSame(store, await filled(world.states.model, pivot))
  })

  it('writes nothing of what liars say, and blames each of them', async () => {
    const world = await createWorld({ a: { liesOneIn: 1 }, b: { liesOneIn: 1 } })
    const store = createMemoryStore()
    const run = await runJoin(world, store, world.states.newest)
    assert.equal(outcomeOf(run).kind, 'unserved')
    assert.deepEqual(new Set(run.blamed), new Set(['a', 'b']))
    assert.deepEqual(readCheckpoint(store), FETCH_BEGUN)
    assert.deepEqual([...(await dump(store)).entries.keys()], ['J'])
  })

  it('moves to a newer block without waiting for the deadline of a silent peer', async () => {
    const world = await createWorld({ honest: {}, silent: { isSilent: true } })
    const [pivot] = world.states.points
    await world.states.addBlock(10)
    world.states.forgetOlder()
    const store = createMemoryStore()
    const run = await runJoin(world, store, pivot!)
    assert.deepEqual(outcomeOf(run), { kind: 'done', point: world.states.newest })
    await assertSame(store, await filled(world.states.model, world.states.newest))
    assert.deepEqual(run.blamed, [])
    assert.ok(run.elapsedMs < 10 * DEADLINE_MS, `${run.elapsedMs} ms`)
  })

  it('has no slot sent twice where a storage is larger than an answer', async () => {
    const world = await createWorld({ a: {}, b: {} })
    const { states } = world
    const store = createMemoryStore()
    const run = await runJoin(world, store, states.newest)
    assert.equal(outcomeOf(run).kind, 'done')
    const counts = [...states.model.values()].map(({ slots }) => slots.size)
    assert.ok(
      counts.some((count) => count > 6),
      'one is larger than an answer'
    )
    assert.equal(
      run.slotsCount,
      counts.reduce((sum, count) => sum + count, 0)
    )
  })

  it('takes back the slots of a large storage whose account is gone when the rest of them is fetched', async () => {
    const world = await createWorld({ a: {}, b: {} })
    const { states } = world
    const slots = Array.from({ length: 40 }, (_, index) => ({
      slotHash: new Uint8Array(32).fill(4 * index),
      value: Uint8Array.of(1)
    }))
    const addressHash = new Uint8Array(32).fill(0x77)
    const account = { nonce: 1n, balance: 1n, codeHash: undefined }
    const large = { addressHash, account, storageCleared: false, slots }
    await states.addChanges({ accounts: [large], codes: [] })
    const store = createMemoryStore()
    const isPartThere = () => {
      const { large = [] } = readCheckpoint(store) ?? {}
      return large.some(({ left }) => left.some((next) => next === undefined))
    }
    for (let batches = 1; !isPartThere(); batches++) {
      await runJoin({ ...world, itemsMax: 2 }, killedAfter(store, batches), states.newest)
    }
    const gone = { addressHash, account: undefined, storageCleared: true, slots: [] }
    await states.addChanges({ accounts: [gone], codes: [] })
    states.forgetOlder()
    const run = await runJoin(world, store, states.newest)
    assert.deepEqual(outcomeOf(run), { kind: 'done', point: states.newest })
    await assertSame(store, await filled(states.model, states.newest))
  })

  it('takes a state without accounts for what it is, and heals one of which all are gone', async () => {
    const world = await createWorld({ a: {}, b: {} })
    const none = new ServedStates(world.random, BOUNDS)
    await none.addChanges({ accounts: [], codes: [] })
    const old = await fillStore(world.states.model, world.states.newest)
    await makeHealing(old)
    for (const store of [createMemoryStore(), old]) {
      const run = await runJoin({ ...world, states: none }, store, none.newest)
      assert.deepEqual(outcomeOf(run), { kind: 'done', point: none.newest })
      await assertSame(store, await filled(none.model, none.newest))
    }
  })

  it('heals a state that is there but for what a block changed, and asks for little', async () => {
    const world = await createWorld({ a: {}, b: {} })
    const store = createMemoryStore()
    const [pivot] = world.states.points
    const whole = await runJoin(world, store, pivot!)
    assert.equal(outcomeOf(whole).kind, 'done')
    // As a run leaves it that has all segments, while its block is not served any more.
    await makeHealing(store)
    await world.states.addBlock(1)
    world.states.forgetOlder()
    let requestsCount = 0
    const onRequest = () => {
      requestsCount += 1
    }
    const healed = await runJoin(
      { ...world, onRequest, itemsMax: 1_024 },
      store,
      world.states.newest
    )
    assert.deepEqual(outcomeOf(healed), { kind: 'done', point: world.states.newest })
    await assertSame(store, await filled(world.states.model, world.states.newest))
    assert.ok(requestsCount < 15, `${requestsCount} requests`)
  })
})
