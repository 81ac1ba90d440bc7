// A backup that dials nobody: it joins by the word of the peer that it names, on an inbound connection too, and of no stranger.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { isGateOpen, useLiveChain } from '../support/live-chain.ts'
import { type LiveNode, peerOf, type StartedNode } from '../support/live-nodes.ts'
import { until } from '../support/until.ts'

interface Status {
  readonly head: { readonly number: number; readonly hash: string }
  readonly joining?: { readonly waitsFor: readonly string[] }
  readonly recovery: { readonly answers?: Readonly<Record<string, string>> }
  readonly peers: readonly {
    readonly peerId: string
    readonly connected: boolean
    readonly head?: number
  }[]
}

const WAIT = { withinMs: 40_000 }
const statusOf = async (node: StartedNode) => (await node.call('rekindle_status')) as Status
/** As a config names one that is not dialled. */
const byId = ({ peerKey: { peerId } }: LiveNode) => ({ multiaddr: `/p2p/${peerId}`, peerId })

describe('a backup that dials nobody', function () {
  this.timeout(180_000)
  const chain = useLiveChain()

  it('joins by the sequencer that dials it, also after both have lost everything, and by no stranger', async () => {
    const live = await chain.create()
    const [seq, place, other] = await Promise.all(
      ['seq', 'backup', 'stranger'].map((name) => live.place(name))
    )
    assert.ok(seq && place && other)
    const startBackup = () => live.start(place, { role: 'backup', peers: [byId(seq)] })
    const backup = await startBackup()
    // It holds genesis and shows no more: were its word taken, the joining would be over.
    const stranger = await live.start(other, {
      role: 'sequencer',
      quorum: 'all',
      backups: [byId(seq)],
      peers: [peerOf(place)]
    })
    const waiting = await until('the stranger to be asked', async () => {
      const status = await statusOf(backup)
      const isThere = status.peers.some(({ peerId, head }) => {
        return peerId === other.peerKey.peerId && head === 0
      })
      return isThere && status
    })
    assert.deepEqual(waiting.joining, { waitsFor: [seq.peerKey.peerId] })
    await until('the answer to the stranger', async () => {
      const { recovery } = await statusOf(stranger)
      return recovery.answers?.[place.peerKey.peerId] === 'cannot-say: joining'
    })
    assert.deepEqual((await statusOf(backup)).joining, { waitsFor: [seq.peerKey.peerId] })
    await stranger.stop() // it has the key of this chain, too

    const sequencing = { role: 'sequencer', backups: [peerOf(place)] } as const
    const first = await live.start(seq, sequencing)
    await until('the gate', () => isGateOpen(first), WAIT)
    await until('a block', async () => (await statusOf(first)).head.number >= 1, WAIT)
    assert.equal((await statusOf(backup)).joining, undefined)
    await Promise.all([first.stop(), backup.stop()])

    await Promise.all([seq, place].map(({ dataDir }) => rm(dataDir, { recursive: true })))
    await rm(`${seq.dataDir}.record`, { force: true })
    await startBackup()
    const again = await live.start(seq, sequencing)
    await until('the gate of a chain that begins anew', () => isGateOpen(again), WAIT)
  })
})
