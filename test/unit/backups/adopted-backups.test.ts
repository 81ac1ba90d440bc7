// The stored set of backups: read in both of its forms, with the addresses that are known, changed when the gate opens.
import assert from 'node:assert/strict'
import { type Log, silentLog } from '../../../src/base/log.ts'
import { createNamedValue } from '../../../src/chain/stored/named-value.ts'
import { AdoptedBackups, storedSets } from '../../../src/backups/adopted-backups.ts'
import { BackupRoster } from '../../../src/backups/backup-roster.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'

const peer = (peerId: string, port = 9222) => ({
  peerId,
  multiaddr: `/ip4/10.0.0.1/tcp/${String(port)}/p2p/${peerId}`
})
const ids = (backups: readonly { readonly peerId: string }[] | undefined) =>
  backups?.map(({ peerId }) => peerId)

/** A store whose set was written in this form, by whatever version. */
async function storeWith(form: unknown) {
  const chainStore = createMemoryStore()
  const raw = createNamedValue<unknown>(chainStore, 'backups', (json) => json)
  if (form !== undefined) await raw.save(form)
  return { chainStore, raw: () => raw.load() }
}

function rosterOf(
  configured: readonly string[],
  others: readonly string[] = [],
  added: readonly string[] = []
) {
  return new BackupRoster(
    { load: () => added.map((id) => peer(id)), save: () => Promise.resolve() },
    {
      configured: configured.map((id) => peer(id)),
      others: others.map((id) => peer(id)),
      ownPeerId: 'self'
    }
  )
}

