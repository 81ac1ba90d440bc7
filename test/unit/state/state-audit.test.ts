// The audit of a state database: silent on a sound one, exact about every single damage.
import assert from 'node:assert/strict'
import { bytesToHex, compareBytes } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import { type AuditHooks, auditState, type StateFault } from '../../../src/state/state-audit.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import {
  type BatchOperation,
  type KeyRange,
  type KeyValueStore
} from '../../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import { createJournalledStore, journalHash } from '../../support/journalled-state.ts'
import { testHash } from '../../support/state-model.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
const LAYERS = 12

/** What strays are made of: the prefix, 32 bytes, and what follows in such a key. */
const STRAYS = [
  ['account', STATE_PREFIX.account, []],
  ['slot', STATE_PREFIX.slot, Array.from({ length: 32 }, () => 7)],
  ['node', STATE_PREFIX.storageNode, [...Buffer.from('07af')]]
] as const

describe(`the audit of a state database (seed ${String(SEED)})`, () => {
  const directory = useTemporaryDirectory()

  async function makeStore(): Promise<KeyValueStore> {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: LAYERS })
    await made.state.flushAll(journalHash(LAYERS))
    return made.store
  }

  async function audit(store: Pick<KeyValueStore, 'get' | 'iterate'>, mend?: AuditHooks['mend']) {
    const faults: StateFault[] = []
    let progressCount = 0
    const result = await auditState(store, {
      onFault: (fault) => void faults.push(fault),
      async onProgress() {
        progressCount += 1
      },
      ...(mend && { mend })
    })
    return { faults, result, progressCount }
  }

  it('finds nothing in a sound one, and counts what it holds', async () => {
    const store = await makeStore()
    const { faults, result } = await audit(store)
    assert.deepEqual(faults, [])
    assert.equal(result.point?.hash, journalHash(LAYERS))
    assert.equal(result.accountsCount, await countKeys(store, STATE_PREFIX.account))
    assert.equal(result.slotsCount, await countKeys(store, STATE_PREFIX.slot))
    assert.ok(result.accountsCount > 0 && result.slotsCount > 0 && result.codesCount > 0)
  })

  for (const [what, prefix, kinds] of [
    ['flat account', STATE_PREFIX.account, ['account']],
    ['flat slot', STATE_PREFIX.slot, ['slot']],
    ['account trie node', STATE_PREFIX.accountNode, ['node']],
    ['storage trie node', STATE_PREFIX.storageNode, ['node']],
    ['code', STATE_PREFIX.code, ['code']]
  ] as const) {
    it(`finds a flipped bit in every ${what}, and names its place`, async () => {
      const store = await makeStore()
      for (const [key, value] of await entriesOf(store, prefix)) {
        await flip(store, key, value)
        const { faults } = await audit(store)
        const isStaleCode = prefix === STATE_PREFIX.code && faults.length === 0
        if (!isStaleCode)
          assert.deepEqual(placesOf(faults), [{ kind: kinds[0], place: placeOf(key) }])
        await store.batch([{ type: 'put', key, value }], { sync: true })
      }
      assert.deepEqual((await audit(store)).faults, [])
    })

    it(`finds a missing ${what}`, async () => {
      const store = await makeStore()
      for (const [key, value] of (await entriesOf(store, prefix)).slice(0, 10)) {
        await store.batch([{ type: 'del', key }], { sync: true })
        const { faults } = await audit(store)
        const isStaleCode = prefix === STATE_PREFIX.code && faults.length === 0
        if (!isStaleCode) assert.ok(faults.some(({ kind }) => kind === kinds[0]))
        await store.batch([{ type: 'put', key, value }], { sync: true })
      }
    })
  }

  it('names every entry that nothing leads to, at the ends and in between', async () => {
    const store = await makeStore()
    for (const [kind, prefix, trailing] of STRAYS) {
      const known = (await entriesOf(store, prefix))[3]?.[0] ?? new Uint8Array()
      // Beside a node there may be another one: the first neighbour that is not there.
      const between = [1, 2, 3, 4, 5, 6, 7]
        .map((bits) => Uint8Array.from([...known.subarray(0, -1), known.at(-1)! ^ bits]))
        .find((key) => store.get(key) === undefined)!
      const [low, high] = [0x00, 0xff].map((byte) =>
        Uint8Array.from([prefix, ...new Uint8Array(32).fill(byte), ...trailing])
      )
      const strays = [low!, between, high!]
      for (const key of strays) await put(store, key, Uint8Array.of(1))
      const { faults } = await audit(store)
      assert.deepEqual(
        faults.map(({ kind: found, place, problem }) => [found, place, problem]),
        strays.map((key) => [kind, placeOf(key), 'no trie leads to it'])
      )
      for (const key of strays) await store.batch([{ type: 'del', key }], { sync: true })
    }
    assert.deepEqual((await audit(store)).faults, [])
  })

  it('mends flat entries and removes what nothing leads to, and leaves what only hashes prove', async () => {
    const store = await makeStore()
    const sound = await everything(store)
    const damaged = new Set<string>()
    for (const prefix of [STATE_PREFIX.account, STATE_PREFIX.slot]) {
      for (const [at, [key, value]] of (await entriesOf(store, prefix)).entries()) {
        if (at % 3 === 0) await flip(store, key, value)
        else if (at % 3 === 1) await store.batch([{ type: 'del', key }], { sync: true })
        else continue
        damaged.add(placeOf(key))
      }
      const stray = Uint8Array.of(prefix, ...new Uint8Array(64).fill(0xee))
      await put(store, stray, Uint8Array.of(1))
      damaged.add(placeOf(stray))
    }
    const mended: BatchOperation[] = []
    const { faults } = await audit(store, async (operation) => void mended.push(operation))
    assert.deepEqual(new Set(faults.map(({ place }) => place)), damaged)
    assert.ok(faults.every(({ isMended }) => isMended))
    await store.batch(mended, { sync: true })
    assert.deepEqual(await everything(store), sound)

    const [[key, value] = []] = await entriesOf(store, STATE_PREFIX.accountNode)
    await flip(store, key!, value!)
    const left = await audit(store, async () => assert.fail('a root is not mended'))
    assert.deepEqual(
      left.faults.map(({ kind, place, isMended }) => [kind, place, isMended]),
      [['node', '/', false]]
    )
  })

  it('goes on beside what the database cannot read, and names it', async () => {
    const store = await makeStore()
    const [[unreadable] = []] = await entriesOf(store, STATE_PREFIX.slot)
    const error = new StoreError({ code: 'store-damaged', path: 'state', reason: 'bad block' })
    const failing = {
      iterate: (range: KeyRange) => store.iterate(range),
      get(key: Uint8Array) {
        if (compareBytes(key, unreadable!) === 0) throw error
        return store.get(key)
      }
    }
    const { faults } = await audit(failing)
    assert.deepEqual(placesOf(faults), [{ kind: 'slot', place: placeOf(unreadable!) }])
    assert.match(faults[0]?.problem ?? '', /cannot be read.*bad block/)
  })

  it('says how far it is, within one account of many slots too', async () => {
    const store = createMemoryStore()
    const slots = Array.from({ length: 2_000 }, (_, slot) => ({
      slotHash: testHash(slot),
      value: Uint8Array.of(1)
    })).sort((one, other) => compareBytes(one.slotHash, other.slotHash))
    const account = { nonce: 1n, balance: 1n, codeHash: undefined }
    const change = { addressHash: testHash(1), account, storageCleared: false, slots }
    const state = new StateStore({ store, log: silentLog })
    const changes = { accounts: [change], codes: [] }
    await state.resetToGenesis({ changes, number: 0n, hash: journalHash(0) })
    const { faults, result, progressCount } = await audit(store)
    assert.deepEqual(faults, [])
    assert.equal(result.slotsCount, slots.length)
    assert.ok(progressCount >= slots.length / 256, `${String(progressCount)} times`)
  })

  it('says so when the block it stands for is damaged or missing', async () => {
    const store = await makeStore()
    const [[key, value] = [new Uint8Array(), new Uint8Array()]] = await entriesOf(
      store,
      STATE_PREFIX.point
    )
    const damaged = Uint8Array.from(value)
    damaged[3]! ^= 1
    await store.batch([{ type: 'put', key, value: damaged }], { sync: true })
    assert.equal((await audit(store)).faults[0]?.kind, 'point')
    await store.batch([{ type: 'del', key }], { sync: true })
    assert.match((await audit(store)).faults[0]?.problem ?? '', /no state/)
  })
})

