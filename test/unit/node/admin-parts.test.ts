// What admin_ methods do in a node: sequencing by hash, backups added and removed, and each refusal.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { createAdminPort } from '../../../src/node/admin-parts.ts'
import { BackupRoster } from '../../../src/backups/backup-roster.ts'
import { type PeerAddress } from '../../../src/config/node-config.ts'
import { SequencingError } from '../../../src/recovery/sequencing-switch.ts'
import { RpcError } from '../../../src/rpc/rpc-error.ts'
import { ref } from '../recovery/findings-fixture.ts'

const peer = (id: string): PeerAddress => ({
  multiaddr: `/ip4/10.0.0.1/tcp/1/p2p/${id}`,
  peerId: id
})

function createNode({ isBackup = false, saves = () => Promise.resolve() } = {}) {
  const events: string[] = []
  let stored: readonly PeerAddress[] | undefined
  let head = ref(10)
  let isOn = true
  const roster = new BackupRoster(
    {
      load: () => stored,
      async save(backups) {
        await saves()
        stored = backups
      }
    },
    { configured: [peer('first')], ownPeerId: 'self' }
  )
  const port = createAdminPort({
    log: silentLog,
    applier: { head: () => head as Block },
    recovery: {
      onBackupsChanged: () => void events.push('changed'),
      sequencing: {
        isOn: () => isOn,
        stop() {
          if (!isOn) throw new SequencingError({ code: 'sequencing-is-off' })
          isOn = false
        },
        start(given) {
          if (isOn) throw new SequencingError({ code: 'sequencing-is-on' })
          if (given !== head.hash) throw new SequencingError({ code: 'not-the-head', given, head })
          isOn = true
        }
      }
    },
    sequencer: isBackup
      ? undefined
      : {
          async settled() {
            await Promise.resolve()
            head = ref(11)
          }
        },
    roster,
    network: {
      keepConnected: (address) => void events.push(`keep ${address}`),
      letGo: (id) => void events.push(`let go ${id}`)
    },
    former: { onBackupsChanged: () => void events.push('former') },
    isPeer: (id) => id === 'friend',
    parsePeer(text) {
      if (!text.startsWith('/')) throw new Error('it is no multiaddr')
      return peer(text.split('/').at(-1) ?? '')
    }
  })
  return { port, roster, events, stored: () => stored }
}

const refused =
  (message: RegExp, code = -32000) =>
  (thrown: unknown) => {
    assert.ok(thrown instanceof RpcError)
    assert.equal(thrown.code, code)
    assert.match(thrown.message, message)
    return true
  }

describe('admin methods of a node', () => {
  it('stop answers with the head after the block that was on its way', async () => {
    const { port } = createNode()
    assert.equal(await port.stopSequencer(), ref(11).hash)
    assert.equal(port.isSequencerActive(), false)
    await assert.rejects(port.stopSequencer(), refused(/^sequencer not running$/))
  })

  it('start takes the head’s hash and no other', async () => {
    const { port } = createNode()
    const start = (number: number) => {
      port.startSequencer(ref(number).hash)
    }
    assert.throws(
      () => {
        start(10)
      },
      refused(/^sequencer already running$/)
    )
    await port.stopSequencer()
    assert.throws(
      () => {
        start(10)
      },
      refused(/^block hash does not match: head 0x[0-9a-f]{64}, received 0x[0-9a-f]{64}$/)
    )
    start(11)
    assert.equal(port.isSequencerActive(), true)
  })

  it('add a backup: stored, dialled, counted; and remove it again', async () => {
    const { port, roster, events, stored } = createNode()
    const { multiaddr } = peer('second')
    const change = await port.addBackup(multiaddr)
    assert.deepEqual(change, { peerId: 'second', backups: ['first', 'second'] })
    assert.deepEqual(stored(), [peer('second')])
    assert.deepEqual(events, [`keep ${multiaddr}`, 'former', 'changed'])
    assert.deepEqual((await port.removeBackup('second')).backups, ['first'])
    assert.deepEqual(stored(), [])
    assert.deepEqual(roster.ids(), ['first'])
    assert.deepEqual(events.slice(3), ['let go second', 'former', 'changed'])
  })

  it('keep a peer of the config connected that is no backup any more', async () => {
    const { port, events } = createNode()
    await port.addBackup(peer('friend').multiaddr)
    await port.removeBackup('friend')
    assert.equal(events.includes('let go friend'), false)
  })

  it('refuse what is no backup to add or to remove, and change nothing', async () => {
    const { port, events, stored } = createNode()
    await assert.rejects(port.addBackup('nonsense'), refused(/it is no multiaddr/, -32602))
    await assert.rejects(port.addBackup(peer('first').multiaddr), refused(/a backup already/))
    await assert.rejects(port.addBackup(peer('self').multiaddr), refused(/this node itself/))
    await assert.rejects(port.removeBackup('first'), refused(/by the config/))
    await assert.rejects(port.removeBackup('nobody'), refused(/is no backup/))
    assert.deepEqual([events, stored()], [[], undefined])
  })

  it('refuse a backup too many', async () => {
    const { port, roster } = createNode()
    for (let index = 1; index < 32; index++) await port.addBackup(peer(`p${index}`).multiaddr)
    assert.equal(roster.ids().length, 32)
    await assert.rejects(port.addBackup(peer('more').multiaddr), refused(/there are 32 backups/))
  })

  it('count nobody who could not be written down', async () => {
    const { port, roster, events } = createNode({ saves: () => Promise.reject(new Error('full')) })
    await assert.rejects(port.addBackup(peer('second').multiaddr), /full/)
    assert.deepEqual([roster.ids(), events], [['first'], []])
  })

  it('are not for a backup, which builds nothing and counts nobody', async () => {
    const { port } = createNode({ isBackup: true })
    const notHere = refused(/^sequencer is not enabled/)
    assert.equal(port.isSequencerActive(), false)
    assert.throws(() => {
      port.startSequencer(ref(10).hash)
    }, notHere)
    await assert.rejects(port.stopSequencer(), notHere)
    await assert.rejects(port.addBackup(peer('second').multiaddr), notHere)
    await assert.rejects(port.removeBackup('first'), notHere)
  })
})

describe('the roster of backups', () => {
  const roster = (stored: readonly PeerAddress[], configured: readonly PeerAddress[]) =>
    new BackupRoster(
      { load: () => stored, save: () => Promise.resolve() },
      { configured, ownPeerId: 'self' }
    )

  it('has those of the config and those that were added before', () => {
    const added = roster([peer('b')], [peer('a')])
    assert.deepEqual(added.ids(), ['a', 'b'])
    assert.deepEqual(added.added(), [peer('b')])
  })

  it('counts nobody twice, and not itself', () => {
    assert.deepEqual(roster([peer('a'), peer('self'), peer('b')], [peer('a')]).ids(), ['a', 'b'])
  })

  it('keeps within its bound when the config names more than before', () => {
    const many = Array.from({ length: 31 }, (_, index) => peer(`c${index}`))
    assert.equal(roster([peer('a'), peer('b')], many).ids().length, 32)
  })
})
