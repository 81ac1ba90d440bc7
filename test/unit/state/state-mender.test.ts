// Entries of a state that are damaged beyond what is left here: fetched from a source, put back, and waited for.
import assert from 'node:assert/strict'
import { bytesToHex, hexToBytes, type Hex } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { silentLog } from '../../../src/base/log.ts'
import { accountKey, codeKey, keyToBytes, slotKey } from '../../../src/state/entry-key.ts'
import { type EntrySource } from '../../../src/state/entry-source.ts'
import { MEND_AGAIN_MS, MEND_TRIES_MAX } from '../../../src/state/state-mender.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { type AccountChange, type StateChanges } from '../../../src/state/state-view.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { nodeAtPath } from '../../../src/trie/proof.ts'
import { journalHash } from '../../support/journalled-state.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'
import { testHash } from '../../support/state-model.ts'

const ACCOUNTS = 24
const SLOTS = 24
const OWNER = testHash(3)
const CODE = Uint8Array.of(0x60, 1, 2, 3, 4, 5, 6, 7)
const CODE_HASH = keccak256(CODE)
const NODES = [STATE_PREFIX.accountNode, STATE_PREFIX.storageNode]
const ENTRIES = [...NODES, STATE_PREFIX.account, STATE_PREFIX.slot, STATE_PREFIX.code]

const sorted = (count: number, from: number) =>
  Array.from({ length: count }, (_, index) => testHash(from + index)).sort((one, other) =>
    Buffer.compare(one, other)
  )

/** Every account, and every slot of one of them. */
function changesWith(nonce: bigint): StateChanges {
  const accounts = sorted(ACCOUNTS, 0).map((addressHash): AccountChange => {
    const isOwner = Buffer.compare(addressHash, OWNER) === 0
    const value = Uint8Array.of(Number(nonce))
    return {
      addressHash,
      account: { nonce, balance: 1n, codeHash: isOwner ? CODE_HASH : undefined },
      storageCleared: false,
      slots: isOwner ? sorted(SLOTS, 1_000).map((slotHash) => ({ slotHash, value })) : []
    }
  })
  return { accounts, codes: nonce === 1n ? [CODE] : [] }
}

async function makeStore(): Promise<KeyValueStore> {
  const store = createMemoryStore()
  const state = new StateStore({ store, log: silentLog })
  await state.resetToGenesis({ changes: changesWith(1n), number: 0n, hash: journalHash(0) })
  return store
}

/** A sound state with a block above it, whose states are served as a peer serves them. */
class Served implements EntrySource {
  readonly state: StateStore
  asked = 0
  isServing: (root: Hex) => boolean = () => true
  newer: readonly Uint8Array[] = []

  constructor(store: KeyValueStore) {
    this.state = new StateStore({ store, log: silentLog })
  }

  isHopeless = () => false
  newerRoots = () => this.newer

  async node(
    root: Uint8Array,
    { owner, path, hash }: Parameters<EntrySource['node']>[1]
  ): Promise<Uint8Array | undefined> {
    this.asked += 1
    if (!this.isServing(bytesToHex(root))) return undefined
    const view = this.state.viewOfRoot(bytesToHex(root))
    assert.ok(view !== undefined, 'a root of no state was asked for')
    const top = owner === undefined ? root : view.storageRoot(owner)
    const node = nodeAtPath({ node: (at) => view.node(owner, at) }, top, path)
    // A peer that is asked with a wrong hash is blamed for what is ours.
    assert.equal(node && bytesToHex(keccak256(node)), bytesToHex(hash))
    return node
  }

  async code(codeHash: Uint8Array): Promise<Uint8Array | undefined> {
    this.asked += 1
    return this.state.code(codeHash)
  }
}

async function keysOf(store: KeyValueStore, prefixes: readonly number[]): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = []
  for (const prefix of prefixes) {
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [key] of store.iterate(range)) keys.push(Uint8Array.from(key))
  }
  return keys
}

async function dump(store: KeyValueStore): Promise<string[]> {
  const entries: string[] = []
  for (const key of await keysOf(store, ENTRIES)) {
    entries.push(`${bytesToHex(key)} ${bytesToHex(store.get(key)!)}`)
  }
  return entries
}

async function spoil(store: KeyValueStore, keys: readonly Uint8Array[]): Promise<void> {
  const operations = keys.map((key, at) => {
    if (at % 3 === 0) return { type: 'del', key } as const
    const value = Uint8Array.from(store.get(key)!)
    value[value.length >> 1]! ^= 4
    return { type: 'put', key, value } as const
  })
  await store.batch(operations, { sync: true })
}

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
    const node = source.node.bind(source)
    const newer = Uint8Array.of(1, 2, 3)
    source.node = async (...wanted) => {
      await store.batch([{ type: 'put', key, value: newer }], { sync: true })
      return node(...wanted)
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
