// The state store against a plain model and @ethereumjs/mpt: random blocks, forks, caps, flushes, restarts.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { silentLog } from '../../src/base/log.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { type Account, type StateView } from '../../src/state/state-view.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import {
  copyModel,
  drawChanges,
  type ModelState,
  oracleRoot,
  testHash
} from '../support/state-model.ts'

const ACCOUNTS = 24
const OPTIONS = { diffLayersMax: 3, writeBufferMaxBlocks: 4 }

function assertView(view: StateView | undefined, model: ModelState): void {
  assert.ok(view !== undefined, 'the state is readable')
  for (let index = 0; index < ACCOUNTS; index++) {
    const addressHash = testHash(index)
    const expected = model.get(bytesToHex(addressHash))
    const account: Account | undefined = view.account(addressHash)
    assert.equal(account?.nonce, expected?.nonce)
    assert.equal(account?.balance, expected?.balance)
    assert.deepEqual(
      account?.codeHash && bytesToHex(account.codeHash),
      expected?.codeHash && bytesToHex(expected.codeHash)
    )
    for (let slot = 0; slot < 12; slot++) {
      const slotHash = testHash(1000 + slot)
      const value = view.slot(addressHash, slotHash)
      const expectedValue = expected?.slots.get(bytesToHex(slotHash))
      assert.deepEqual(value && bytesToHex(value), expectedValue && bytesToHex(expectedValue))
    }
  }
}

function blockHash(number: number, branch: string): Hex {
  return bytesToHex(testHash(10_000 + 2 * number + (branch === 'a' ? 0 : 1)))
}

