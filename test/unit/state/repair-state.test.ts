// The state database of a stopped node put right: out of what is left in it, else out of a peer's states.
import assert from 'node:assert/strict'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import { codeKey, keyToBytes } from '../../../src/state/entry-key.ts'
import { type EntrySource } from '../../../src/state/entry-source.ts'
import { repairState } from '../../../src/state/repair-state.ts'
import { auditState } from '../../../src/state/state-audit.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { journalHash } from '../../support/journalled-state.ts'
import {
  changesWith,
  CODE_HASH,
  dump,
  ENTRIES,
  keysOf,
  makeStore,
  NODES,
  Served,
  spoil
} from './mending-fixture.ts'

const onProgress = () => Promise.resolve()

function repair(store: KeyValueStore, source?: EntrySource) {
  const deps = { store, log: silentLog, source, onProgress }
  return repairState(deps, new AbortController().signal)
}

async function faultsOf(store: KeyValueStore): Promise<string[]> {
  const faults: string[] = []
  const onFault = ({ kind, place }: { readonly kind: string; readonly place: string }) => {
    faults.push(`${kind} ${place}`)
  }
  await auditState(store, { onFault, onProgress })
  return faults
}

describe('repairing a state database', () => {
  it('makes every node again, and every flat entry, of the other ones', async () => {
    for (const prefixes of [NODES, [STATE_PREFIX.account, STATE_PREFIX.slot]]) {
      const store = await makeStore()
      const sound = await dump(store)
      const keys = await keysOf(store, prefixes)
      await spoil(store, keys)
      const done = await repair(store)
      assert.deepEqual(await dump(store), sound)
      assert.deepEqual(done, { fromDisk: keys.length, fromPeers: 0 })
    }
  })

  it('takes what nothing here tells from a peer, all of it if need be, and nothing else', async () => {
    const [store, other] = [await makeStore(), await makeStore()]
    const sound = await dump(store)
    await spoil(store, await keysOf(store, ENTRIES))
    const source = new Served(other)
    const { fromPeers } = await repair(store, source)
    assert.ok(fromPeers > NODES.length)
    assert.deepEqual(await dump(store), sound)
    assert.deepEqual(await faultsOf(store), [])
    const { asked } = source
    assert.deepEqual(await repair(store, source), { fromDisk: 0, fromPeers: 0 })
    assert.equal(source.asked, asked)
  })

  it('takes what has not changed since out of a newer state, and names the rest', async () => {
    const [store, other] = [await makeStore(), await makeStore()]
    const source = new Served(other)
    const [change] = changesWith(2n).accounts
    const layer = await source.state.prepare(journalHash(0), { accounts: [change!], codes: [] })
    source.state.add(layer, { number: 1n, hash: journalHash(1) })
    source.isServing = (root) => root === layer.root
    source.newer = [hexToBytes(layer.root)]
    const all = [STATE_PREFIX.storageNode, STATE_PREFIX.slot]
    const sound = await dump(store)
    await spoil(store, await keysOf(store, all))
    await repair(store, source)
    assert.deepEqual(await dump(store), sound)
    await spoil(store, await keysOf(store, [STATE_PREFIX.accountNode, STATE_PREFIX.account]))
    await repair(store, source)
    assert.deepEqual(await faultsOf(store), ['node /'])
  })

  it('leaves what nobody has, and names it', async () => {
    const store = await makeStore()
    await spoil(store, [keyToBytes(codeKey(CODE_HASH))])
    assert.deepEqual(await repair(store), { fromDisk: 0, fromPeers: 0 })
    assert.match(String(await faultsOf(store)), /^code 0x/)
  })
})
