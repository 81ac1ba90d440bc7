// Trie nodes of the disk that are damaged or gone, made again of what else is there: each node of two tries, one by one.
import assert from 'node:assert/strict'
import { type Hex } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { type AccountChange } from '../../../src/state/state-view.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { journalHash } from '../../support/journalled-state.ts'
import { testHash } from '../../support/state-model.ts'

const ACCOUNTS = 40
const SLOTS = 40
const OWNER = testHash(3)

/** Every account, and every slot of one of them: a commit that reads every node. */
function changesWith(nonce: bigint): AccountChange[] {
  return Array.from({ length: ACCOUNTS }, (_, index) => testHash(index))
    .sort((one, other) => Buffer.compare(one, other))
    .map((addressHash) => ({
      addressHash,
      account: { nonce, balance: 1n, codeHash: undefined },
      storageCleared: false,
      slots: Buffer.compare(addressHash, OWNER) === 0 ? slotsWith(nonce) : []
    }))
}

function slotsWith(nonce: bigint) {
  return Array.from({ length: SLOTS }, (_, index) => testHash(1_000 + index))
    .sort((one, other) => Buffer.compare(one, other))
    .map((slotHash, at) => ({
      slotHash,
      value: at % 2 === 0 ? Uint8Array.of(Number(nonce)) : new Uint8Array(32).fill(7)
    }))
}

async function makeStore(): Promise<KeyValueStore> {
  const store = createMemoryStore()
  const state = new StateStore({ store, log: silentLog })
  const changes = { accounts: changesWith(1n), codes: [] }
  await state.resetToGenesis({ changes, number: 0n, hash: journalHash(0) })
  return store
}

async function keysOf(store: KeyValueStore, prefixes: readonly number[]): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = []
  for (const prefix of prefixes) {
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    for await (const [key] of store.iterate(range)) keys.push(Uint8Array.from(key))
  }
  return keys
}

const next = async (store: KeyValueStore, events: string[] = []): Promise<Hex> => {
  const log = { ...silentLog, warn: (event: string) => void events.push(event) }
  const state = new StateStore({ store, log })
  const { root } = await state.prepare(journalHash(0), { accounts: changesWith(2n), codes: [] })
  await state.idle()
  return root
}

const spoil = async (store: KeyValueStore, key: Uint8Array, isGone: boolean) => {
  const value = Uint8Array.from(store.get(key)!)
  value[value.length >> 1]! ^= 4
  await store.batch([isGone ? { type: 'del', key } : { type: 'put', key, value }], { sync: true })
}

describe('a damaged trie node', () => {
  it('is made again, whichever it is, and the block on it has the right root', async () => {
    const store = await makeStore()
    const root = await next(await makeStore())
    const keys = await keysOf(store, [STATE_PREFIX.accountNode, STATE_PREFIX.storageNode])
    assert.ok(keys.length > ACCOUNTS)
    for (const [at, key] of keys.entries()) {
      const sound = Uint8Array.from(store.get(key)!)
      await spoil(store, key, at % 2 === 0)
      const events: string[] = []
      assert.equal(await next(store, events), root, Buffer.from(key).toString('hex'))
      assert.deepEqual(events, ['trie-node-mended'])
      assert.deepEqual(Uint8Array.from(store.get(key)!), sound)
    }
  })
  it('is made again where all of them are gone at once', async () => {
    const store = await makeStore()
    const root = await next(await makeStore())
    for (const key of await keysOf(store, [STATE_PREFIX.storageNode])) await spoil(store, key, true)
    assert.equal(await next(store), root)
  })
  it('is named where the flat entry below it is damaged too, and nothing false is written', async () => {
    const store = await makeStore()
    const [leaf] = await keysOf(store, [STATE_PREFIX.accountNode]).then((keys) =>
      keys.sort((one, other) => other.length - one.length)
    )
    const path = Buffer.from(leaf!.subarray(1)).toString('latin1')
    const flat = (await keysOf(store, [STATE_PREFIX.account])).find((key) =>
      Buffer.from(key.subarray(1)).toString('hex').startsWith(path)
    )
    await spoil(store, leaf!, true)
    await spoil(store, flat!, false)
    await assert.rejects(next(store), new RegExp(`node-damaged place=/${path}`))
    assert.equal(store.get(leaf!), undefined)
  })
})
