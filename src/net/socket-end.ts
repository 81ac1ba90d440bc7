// The socket of a process that has died, or has a newer one: read to its end, whatever becomes of what we write.
import { type MessageStream } from '@libp2p/interface'

/** A retired connection is cut after so long, whatever comes. */
const RETIRED_MAX_MS = 30_000

/** The socket of Node, as far as it is used here. */
interface Socket {
  /** Since it was opened. */
  readonly bytesRead: number
  /** What was read and not handed on while it was stopped; null when there is nothing. */
  read(): Uint8Array | null
  /** Sends an end, and goes on reading. */
  end(): void
  destroy(): void
  /** How a stream of Node writes (Node's "Implementing a writable stream"). */
  _write(chunk: unknown, encoding: unknown, done: WriteDone): void
  _writev(chunks: unknown, done: WriteDone): void
}

type WriteDone = (error?: Error | null) => void

/** A connection of the TCP transport, as far as its socket goes. */
export interface TransportConnection extends Pick<MessageStream, 'status'> {
  readonly socket: Socket
  sendData(data: { readonly byteLength: number }): {
    readonly sentBytes: number
    readonly canSendMore: boolean
  }
}

/** What is written from now on is dropped: there is nobody to read it. */
export function sendNothing(connection: TransportConnection): void {
  connection.sendData = ({ byteLength }) => ({ sentBytes: byteLength, canSendMore: true })
}

/**
 * A process that dies with unread bytes resets its connections, and a write of ours that meets the reset would end the
 * socket before what the kernel has of that process is read. So a failed write ends nothing but the writing.
 */
export function outliveWrites({ socket }: TransportConnection, onFailed: () => void): void {
  const write = socket._write.bind(socket)
  const writev = socket._writev.bind(socket)
  let hasFailed = false
  const outlive =
    (done: WriteDone): WriteDone =>
    (error) => {
      if (error instanceof Error && !hasFailed) {
        hasFailed = true
        onFailed()
      }
      done()
    }
  socket._write = (chunk, encoding, done) => {
    write(chunk, encoding, outlive(done))
  }
  socket._writev = (chunks, done) => {
    writev(chunks, outlive(done))
  }
}

/**
 * Reads to the end of the other side: what its process sent before it died comes first. Nothing is sent, since the kernel
 * of a process that died answers bytes with a reset, and drops what it has not sent yet. A side that says no end is cut
 * once nothing was left to read for `silentMs`.
 */
export function readToEnd(
  connection: TransportConnection,
  silentMs: number,
  isReading: () => boolean
): void {
  const { socket } = connection
  const sinceMs = performance.now()
  sendNothing(connection)
  const watch = (): void => {
    const beforeBytes = socket.bytesRead
    const look = () => {
      if (connection.status !== 'open') return
      const isSilent = socket.bytesRead === beforeBytes && isReading()
      if (isSilent || performance.now() - sinceMs > RETIRED_MAX_MS) socket.destroy()
      else watch()
    }
    // The sockets are read between a timer and the `setImmediate` within it: nothing is silent that was only not looked at.
    setTimeout(() => setImmediate(look), silentMs).unref()
  }
  watch()
}

/** A socket that failed hands on nothing of what it had read; that is still here. */
export function* readRest(socket: Pick<Socket, 'read'>): Generator<Uint8Array> {
  for (let rest = socket.read(); rest !== null; rest = socket.read()) yield rest
}