describe('state store', () => {
  it('equals the model and the oracle through blocks, forks, flushes and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = createSeededRandom(seed)
        const database = createMemoryStore()
        let state = new StateStore({ store: database, log: silentLog }, OPTIONS)
        const model: ModelState = new Map()
        const changes = drawChanges(random, model, ACCOUNTS)
        let headHash = blockHash(0, 'a')
        const root = await state.resetToGenesis({ changes, number: 0n, hash: headHash })
        assert.equal(root, await oracleRoot(model))
        const models = new Map([[headHash, copyModel(model)]])
        for (let number = 1; number <= 14; number++) {
          if (random.below(4) === 0) {
            const sideModel = copyModel(model)
            const side = await state.prepare(headHash, drawChanges(random, sideModel, ACCOUNTS))
            const hash = blockHash(number, 'b')
            state.add(side, { number: BigInt(number), hash })
            assertView(state.view(hash), sideModel)
          }
          const parent = headHash
          const prepared = await state.prepare(parent, drawChanges(random, model, ACCOUNTS))
          headHash = blockHash(number, 'a')
          assert.equal(prepared.root, await oracleRoot(model))
          state.add(prepared, { number: BigInt(number), hash: headHash })
          state.cap(headHash)
          models.set(headHash, copyModel(model))
          for (const [hash, known] of models) {
            if (state.isReadable(hash)) assertView(state.view(hash), known)
          }
          if (random.below(5) === 0) {
            await state.flushAll(headHash)
            state = new StateStore({ store: database, log: silentLog }, OPTIONS)
            assert.equal(state.diskPoint()?.hash, headHash)
            assertView(state.view(headHash), model)
          }
        }
      }),
      { numRuns: 15 }
    )
  })

  it('gives each root of blocks that become one layer, and the state after the last of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = createSeededRandom(seed)
        const database = createMemoryStore()
        let state = new StateStore({ store: database, log: silentLog }, OPTIONS)
        const model: ModelState = new Map()
        let headHash = blockHash(0, 'a')
        const changes = drawChanges(random, model, ACCOUNTS)
        await state.resetToGenesis({ changes, number: 0n, hash: headHash })
        let number = 0
        for (let batch = 0; batch < 4; batch++) {
          const before = copyModel(model)
          const parent = headHash
          const series = state.beginSeries(parent)
          for (let count = 1 + random.below(8); count > 0; count--) {
            const { root } = await series.add(drawChanges(random, model, ACCOUNTS))
            assert.equal(root, await oracleRoot(model))
            for (const [address, { nonce, balance }] of model) {
              const account = series.account(hexToBytes(address))
              assert.deepEqual([account?.nonce, account?.balance], [nonce, balance])
            }
            number += 1
          }
          headHash = blockHash(number, 'a')
          state.add(await series.finish(), { number: BigInt(number), hash: headHash })
          assertView(state.view(headHash), model)
          assertView(state.view(parent), before)
          state.cap(headHash)
          const prepared = await state.prepare(headHash, drawChanges(random, model, ACCOUNTS))
          number += 1
          headHash = blockHash(number, 'a')
          assert.equal(prepared.root, await oracleRoot(model))
          state.add(prepared, { number: BigInt(number), hash: headHash })
          assertView(state.view(headHash), model)
          if (random.below(2) === 0) continue
          await state.flushAll(headHash)
          state = new StateStore({ store: database, log: silentLog }, OPTIONS)
          assertView(state.view(headHash), model)
        }
      }),
      { numRuns: 20 }
    )
  })

  it('finds exactly the last flushed block after it was killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = createSeededRandom(seed)
        const database = createMemoryStore()
        const state = new StateStore({ store: database, log: silentLog }, OPTIONS)
        const model: ModelState = new Map()
        const models = new Map<Hex, ModelState>()
        let headHash = blockHash(0, 'a')
        const changes = drawChanges(random, model, ACCOUNTS)
        await state.resetToGenesis({ changes, number: 0n, hash: headHash })
        models.set(headHash, copyModel(model))
        for (let number = 1; number <= 12; number++) {
          const prepared = await state.prepare(headHash, drawChanges(random, model, ACCOUNTS))
          headHash = blockHash(number, 'a')
          state.add(prepared, { number: BigInt(number), hash: headHash })
          state.cap(headHash)
          models.set(headHash, copyModel(model))
        }
        const reopened = new StateStore({ store: database, log: silentLog }, OPTIONS)
        const point = reopened.diskPoint()
        assert.ok(point !== undefined)
        const expected = models.get(point.hash)
        assert.ok(expected !== undefined)
        assertView(reopened.view(point.hash), expected)
        assert.equal(point.root, await oracleRoot(expected))
      }),
      { numRuns: 15 }
    )
  })

  it('says that a view is stale instead of answering from another block', async () => {
    const state = new StateStore({ store: createMemoryStore(), log: silentLog }, OPTIONS)
    const model: ModelState = new Map()
    const random = createSeededRandom(1)
    let headHash = blockHash(0, 'a')
    const changes = drawChanges(random, model, ACCOUNTS)
    await state.resetToGenesis({ changes, number: 0n, hash: headHash })
    const genesis = state.view(headHash)
    for (let number = 1; number <= 6; number++) {
      const prepared = await state.prepare(headHash, drawChanges(random, model, ACCOUNTS))
      headHash = blockHash(number, 'a')
      state.add(prepared, { number: BigInt(number), hash: headHash })
      state.cap(headHash)
    }
    assert.throws(() => genesis?.account(testHash(0)), /view-stale/)
  })

  it('answers a damaged flat entry from the trie and mends it', async () => {
    const database = createMemoryStore()
    const warnings: string[] = []
    const log = { ...silentLog, warn: (event: string) => void warnings.push(event) }
    const state = new StateStore({ store: database, log }, OPTIONS)
    const model: ModelState = new Map()
    const changes = drawChanges(createSeededRandom(3), model, ACCOUNTS)
    const hash = blockHash(0, 'a')
    await state.resetToGenesis({ changes, number: 0n, hash })
    const [address] = [...model.keys()]
    assert.ok(address !== undefined)
    const key = new Uint8Array([0x41, ...hexToBytes(address)])
    const value = database.get(key)
    assert.ok(value !== undefined)
    value[value.length - 1]! ^= 1
    await database.batch([{ type: 'put', key, value }], { sync: true })
    const reopened = new StateStore({ store: database, log }, OPTIONS)
    assertView(reopened.view(hash), model)
    assert.deepEqual(warnings, ['flat-entry-mended'])
    assertView(reopened.view(hash), model)
    assert.equal(warnings.length, 1, 'it was written back')
  })
})
