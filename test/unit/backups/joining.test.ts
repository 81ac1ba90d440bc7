// A backup whose store began empty: it does not speak for the chain before one whom it names has spoken and it has all.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { type BlockRef } from '../../../src/chain/blocks/block.ts'
import { createJoining, storedJoining } from '../../../src/backups/joining.ts'
import { type BlockAction } from '../../../src/recovery/decide/decide.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { ref } from '../recovery/findings-fixture.ts'

const PEER = { peerId: 'a', multiaddr: '/ip4/10.0.0.1/tcp/9222/p2p/a' }
const FOLLOWS = { action: 'follow' } as const
const ADOPTS: BlockAction = {
  action: 'adopt',
  target: { block: ref(9), holders: ['a'] }
}

interface Facts {
  highest: BlockRef | undefined
  blockAction: BlockAction
  hasUnasked: boolean
  heard: readonly string[]
  connected: readonly string[]
}

/** One data directory, and what a process on it knows. */
function createDirectory() {
  const chainStore = createMemoryStore()
  const warned: string[] = []
  const looks: (() => boolean)[] = []
  const facts: Facts = {
    highest: undefined,
    blockAction: ADOPTS,
    hasUnasked: false,
    heard: ['a'],
    connected: ['a']
  }
  const start = async (role: 'backup' | 'sequencer' = 'backup', peers = [PEER]) => {
    const joining = await createJoining(
      {
        log: { ...silentLog, warn: (event) => void warned.push(event) },
        stored: storedJoining(chainStore),
        accepted: { highestAccepted: () => facts.highest },
        recovery: { status: () => ({ ...facts, heard: new Set(facts.heard) }) },
        connected: () => facts.connected
      },
      { role, backups: [], peers }
    )
    looks.push(joining.looksJoining)
    return joining.isJoining
  }
  return { facts, start, warned, looks }
}

describe('a backup with an empty store', () => {
  it('joins until it follows and somebody whom it names has spoken', async () => {
    const { facts, start } = createDirectory()
    const isJoining = await start()
    facts.highest = ref(9)
    assert.equal(isJoining(), true)
    facts.blockAction = FOLLOWS
    assert.equal(isJoining(), false)
    facts.blockAction = ADOPTS
    assert.equal(isJoining(), false, 'once is enough')
    assert.equal((await start())(), false)
  })

  for (const [what, changed] of [
    ['only a stranger has spoken', { heard: ['stranger'], connected: ['a', 'stranger'] }],
    ['nobody has spoken for its store', { heard: [] }],
    ['whom it names has gone since', { connected: ['stranger'] }],
    ['somebody was not asked yet', { hasUnasked: true }]
  ] as const satisfies readonly (readonly [string, Partial<Facts>])[]) {
    it(`joins on while ${what}`, async () => {
      const { facts, start } = createDirectory()
      const isJoining = await start()
      Object.assign(facts, { blockAction: FOLLOWS }, changed)
      assert.equal(isJoining(), true)
      Object.assign(facts, { heard: ['a'], connected: ['a'], hasUnasked: false })
      assert.equal(isJoining(), false)
    })
  }

  it('that names nobody joins for ever, and says so', async () => {
    const { facts, start, warned } = createDirectory()
    const isJoining = await start('backup', [])
    facts.blockAction = FOLLOWS
    assert.equal(isJoining(), true)
    assert.deepEqual(warned, ['joining-for-ever'])
  })

  it('goes on joining where it was killed after gossip had brought a block', async () => {
    const { facts, start } = createDirectory()
    await start()
    facts.highest = ref(9)
    const isJoining = await start()
    assert.equal(isJoining(), true)
    facts.blockAction = FOLLOWS
    assert.equal(isJoining(), false)
  })
})

describe('a node that joins nothing', () => {
  it('is a sequencer, or a backup that has held blocks from before', async () => {
    const { facts, start } = createDirectory()
    assert.equal((await start('sequencer'))(), false)
    facts.highest = ref(9)
    assert.equal((await start())(), false)
  })
})