describe('the stored set of backups', () => {
  it('is nothing before the gate opened for the first time', async () => {
    const { chainStore } = await storeWith(undefined)
    const adopted = new AdoptedBackups(storedSets(chainStore), rosterOf(['a']))
    await adopted.refresh(silentLog)
    assert.deepEqual([adopted.load(), adopted.opened(), adopted.former()], [[], undefined, []])
  })

  it('of a version that kept peer ids alone is the same set, its addresses unknown', async () => {
    const { chainStore } = await storeWith(['a', 'b'])
    const adopted = new AdoptedBackups(storedSets(chainStore), rosterOf(['a']))
    assert.deepEqual(adopted.load(), [['a', 'b']])
    assert.deepEqual(adopted.former(), [{ peerId: 'b' }])
  })

  it('takes over the addresses that the config knows, once, and knows them without it', async () => {
    const { chainStore, raw } = await storeWith(['a', 'b', 'c', 'd'])
    const roster = rosterOf(['a'], ['b'], ['c'])
    await new AdoptedBackups(storedSets(chainStore), roster).refresh(silentLog)
    assert.deepEqual(raw(), { opened: [peer('a'), peer('b'), peer('c'), { peerId: 'd' }] })
    const later = new AdoptedBackups(storedSets(chainStore), rosterOf(['e']))
    await later.refresh(silentLog)
    assert.deepEqual(later.former(), [peer('a'), peer('b'), peer('c'), { peerId: 'd' }])
  })

  it('follows a backup that has moved', async () => {
    const { chainStore } = await storeWith([peer('a', 1)])
    const adopted = new AdoptedBackups(storedSets(chainStore), rosterOf(['a']))
    await adopted.refresh(silentLog)
    const later = new AdoptedBackups(storedSets(chainStore), rosterOf([]))
    assert.deepEqual(later.former(), [peer('a')])
  })

  it('does not keep a start from going on when it cannot be written', async () => {
    const lines: string[] = []
    const log: Log = { ...silentLog, warn: (event) => void lines.push(event) }
    const stored = {
      load: () => ({ opened: [{ peerId: 'a' }] }),
      save: () => Promise.reject(new Error('full'))
    }
    const adopted = new AdoptedBackups(stored, rosterOf(['a']))
    await adopted.refresh(log)
    assert.deepEqual(lines, ['backup-addresses-not-kept'])
    assert.deepEqual(adopted.load(), [['a']])
  })

  it('counts beside the new one until the gate is open, also for the process after this one', async () => {
    const { chainStore, raw } = await storeWith([peer('a'), peer('b')])
    const adopted = new AdoptedBackups(storedSets(chainStore), rosterOf(['a', 'c']))
    await adopted.announce(['a', 'c'])
    const next = new AdoptedBackups(storedSets(chainStore), rosterOf(['d']))
    for (const { load, opened } of [adopted, next].map((one) => ({
      load: one.load(),
      opened: one.opened()
    }))) {
      assert.deepEqual(load, [
        ['a', 'b'],
        ['a', 'c']
      ])
      assert.deepEqual(opened, ['a', 'b'])
    }
    assert.deepEqual(adopted.former(), [peer('b')])
    assert.deepEqual(next.former(), [peer('a'), peer('b'), peer('c')])
    await adopted.settle()
    assert.deepEqual(raw(), { opened: [peer('a'), peer('c')] })
    assert.deepEqual([adopted.load(), adopted.former()], [[['a', 'c']], []])
  })

  it('is the one that the gate opened under, though it was about to open under another before', async () => {
    const { chainStore, raw } = await storeWith({ opened: [peer('a'), peer('b')] })
    const roster = rosterOf(['a'], [], ['b'])
    const adopted = new AdoptedBackups(storedSets(chainStore), roster)
    await adopted.announce(['a'])
    await adopted.announce(['a', 'b'])
    await adopted.settle()
    assert.deepEqual(raw(), { opened: [peer('a'), peer('b')] })
  })

  it('counts on beside every one that the gate may have opened under since', async () => {
    const { chainStore, raw } = await storeWith({ opened: [peer('a')] })
    await new AdoptedBackups(storedSets(chainStore), rosterOf(['b'])).announce(['b'])
    await new AdoptedBackups(storedSets(chainStore), rosterOf(['c'])).announce(['c'])
    const adopted = new AdoptedBackups(storedSets(chainStore), rosterOf(['c']))
    await adopted.refresh(silentLog)
    assert.deepEqual(adopted.load(), [['a'], ['b'], ['c']])
    assert.deepEqual(adopted.former(), [peer('a'), peer('b')])
    await adopted.settle()
    assert.deepEqual(raw(), { opened: [peer('c')] })
  })

  it('is not written again where nothing of it changed', async () => {
    const { chainStore } = await storeWith({ opened: [peer('a')] })
    const stored = storedSets(chainStore)
    let savesCount = 0
    const counted = {
      load: () => stored.load(),
      async save() {
        savesCount += 1
        return Promise.resolve()
      }
    }
    const adopted = new AdoptedBackups(counted, rosterOf(['a']))
    await adopted.announce(['a'])
    await adopted.settle()
    assert.equal(savesCount, 0)
    assert.deepEqual(adopted.load(), [['a']])
  })

  it('keeps the address of one that is removed while the gate opens', async () => {
    const { chainStore, raw } = await storeWith(undefined)
    const roster = rosterOf(['a'], [], ['b'])
    const adopted = new AdoptedBackups(storedSets(chainStore), roster)
    const counted = roster.ids()
    await roster.remove('b')
    await adopted.announce(counted)
    await adopted.settle()
    assert.deepEqual(raw(), { opened: [peer('a'), peer('b')] })
    assert.deepEqual(ids(adopted.former()), ['b'])
  })

  for (const [what, form] of [
    ['another kind of value', { a: peer('a') }],
    ['a member of another form', [{ ...peer('a'), weight: 2 }]],
    ['a member without a peer id', [{ multiaddr: '/ip4/10.0.0.1/tcp/1' }]]
  ] as const) {
    it(`is refused, not misread, where ${what} is stored`, async () => {
      const { chainStore } = await storeWith(form)
      assert.throws(
        () => new AdoptedBackups(storedSets(chainStore), rosterOf([])),
        /named-value-invalid/
      )
    })
  }
})
