// A config loses a backup that alone holds the last blocks: it is dialled by its stored address, and gives them back.
import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { type Log, silentLog } from '../../src/base/log.ts'
import { isGateOpen, useLiveChain } from '../support/live-chain.ts'
import { type LiveNode, peerOf, type StartedNode } from '../support/live-nodes.ts'
import { until } from '../support/until.ts'

interface Status {
  readonly head: { readonly number: number; readonly hash: string }
  readonly gate?: { readonly open: boolean }
  readonly recovery: {
    readonly action?: string
    readonly missing?: readonly string[]
    readonly formerBackups?: readonly {
      readonly peerId: string
      readonly multiaddr: string
      readonly answered: boolean
      readonly exit?: string
    }[]
  }
  readonly peers: readonly { readonly peerId: string; readonly connected: boolean }[]
}

const WAIT = { withinMs: 40_000 }
const statusOf = async (node: StartedNode) => (await node.call('rekindle_status')) as Status
const idOf = ({ peerKey }: LiveNode) => peerKey.peerId

describe('a backup that the config names no more', function () {
  this.timeout(180_000)
  const chain = useLiveChain()

  it('is asked until the gate opens: its blocks are fetched, then it is let go of', async () => {
    const live = await chain.create()
    const [seq, stale, first, second, third] = await Promise.all(
      ['seq', 'stale', 'first', 'second', 'third'].map((name) => live.place(name))
    )
    assert.ok(seq && stale && first && second && third)
    const all = [first, second, third].map(peerOf)
    const backup = { role: 'backup', peers: [peerOf(seq)] } as const
    const startBackup = (place: LiveNode) => live.start(place, backup)
    const runs = await Promise.all([first, second, third].map(startBackup))
    // Without a quorum: the quiet round of a first start is not what is tested.
    const before = await live.start(seq, { role: 'sequencer', backups: all, quorum: 'none' })
    await until('the gate', () => isGateOpen(before), WAIT)
    await until('a block', async () => (await statusOf(before)).head.number >= 2, WAIT)
    await before.stop()
    await cp(seq.dataDir, stale.dataDir, { recursive: true })

    // From here on only the third hears what is announced.
    const ahead = await live.start(seq, { role: 'sequencer', backups: all })
    await until('the gate again', () => isGateOpen(ahead), WAIT)
    const heights = await Promise.all(
      runs.slice(0, 2).map(async (one) => {
        const { head } = await statusOf(one)
        await one.stop()
        return head.number
      })
    )
    const enough = Math.max(...heights) + 3
    const holder = runs[2]
    assert.ok(holder)
    await until(
      'blocks of the third alone',
      async () => {
        return (await statusOf(holder)).head.number >= enough
      },
      WAIT
    )
    await ahead.stop()
    const last = (await statusOf(holder)).head
    await holder.stop()

    // The data directory is an old copy, the record is gone, and the third, which dials nobody, is down.
    await Promise.all([first, second].map(startBackup))
    const warnings: [string, unknown][] = []
    const log: Log = { ...silentLog, warn: (...line) => void warnings.push(line as never) }
    const changed = { role: 'sequencer', backups: [first, second].map(peerOf) } as const
    const back = await live.start({ ...seq, dataDir: stale.dataDir }, changed, log)
    const waiting = await until(
      'the third to be missed',
      async () => {
        const status = await statusOf(back)
        const isMissed = warnings.some(([event]) => event === 'former-backup-missing')
        return isMissed && status.recovery.action === 'ask' && status
      },
      WAIT
    )
    const exit = `start ${idOf(third)} once more at ${third.multiaddr}; or restart with --start-without-backups ${waiting.head.hash}: what it holds is given up`
    const named = { peerId: idOf(third), multiaddr: third.multiaddr }
    assert.deepEqual(waiting.recovery.missing, [idOf(third)])
    assert.deepEqual(waiting.recovery.formerBackups, [{ ...named, answered: false, exit }])
    assert.deepEqual(
      warnings.filter(([event]) => event === 'former-backup-missing'),
      [['former-backup-missing', { ...named, exit }]]
    )
    assert.equal(waiting.gate?.open, false)
    assert.ok(waiting.head.number < last.number)

    const found = await live.start(third, { role: 'backup' })
    await until('the gate after the change', () => isGateOpen(back), WAIT)
    const block = (await back.call('eth_getBlockByNumber', [
      `0x${last.number.toString(16)}`,
      false
    ])) as { readonly hash: string } | null
    assert.equal(block?.hash, last.hash)
    const { quorum } = (await back.call('rekindle_recovery')) as {
      readonly quorum?: { readonly adopted?: readonly string[] }
    }
    assert.deepEqual(quorum?.adopted, [idOf(first), idOf(second)])
    await until('the third to be let go of', async () => {
      const { peers, recovery } = await statusOf(back)
      const isThere = peers.some(({ peerId, connected }) => peerId === idOf(third) && connected)
      return !isThere && recovery.formerBackups === undefined
    })
    assert.equal((await statusOf(found)).head.number >= last.number, true)
  })
})
