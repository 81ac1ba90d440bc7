// The end of a socket: what was read before it is handed on first, and a retired one is read to its end.
import assert from 'node:assert/strict'
import { type MessageStream } from '@libp2p/interface'
import { Arrivals } from '../../../src/net/arrivals.ts'
import { SharedWork } from '../../../src/net/shared-work.ts'
import { guardSocket } from '../../../src/net/socket-guard.ts'
import { until } from '../../support/until.ts'

/** One message of noise takes half a unit: two go at once, and two more every second. */
const RATE = { burstTokens: 1, tokensPerSecond: 1 }
const MESSAGE_BYTES = 18
const MESSAGE = Buffer.concat([Uint8Array.of(0, 16), new Uint8Array(16)])
const AT_ONCE = 2
const RESET = Object.assign(new Error('read ECONNRESET'), { syscall: 'read' })

/** A connection of the TCP transport as the guard sees it, and what becomes of it. */
function createConnection() {
  const listeners: (() => void)[] = []
  const state = { handedBytes: 0, closed: 0, aborted: 0, ended: 0, destroyed: 0, sentBytes: 0 }
  const socket = {
    bytesRead: 0,
    rest: [] as Uint8Array[],
    read: () => socket.rest.shift() ?? null,
    end() {
      state.ended += 1
    },
    destroy() {
      state.destroyed += 1
    },
    _write(_: unknown, encoding: unknown, done: (error?: Error) => void) {
      assert.equal(encoding, 'buffer')
      done(RESET)
    },
    _writev(_: unknown, done: (error?: Error) => void) {
      done(RESET)
    }
  }
  const close = () => {
    for (const listener of listeners) listener()
  }
  const connection = {
    status: 'open',
    readStatus: 'readable',
    readBufferLength: 0,
    socket,
    addEventListener(_: string, listener: () => void) {
      listeners.push(listener)
    },
    onData(data: Uint8Array) {
      state.handedBytes += data.length
    },
    onTransportClosed() {
      state.closed += 1
      close()
    },
    abort(error: Error) {
      assert.ok(error instanceof Error)
      state.aborted += 1
      close()
    },
    sendData({ byteLength }: { readonly byteLength: number }) {
      state.sentBytes += byteLength
      return { sentBytes: byteLength, canSendMore: true }
    },
    sendPause: () => undefined,
    sendResume: () => undefined
  }
  return { connection, socket, state }
}

function createGuarded(silentMs?: number) {
  const time = { ms: 0 }
  const { connection, socket, state } = createConnection()
  // Only what the guard touches, of what a connection has.
  const guard = guardSocket(connection as unknown as MessageStream, { silentMs })
  const arrivals = new Arrivals('a', 1, () => undefined)
  guard.share(new SharedWork({ rate: RATE, sliceUnits: 1 }, () => time.ms), arrivals)
  const come = (count: number) => {
    for (let sent = 0; sent < count; sent++) connection.onData(MESSAGE)
    socket.bytesRead += count * MESSAGE_BYTES
  }
  return { connection, socket, state, arrivals, time, come }
}

describe('a guarded socket', () => {
  it('that ends closes its connection after what was read from it', async () => {
    const { connection, state, arrivals, time, come } = createGuarded()
    come(6)
    connection.onTransportClosed()
    assert.equal(state.handedBytes, AT_ONCE * MESSAGE_BYTES)
    assert.equal(state.closed, 0)
    assert.equal(arrivals.heldIn, 'decryption')
    assert.ok(connection.sendData(new Uint8Array(9)).canSendMore)
    assert.equal(state.sentBytes, 0, 'there is nobody to send to')
    time.ms += 1_000
    await until('two more', () => state.handedBytes === 4 * MESSAGE_BYTES)
    assert.equal(state.closed, 0)
    time.ms += 1_000
    await until('the end', () => state.closed === 1)
    assert.equal(state.handedBytes, 6 * MESSAGE_BYTES)
    assert.equal(arrivals.heldIn, 'frames')
    connection.onTransportClosed()
    assert.equal(state.closed, 1)
  })

  it('that fails hands on what it had read, and what its socket still has', async () => {
    const { connection, socket, state, time, come } = createGuarded()
    come(3)
    socket.rest.push(MESSAGE)
    connection.abort(RESET)
    assert.equal(state.aborted, 0)
    time.ms += 1_000
    await until('the failure', () => state.aborted === 1)
    assert.equal(state.handedBytes, 4 * MESSAGE_BYTES)
  })

  it('whose write fails is read on, and cut once it is silent', async () => {
    const { connection, socket, state, come } = createGuarded(1)
    const done: unknown[] = []
    socket._write(MESSAGE, 'buffer', (error) => done.push(error))
    socket._writev([MESSAGE], (error) => done.push(error))
    assert.deepEqual(done, [undefined, undefined], 'the stream of Node hears of no failure')
    connection.sendData(MESSAGE)
    assert.equal(state.sentBytes, 0)
    come(AT_ONCE)
    assert.equal(state.handedBytes, AT_ONCE * MESSAGE_BYTES)
    assert.deepEqual([state.aborted, state.closed, state.destroyed], [0, 0, 0])
    await until('the cut', () => state.destroyed === 1)
  })

  it('that is cut by ourselves hands on nothing more', () => {
    const { connection, state, arrivals, come } = createGuarded()
    come(6)
    connection.abort(new Error('others want to connect'))
    assert.equal(state.aborted, 1)
    assert.equal(state.handedBytes, AT_ONCE * MESSAGE_BYTES)
    assert.equal(arrivals.heldIn, 'frames')
  })

  it('that is retired says its end, sends nothing, and is cut once it is silent', async () => {
    const { connection, state, arrivals } = createGuarded(1)
    arrivals.retire()
    connection.sendData(new Uint8Array(9))
    assert.equal(state.ended, 1)
    assert.equal(state.sentBytes, 0)
    assert.equal(state.destroyed, 0)
    await until('the cut', () => state.destroyed === 1)
  })

  it('that is retired is not silent while what came from it waits', async () => {
    const { state, arrivals, time, come } = createGuarded(1)
    come(3)
    arrivals.retire()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
    assert.equal(state.destroyed, 0)
    time.ms += 1_000
    await until('the cut', () => state.destroyed === 1)
    assert.equal(state.handedBytes, 3 * MESSAGE_BYTES)
  })
})
