// What comes from the socket of a connection, before any library reads it: a negotiation of noise, then its messages.
import { type MessageStream } from '@libp2p/interface'
import { type Arrivals } from './arrivals.ts'
import { NegotiationReader } from './multistream.ts'
import { NoiseGate } from './noise-gate.ts'
import {
  outliveWrites,
  readRest,
  readToEnd,
  sendNothing,
  type TransportConnection
} from './socket-end.ts'
import { type SharedWork, type Worker } from './shared-work.ts'

/** The protocol that every connection is encrypted with. */
export const NOISE = '/noise'

/** What one connection may send before its peer is known; a handshake takes less than 1 KiB of it. */
const HANDSHAKE_MAX_BYTES = 2 ** 19
/** Encrypted bytes that wait for their turn before the socket is left to its own buffer. */
const BACKLOG_MAX_BYTES = 2 ** 16
/** A retired connection on which nothing comes for so long, and that its peer does not end, is cut. */
const RETIRED_SILENT_MS = 1_500

/** One connection's guard. */
export interface SocketGuard {
  /** Its peer is known: what it sends from now on is decrypted as far as `work` goes, and counted. */
  share(work: SharedWork, arrivals: Arrivals): void
}

/** What is not in the interface of a connection. */
interface SocketConnection extends MessageStream, TransportConnection {
  /** `readable` while whoever reads the connection takes what comes. */
  readonly readStatus: string
  onData(data: { subarray(): Uint8Array }): void
  onTransportClosed(error?: Error): void
  /** These reach the socket itself. */
  sendPause(): void
  sendResume(): void
}

function isSocketConnection(connection: MessageStream): connection is SocketConnection {
  const members = ['onData', 'onTransportClosed', 'sendData', 'sendPause', 'sendResume', 'socket']
  return 'readStatus' in connection && members.every((member) => member in connection)
}

/** Cuts the connection where anything else comes. To be called before anything has come. */
export function guardSocket(
  connection: MessageStream,
  { silentMs = RETIRED_SILENT_MS } = {}
): SocketGuard {
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
    share(work, arrivals) {
      shareWork(connection, { gate, work, arrivals, fail, silentMs })
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
    arrivals,
    fail,
    silentMs
  }: {
    readonly gate: NoiseGate
    readonly work: SharedWork
    readonly arrivals: Arrivals
    readonly fail: (thrown: unknown) => void
    readonly silentMs: number
  }
): void {
  const stop = connection.sendPause.bind(connection)
  const goOn = connection.sendResume.bind(connection)
  let isStopped = false
  const countWaiting = () => gate.waitingBytes + connection.readBufferLength
  const worker: Worker = {
    gate,
    onTurn(failure) {
      if (failure !== undefined) {
        work.remove(worker)
        if (!ending.finish()) fail(failure)
        return
      }
      if (isStopped && gate.waitingBytes < BACKLOG_MAX_BYTES) {
        isStopped = false
        if (connection.readStatus === 'readable') goOn()
      }
      ending.look()
    }
  }
  const ending = createEnding(connection, {
    arrivals,
    isEmpty: () => countWaiting() === 0 && connection.readStatus !== 'paused',
    pump() {
      work.run(worker)
    },
    takeRest() {
      connection.onData = () => undefined
      for (const rest of readRest(connection.socket)) gate.push(rest)
    }
  })
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
    ending.closed()
  })
  const isReading = () => countWaiting() === 0 && !isStopped
  outliveWrites(connection, () => {
    readToEnd(connection, silentMs, isReading)
  })
  arrivals.openDecryption(countWaiting, () => {
    connection.socket.end()
    readToEnd(connection, silentMs, isReading)
  })
}

/** The end of a socket, which waits for what was read before it. */
interface Ending {
  /** Ends the connection if its socket has ended and nothing waits. */
  look(): void
  /** Ends it if its socket has ended, whatever waits; false if it has not. */
  finish(): boolean
  /** It has ended, by whatever way. */
  closed(): void
}

/**
 * A socket that ends, or fails since the process at its other end died, closes the connection once all that was read
 * from it is decrypted: the last of what that process sent. An abort from elsewhere closes it at once.
 */
function createEnding(
  connection: SocketConnection,
  {
    arrivals,
    isEmpty,
    pump,
    takeRest
  }: {
    readonly arrivals: Arrivals
    readonly isEmpty: () => boolean
    readonly pump: () => void
    readonly takeRest: () => void
  }
): Ending {
  const close = connection.onTransportClosed.bind(connection)
  const abort = connection.abort.bind(connection)
  let finishing: (() => void) | undefined
  const begin = (how: () => void) => {
    if (finishing !== undefined) return
    finishing = how
    arrivals.end('socket')
    sendNothing(connection)
    pump()
    ending.look()
  }
  const ending: Ending = {
    look() {
      if (finishing !== undefined && isEmpty()) finishing()
    },
    finish() {
      finishing?.()
      return finishing !== undefined
    },
    closed() {
      finishing = () => undefined
      arrivals.end('socket')
      arrivals.end('decryption')
    }
  }
  connection.onTransportClosed = (error) => {
    begin(() => {
      close(error)
    })
  }
  connection.abort = (error) => {
    const how = () => {
      abort(error)
    }
    if (!isOfSocket(error)) {
      how()
      return
    }
    takeRest()
    begin(how)
  }
  return ending
}

/** True for what the operating system said of a socket, and how the transport passes that on. */
function isOfSocket(error: Error): boolean {
  return 'syscall' in error || error.message === 'TCP transmission error'
}