async function entriesOf(store: KeyValueStore, prefix: number) {
  const entries: [Uint8Array, Uint8Array][] = []
  const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
  for await (const [key, value] of store.iterate(range)) entries.push([key, value])
  return entries
}

async function countKeys(store: KeyValueStore, prefix: number): Promise<number> {
  return (await entriesOf(store, prefix)).length
}

/** How the audit names the place of an entry. */
function placeOf(key: Uint8Array): string {
  const hex = (start: number, end?: number) => bytesToHex(key.subarray(start, end))
  const text = (start: number) => Buffer.from(key.subarray(start)).toString('latin1')
  if (key[0] === STATE_PREFIX.accountNode) return `/${text(1)}`
  if (key[0] === STATE_PREFIX.storageNode) return `${hex(1, 33)}/${text(33)}`
  return key[0] === STATE_PREFIX.slot ? `${hex(1, 33)}/${hex(33)}` : hex(1, 33)
}

function placesOf(faults: readonly StateFault[]) {
  return faults.map(({ kind, place }) => ({ kind, place }))
}

async function everything(store: KeyValueStore): Promise<Readonly<Record<string, string>>> {
  const all: Record<string, string> = {}
  for (const prefix of Object.values(STATE_PREFIX)) {
    for (const [key, value] of await entriesOf(store, prefix))
      all[bytesToHex(key)] = bytesToHex(value)
  }
  return all
}

async function put(store: KeyValueStore, key: Uint8Array, value: Uint8Array): Promise<void> {
  await store.batch([{ type: 'put', key, value }], { sync: true })
}

async function flip(store: KeyValueStore, key: Uint8Array, value: Uint8Array): Promise<void> {
  const damaged = Uint8Array.from(value)
  damaged[damaged.length >> 1]! ^= 0x10
  await put(store, key, damaged)
}
