// A backup whose store began empty: it does not speak for the chain before it has caught up, whatever ends it meanwhile.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { type BlockRef } from '../../../src/chain/block.ts'
import { createJoining, storedJoining } from '../../../src/node/joining.ts'
import { type BlockAction } from '../../../src/recovery/decide.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { ref } from '../recovery/findings-fixture.ts'

const PEER = { peerId: 'a', multiaddr: '/ip4/10.0.0.1/tcp/9222/p2p/a' }
const FOLLOWS = { row: undefined, action: 'follow' } as const
const ADOPTS: BlockAction = {
  row: 5,
  action: 'adopt',
  target: { block: ref(9), holders: ['a'] }
}

/** One data directory, and what a process on it knows. */
function createDirectory() {
  const chainStore = createMemoryStore()
  const facts: { highest: BlockRef | undefined; blockAction: BlockAction } = {
    highest: undefined,
    blockAction: ADOPTS
  }
  const start = (role: 'backup' | 'sequencer' = 'backup') =>
    createJoining(
      {
        log: silentLog,
        stored: storedJoining({ chainStore }),
        accepted: { highestAccepted: () => facts.highest },
        recovery: { status: () => ({ blockAction: facts.blockAction, hasUnasked: false }) },
        connected: () => ['a']
      },
      { role, backups: [], peers: [PEER] }
    )
  return { facts, start }
}

describe('a backup with an empty store', () => {
  it('joins until it follows somebody that it dials', async () => {
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
