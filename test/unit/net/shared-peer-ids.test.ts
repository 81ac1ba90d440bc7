// Processes of one peer id: which connection is kept, which is refused, and what is said of it.
import assert from 'node:assert/strict'
import { type Connection } from '@libp2p/interface'
import { silentLog } from '../../../src/base/log.ts'
import { markProcess } from '../../../src/net/process-mark.ts'
import { createSharedPeerIds } from '../../../src/net/shared-peer-ids.ts'
import { createManualClock, settle } from '../../support/manual-clock.ts'

const PEER = 'p'

/** What is looked at of a connection. */
interface FakeConnection {
  readonly remotePeer: { toString(): string }
  readonly remoteAddr: { toString(): string }
  status: 'open' | 'closed'
  abort(): void
}

function createRig() {
  const clock = createManualClock()
  const errors: unknown[] = []
  const connections: FakeConnection[] = []
  let identify: (event: { readonly detail: unknown }) => void = () => undefined
  const host = {
    addEventListener(type: string, listener: typeof identify) {
      assert.equal(type, 'peer:identify')
      identify = listener
    },
    getConnections: (peer: { toString(): string }) =>
      connections.filter((one) => one.remotePeer.toString() === peer.toString())
  }
  const log = { ...silentLog, error: (...line: unknown[]) => void errors.push(line) }
  const ids = createSharedPeerIds({ clock, log }, host as never)
  const asReal = (connection: FakeConnection) => connection as never as Connection
  return {
    clock,
    errors,
    ids,
    connect(at: string, peer = PEER): FakeConnection {
      const connection: FakeConnection = {
        remotePeer: { toString: () => peer },
        remoteAddr: { toString: () => at },
        status: 'open',
        abort: () => {
          connection.status = 'closed'
        }
      }
      connections.push(connection)
      return connection
    },
    identify: (connection: FakeConnection, agentVersion: string) => {
      identify({ detail: { connection, agentVersion } })
    },
    isRefused: (connection: FakeConnection) => ids.isRefused(asReal(connection)),
    isKept: (connection: FakeConnection) => ids.isKept(asReal(connection))
  }
}

/** A process by its mark. */
const [A, B, C] = ['rekindle/1', 'rekindle/1', 'rekindle/1'].map(markProcess) as [
  string,
  string,
  string
]

/** A was there, B came, and A comes back while B is connected. */
async function comeBack(rig: ReturnType<typeof createRig>) {
  const first = rig.connect('/a/1')
  rig.identify(first, A)
  const other = rig.connect('/b/1')
  rig.identify(other, B)
  first.abort() // as closeOlderConnections does it
  const again = rig.connect('/a/2')
  rig.identify(again, A)
  return { other, again, refused: await rig.isRefused(again) }
}

describe('processes of one peer id', () => {
  it('have marks of their own', () => {
    assert.match(A, /^rekindle\/1\+[0-9a-f]{16}$/)
    assert.notEqual(A, B)
  })

  it('are two where one comes back beside the other: it is refused, named, and closed a little later', async () => {
    const rig = createRig()
    const { other, again, refused } = await comeBack(rig)
    assert.equal(refused, true)
    assert.deepEqual([rig.isKept(other), rig.isKept(again)], [true, false])
    assert.equal(await rig.isRefused(other), false)
    assert.deepEqual(rig.ids.list(), [{ peerId: PEER, kept: '/b/1', refused: '/a/2', seenMs: 0 }])
    await rig.clock.advance(999)
    assert.equal(again.status, 'open', 'what it asks is answered first')
    await rig.clock.advance(1)
    assert.deepEqual([again.status, other.status], ['closed', 'open'])
  })

  it('is let in again once the other has gone', async () => {
    const rig = createRig()
    const { other } = await comeBack(rig)
    other.abort()
    const later = rig.connect('/a/3')
    rig.identify(later, A)
    assert.equal(await rig.isRefused(later), false)
    const late = rig.connect('/b/2')
    rig.identify(late, B)
    assert.equal(await rig.isRefused(late), true, 'now that one is the second')
  })

  it('lets in one that was never seen: a restart is one', async () => {
    const rig = createRig()
    const { other } = await comeBack(rig)
    const restarted = rig.connect('/c/1')
    rig.identify(restarted, C)
    assert.equal(await rig.isRefused(restarted), false)
    other.abort()
    const back = rig.connect('/b/2')
    rig.identify(back, B)
    assert.equal(await rig.isRefused(back), true)
  })

  it('says nothing of restarts, of two connections of one process, or of other software', async () => {
    const rig = createRig()
    for (const agent of [A, A, B, B, C, C]) rig.identify(rig.connect('/x'), agent)
    for (const agent of ['go', 'op-node', 'go', 'op-node']) {
      const connection = rig.connect('/y', 'other')
      rig.identify(connection, agent)
      assert.equal(await rig.isRefused(connection), false)
    }
    assert.deepEqual(rig.ids.list(), [])
    assert.deepEqual(rig.errors, [])
  })

  it('waits for identify where several are known, and lets no silent one in beside a known one', async () => {
    const rig = createRig()
    await comeBack(rig)
    const silent = rig.connect('/?/1')
    const waiting = rig.isRefused(silent)
    await rig.clock.advance(4_999)
    let isSettled = false
    waiting.finally(() => (isSettled = true)).catch(() => undefined)
    await settle()
    assert.equal(isSettled, false)
    await rig.clock.advance(1)
    assert.equal(await waiting, true)
  })

  it('logs once a minute, and is over a minute after the last sign', async () => {
    const rig = createRig()
    await comeBack(rig)
    for (let second = 0; second < 90; second += 5) {
      await rig.clock.advance(5_000)
      rig.identify(rig.connect(`/a/${String(second)}`), A)
    }
    assert.equal(rig.errors.length, 2)
    assert.equal(rig.ids.list().length, 1)
    await rig.clock.advance(60_001)
    assert.deepEqual(rig.ids.list(), [])
    rig.ids.stop()
  })
})
