// What comes from the socket of a connection, before any library reads it: a negotiation of noise, then its messages.
import { type MessageStream } from '@libp2p/interface'
import { NegotiationReader } from './multistream.ts'
import { NoiseGate } from './noise-gate.ts'
import { type SharedWork, type Worker } from './shared-work.ts'

/** The protocol that every connection is encrypted with. */
export const NOISE = '/noise'

/** What one connection may send before its peer is known; a handshake takes less than 1 KiB of it. */
const HANDSHAKE_MAX_BYTES = 2 ** 19
/** Encrypted bytes that wait for their turn before the socket is left to its own buffer. */
const BACKLOG_MAX_BYTES = 2 ** 16

/** One connection's guard. */
export interface SocketGuard {
  /** Its peer is known: what it sends from now on is decrypted as far as `work` goes. */
  share(work: SharedWork): void
}

/** What is not in the interface of a connection. */
interface SocketConnection extends MessageStream {
  /** `readable` while whoever reads the connection takes what comes. */
  readonly readStatus: string
  onData(data: { subarray(): Uint8Array }): void
  onTransportClosed(error?: Error): void
  /** These reach the socket itself. */
  sendPause(): void
  sendResume(): void
}

function isSocketConnection(connection: MessageStream): connection is SocketConnection {
  const methods = ['onData', 'onTransportClosed', 'sendPause', 'sendResume']
  return 'readStatus' in connection && methods.every((method) => method in connection)
}

/** Cuts the connection where anything else comes. To be called before anything has come. */
export function guardSocket(connection: MessageStream): SocketGuard {
  if (!isSocketConnection(connection)) {
    throw new Error(
      'this version of the TCP transport is built differently; see src/net/socket-guard.ts'
    )
  }
  const handOn = connection.onData.bind(connection)
  const gate = new NoiseGate(handOn, () => connection.readStatus !== 'readable')
  const fail = (thrown: unknown) => {
    connection.onData = () => undefined
    connection.abort(thrown instanceof Error ? thrown : new Error('unknown failure'))
  }
  const takeHandshake = createHandshakeTaker(handOn, gate)
  connection.onData = (data) => {
    try {
      takeHandshake(data.subarray())
    } catch (thrown) {
      fail(thrown)
    }
  }
  return {
    share(work) {
      shareWork(connection, { gate, work, fail })
    }
  }
}

/** Takes bytes up to the end of the handshake: few enough to be handed on as they come. */
function createHandshakeTaker(handOn: (bytes: Uint8Array) => void, gate: NoiseGate) {
  const reader = new NegotiationReader()
  let isSettled = false
  let length = 0
  return (bytes: Uint8Array): void => {
    length += bytes.length
    if (length > HANDSHAKE_MAX_BYTES) throw new RangeError('more bytes than a handshake has')
    let messagesAt = 0
    if (!isSettled) {
      const agreement = reader.push(bytes, (line) => line === NOISE)
      isSettled = agreement !== undefined
      messagesAt = bytes.length - (agreement?.rest.length ?? 0)
    }
    if (messagesAt > 0) handOn(bytes.subarray(0, messagesAt))
    gate.push(bytes.subarray(messagesAt))
    gate.pump(Infinity)
  }
}

function shareWork(
  connection: SocketConnection,
  {
    gate,
    work,
    fail
  }: {
    readonly gate: NoiseGate
    readonly work: SharedWork
    readonly fail: (thrown: unknown) => void
  }
): void {
  const stop = connection.sendPause.bind(connection)
  const goOn = connection.sendResume.bind(connection)
  let isStopped = false
  const worker: Worker = {
    gate,
    onTurn(failure) {
      if (failure !== undefined) {
        work.remove(worker)
        fail(failure)
      } else if (isStopped && gate.waitingBytes < BACKLOG_MAX_BYTES) {
        isStopped = false
        if (connection.readStatus === 'readable') goOn()
      }
    }
  }
  connection.onData = (data) => {
    gate.push(data.subarray())
    work.run(worker)
    if (gate.waitingBytes < BACKLOG_MAX_BYTES) return
    isStopped = true
    stop()
  }
  // Whoever reads the connection takes more: first what waits here, then what the socket has.
  connection.sendResume = () => {
    work.run(worker)
    if (!isStopped) goOn()
  }
  connection.addEventListener('close', () => {
    work.remove(worker)
  })
  const close = connection.onTransportClosed.bind(connection)
  connection.onTransportClosed = (error) => {
    work.remove(worker)
    try {
      // The last of what a process sent before it died, as far as one turn goes.
      gate.pump(work.sliceUnits)
    } catch {
      close(error) // the connection is gone: there is nobody to tell
      return
    }
    close(error)
  }
}
