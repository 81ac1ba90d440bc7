// Diff layers: what has left the window is let go of, and a lookup costs the same under any number of layers.
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bytesToHex } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import { accountKey, type EntryKey } from '../../../src/state/entry-key.ts'
import { Layer } from '../../../src/state/layer.ts'
import { LayerIndex } from '../../../src/state/layer-index.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { EMPTY_ROOT } from '../../../src/trie/trie.ts'
import { portOf } from '../../support/held-batches.ts'
import { journalHash } from '../../support/journalled-state.ts'
import { testHash } from '../../support/state-model.ts'
import { until } from '../../support/until.ts'

const KEY = accountKey(testHash(1))

describe('diff layers', () => {
  it('are let go of once they are part of the disk layer, and those of a branch that lost', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const state = new StateStore(
      { store: createMemoryStore(), log: silentLog },
      { diffLayersMax: 3, writeBufferMaxBlocks: 5 }
    )
    await state.resetToGenesis({ changes: changesOf(0), number: 0n, hash: journalHash(0) })
    const contents: WeakRef<object>[] = []
    const addBlock = async (number: number, branch: number) => {
      const prepared = await state.prepare(journalHash(number - 1), changesOf(number + branch))
      const hash = journalHash(number + branch)
      state.add(prepared, { number: BigInt(number), hash })
      contents.push(new WeakRef(prepared.content))
      return hash
    }
    for (let number = 1; number <= 40; number++) {
      if (number % 10 === 0) await addBlock(number, 1_000)
      state.cap(await addBlock(number, 0))
    }
    await state.idle()
    assert.ok(state.layersCount <= 4, `${String(state.layersCount)} layers`)
    // The lowest live layer still knows the merged one below it. What was begun last may hold one for some turns more.
    await until('contents are let go of', () => {
      collect()
      const heldCount = contents.filter((content) => content.deref() !== undefined).length
      return heldCount <= state.layersCount + 1
    })
  })

  it('are computed in turns, also where a block deletes very many accounts', async () => {
    const store = createMemoryStore()
    let readsCount = 0
    const get = (key: Uint8Array) => {
      readsCount++
      return store.get(key)
    }
    const state = new StateStore({ store: { ...portOf(store), get }, log: silentLog })
    const accounts = manyAccounts(20_000)
    const changes = { accounts, codes: [] }
    await state.resetToGenesis({ changes, number: 0n, hash: journalHash(0) })
    readsCount = 0
    const gone = accounts.map((change) => ({ ...change, account: undefined }))
    let isDone = false
    let [totalCount, mostCount] = [0, 0]
    const prepared = state.prepare(journalHash(0), { accounts: gone, codes: [] }).finally(() => {
      isDone = true
    })
    while (!isDone) {
      totalCount += readsCount
      mostCount = Math.max(mostCount, readsCount)
      readsCount = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await prepared).root, bytesToHex(EMPTY_ROOT))
    assert.ok(
      mostCount < totalCount / 4,
      `${String(mostCount)} of ${String(totalCount)} reads at once`
    )
  })

  it('are found in a constant number of steps, in new and old views, with forks beside them', () => {
    for (const layersCount of [16, 128, 1_024]) {
      const index = new LayerIndex()
      const chain: Layer[] = []
      for (let number = 1; number <= layersCount; number++) {
        const layer = layerOf(number, chain.at(-1))
        chain.push(layer)
        index.add(layer)
        if (number % 8 === 0) index.add(layerOf(number + 1, layer))
      }
      for (const top of chain) {
        stepsCount = 0
        assert.equal(index.find(KEY, top)?.layer, top)
        assert.ok(stepsCount <= 2, `${String(stepsCount)} steps at ${String(top.point.number)}`)
      }
    }
  })

  it('give the same answer whatever the order in which forks came and went', () => {
    const index = new LayerIndex()
    const low = layerOf(1, undefined)
    const left = layerOf(2, low)
    const leftTop = layerOf(3, left)
    const right = layerOf(2, low)
    const rightTop = layerOf(3, right)
    for (const layer of [low, left, leftTop, right, rightTop]) index.add(layer)
    assert.equal(index.find(KEY, right)?.layer, right)
    assert.equal(index.find(KEY, left)?.layer, left)
    index.remove(rightTop)
    index.remove(right)
    assert.equal(index.find(KEY, right)?.layer, low)
    assert.equal(index.find(KEY, leftTop)?.layer, leftTop)
  })
})

let layersMade = 0
let stepsCount = 0

/** Counts the layers that a lookup looks at. */
class CountingLayer extends Layer {
  override isBelow(other: Layer): boolean {
    stepsCount += 1
    return super.isBelow(other)
  }
}

/** Every layer writes the same entry, as every block writes the root of the account trie. */
function layerOf(number: number, parent: Layer | undefined): Layer {
  layersMade += 1
  const entries = new Map<EntryKey, Uint8Array>([[KEY, Uint8Array.of(number & 0xff)]])
  const point = { number: BigInt(number), hash: journalHash(layersMade), root: journalHash(0) }
  const content = { entries, cleared: new Set<string>(), sizeBytes: 34 }
  return new CountingLayer(point, parent, { parentHash: journalHash(0), content })
}

function manyAccounts(count: number) {
  const account = { nonce: 1n, balance: 1n, codeHash: undefined }
  return Array.from({ length: count }, (_, index) => testHash(index))
    .sort((one, other) => Buffer.compare(one, other))
    .map((addressHash) => ({ addressHash, account, storageCleared: false, slots: [] }))
}

function changesOf(nonce: number) {
  const account = { nonce: BigInt(nonce), balance: 1n, codeHash: undefined }
  const change = { addressHash: testHash(1), account, storageCleared: false, slots: [] }
  return { accounts: [change], codes: [] }
}
