// The audit of a state database: silent on a sound one, exact about every single damage.
import assert from 'node:assert/strict'
import { auditState, type StateFault } from '../../../src/state/state-audit.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { createJournalledStore, journalHash } from '../../support/journalled-state.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
const LAYERS = 12

describe(`the audit of a state database (seed ${String(SEED)})`, () => {
  const directory = useTemporaryDirectory()

  async function makeStore(): Promise<KeyValueStore> {
    const made = await createJournalledStore(directory.path, { seed: SEED, layersCount: LAYERS })
    await made.state.flushAll(journalHash(LAYERS))
    return made.store
  }

  async function audit(store: KeyValueStore) {
    const faults: StateFault[] = []
    let progressCount = 0
    const result = await auditState(store, {
      onFault: (fault) => void faults.push(fault),
      async onProgress() {
        progressCount += 1
      }
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
        const damaged = Uint8Array.from(value)
        damaged[damaged.length >> 1]! ^= 0x10
        await store.batch([{ type: 'put', key, value: damaged }], { sync: true })
        const { faults } = await audit(store)
        const found = faults.filter(({ kind }) => (kinds as readonly string[]).includes(kind))
        const isStaleCode = prefix === STATE_PREFIX.code && faults.length === 0
        if (!isStaleCode) assert.ok(found.length > 0, `${what} ${Buffer.from(key).toString('hex')}`)
        for (const { place } of found)
          assert.ok(placeOf(key, prefix).startsWith(place.slice(0, 66)))
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

  it('finds entries that nothing leads to', async () => {
    const store = await makeStore()
    for (const prefix of [STATE_PREFIX.account, STATE_PREFIX.slot, STATE_PREFIX.storageNode]) {
      const key = Uint8Array.of(prefix, ...new Uint8Array(64).fill(0xee))
      await store.batch([{ type: 'put', key, value: Uint8Array.of(1) }], { sync: true })
      const { faults } = await audit(store)
      assert.deepEqual(
        faults.map(({ kind }) => kind),
        ['stray']
      )
      await store.batch([{ type: 'del', key }], { sync: true })
    }
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

/** How the audit names the place of an entry, up to where a storage trie begins. */
function placeOf(key: Uint8Array, prefix: number): string {
  const hex = Buffer.from(key.subarray(1)).toString('hex')
  if (prefix === STATE_PREFIX.accountNode)
    return `/${Buffer.from(key.subarray(1)).toString('latin1')}`
  return `0x${hex}`
}
