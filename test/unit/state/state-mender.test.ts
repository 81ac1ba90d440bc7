// Entries of a state that are damaged beyond what is left here: fetched from a source, put back, and waited for.
import assert from 'node:assert/strict'
import { bytesToHex, hexToBytes, type Hex } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import { accountKey, codeKey, keyToBytes, slotKey } from '../../../src/state/entry-key.ts'
import { MEND_AGAIN_MS, MEND_TRIES_MAX } from '../../../src/state/state-mender.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { journalHash } from '../../support/journalled-state.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'
import { testHash } from '../../support/state-model.ts'
import {
  ACCOUNTS,
  changesWith,
  CODE,
  CODE_HASH,
  dump,
  keysOf,
  makeStore,
  NODES,
  OWNER,
  Served,
  spoil
} from './mending-fixture.ts'

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('an entry of the state that nothing here can tell', () => {
  it('comes from peers while a block is computed, whatever else is damaged', async () => {
    const [store, sound] = [await makeStore(), await makeStore()]
    const before = await dump(sound)
    await spoil(store, await keysOf(store, [...NODES, STATE_PREFIX.account, STATE_PREFIX.slot]))
    const events: string[] = []
    const log = { ...silentLog, warn: (event: string) => void events.push(event) }
    const state = new StateStore({ store, log })
    state.mendFrom(new Served(sound))
    // Slots that are gone are looked for by nobody who only writes them.
    const layer = await state.prepare(journalHash(0), changesWith(2n))
    const wanted = await new StateStore({ store: sound, log: silentLog }).prepare(
      journalHash(0),
      changesWith(2n)
    )
    assert.equal(layer.root, wanted.root)
    assert.ok(events.includes('state-entry-mended'))
    const nodes = new Set(await dump(store))
    const isNode = (line: string) => NODES.includes(Number.parseInt(line.slice(2, 4), 16))
    assert.deepEqual(
      before.filter(isNode).filter((line) => !nodes.has(line)),
      []
    )
    assert.ok(state.mending().mendedCount > ACCOUNTS)
  })

  for (const [what, key, read] of [
    [
      'account',
      accountKey(testHash(5)),
      (state: StateStore) => state.view(journalHash(0))?.account(testHash(5))
    ],
    [
      'slot',
      slotKey(OWNER, testHash(1_004)),
      (state: StateStore) => state.view(journalHash(0))?.slot(OWNER, testHash(1_004))
    ],
    ['code', codeKey(CODE_HASH), (state: StateStore) => state.view(journalHash(0))?.code(CODE_HASH)]
  ] as const) {
    it(`fails one read of the ${what}, and is whole for the next`, async () => {
      const [store, sound] = [await makeStore(), await makeStore()]
      const wanted = read(new StateStore({ store: sound, log: silentLog }))
      const before = await dump(store)
      // With the way to it, so that no trie can tell it either.
      const way = await keysOf(store, NODES)
      await spoil(store, [
        ...way.filter((_, at) => at % 2 === 0),
        keyToBytes(key),
        ...way.filter((_, at) => at % 2 === 1)
      ])
      const state = new StateStore({ store, log: silentLog })
      state.mendFrom(new Served(sound))
      const failure = failureOf(() => read(state))
      assert.match(String(failure), /(node|code)-(damaged|missing)/)
      assert.equal(await state.mend(failure, journalHash(0)), true)
      assert.deepEqual(read(state), wanted)
      assert.deepEqual(Uint8Array.from(store.get(keyToBytes(key))!), soundValue(before, key))
    })
  }

  it('comes out of a newer state where nobody serves its own any more', async () => {
    const [store, sound] = [await makeStore(), await makeStore()]
    const source = new Served(sound)
    const [change] = changesWith(2n).accounts
    const layer = await source.state.prepare(journalHash(0), { accounts: [change!], codes: [] })
    source.state.add(layer, { number: 1n, hash: journalHash(1) })
    source.isServing = (root) => root === layer.root
    source.newer = [hexToBytes(layer.root)]
    const owner = bytesToHex(OWNER)
    const keys = await keysOf(store, [STATE_PREFIX.storageNode, STATE_PREFIX.slot])
    await spoil(
      store,
      keys.filter((key) => bytesToHex(key).slice(4, 68) === owner.slice(2))
    )
    const state = new StateStore({ store, log: silentLog })
    state.mendFrom(source)
    const view = state.view(journalHash(0))
    const readSlot = () => view?.slot(OWNER, testHash(1_001))
    const failure = failureOf(readSlot)
    assert.match(String(failure), /node-damaged/)
    assert.equal(await state.mend(failure, journalHash(0)), true)
    assert.deepEqual(readSlot(), Uint8Array.of(1))
  })

  it('is asked for so often and no more, and then after a pause', async () => {
    const store = await makeStore()
    await spoil(store, [keyToBytes(codeKey(CODE_HASH))])
    const clock = createManualClock()
    const source = new Served(createMemoryStore())
    source.code = () => {
      source.asked += 1
      return Promise.resolve(undefined)
    }
    const state = new StateStore({ store, log: silentLog, clock })
    state.mendFrom(source)
    const failure = failureOf(() => state.view(journalHash(0))?.code(CODE_HASH))
    const results: boolean[] = []
    const mend = () => state.mend(failure, journalHash(0)).then((one) => void results.push(one))
    await Promise.all([passing(clock, () => results.length === 2), mend(), mend()])
    assert.deepEqual(results, [false, false])
    assert.equal(source.asked, MEND_TRIES_MAX)
    const { mendedCount, unmendedCount, unmended } = state.mending()
    assert.deepEqual([mendedCount, unmendedCount], [0, 1])
    assert.equal(unmended[0]?.place, bytesToHex(CODE_HASH))
    await mend()
    assert.equal(source.asked, MEND_TRIES_MAX, 'it is not asked for again so soon')
    await clock.advance(MEND_AGAIN_MS)
    source.code = () => Promise.resolve(CODE)
    await mend()
    assert.equal(results.at(-1), true)
    assert.equal(state.mending().unmendedCount, 0)
  })

  it('is not written over a newer one', async () => {
    const [store, sound] = [await makeStore(), await makeStore()]
    const key = keyToBytes(accountKey(testHash(5)))
    await spoil(store, [...(await keysOf(store, NODES)), key])
    const source = new Served(sound)
    const nodes = source.nodes.bind(source)
    const newer = Uint8Array.of(1, 2, 3)
    source.nodes = async (...wanted) => {
      await store.batch([{ type: 'put', key, value: newer }], { sync: true })
      return nodes(...wanted)
    }
    const state = new StateStore({ store, log: silentLog })
    state.mendFrom(source)
    const failure = failureOf(() => state.view(journalHash(0))?.account(testHash(5)))
    assert.equal(await state.mend(failure, journalHash(0)), true)
    assert.deepEqual(Uint8Array.from(store.get(key)!), newer)
  })

  it('fails at once where there is nobody to ask', async () => {
    const store = await makeStore()
    await spoil(store, [keyToBytes(codeKey(CODE_HASH))])
    const state = new StateStore({ store, log: silentLog, clock: createManualClock() })
    const failure = failureOf(() => state.view(journalHash(0))?.code(CODE_HASH))
    assert.equal(await state.mend(failure, journalHash(0)), false)
    const alone = new Served(store)
    alone.isHopeless = () => true
    state.mendFrom(alone)
    assert.equal(await state.mend(failure, journalHash(0)), false)
    assert.equal(alone.asked, 0)
  })
})

function failureOf(read: () => unknown): unknown {
  try {
    read()
  } catch (thrown) {
    return thrown
  }
  return assert.fail('nothing failed')
}

async function passing(clock: ManualClock, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await settled()
    await clock.advance(1_000)
  }
}

function soundValue(lines: readonly string[], key: string): Uint8Array {
  const wanted = bytesToHex(keyToBytes(key))
  const line = lines.find((one) => one.startsWith(`${wanted} `))
  return hexToBytes(line!.split(' ')[1] as Hex)
}
