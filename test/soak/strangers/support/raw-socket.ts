// A stranger's TCP connection with nothing on top.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Where a connection goes, and from where it comes. */
export interface SocketOptions {
  readonly port: number
  readonly localAddress: string
  /** Its end destroys the socket. */
  readonly signal: AbortSignal
}

/** An open connection. Rejects when it is refused. */
export async function openSocket({ port, localAddress, signal }: SocketOptions): Promise<Socket> {
  signal.throwIfAborted()
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  const end = () => {
    socket.destroy()
  }
  signal.addEventListener('abort', end, { once: true })
  socket.on('close', () => {
    signal.removeEventListener('abort', end)
  })
  socket.on('error', end)
  await once(socket, 'connect', { signal })
  return socket
}

/** Resolves when the connection is gone. */
export async function untilClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** Sends the same bytes again and again, as fast as they are taken, until so many are out or the connection is gone. */
export async function pour(
  socket: Socket,
  bytes: Uint8Array,
  { totalBytes, onSent }: { readonly totalBytes: number; readonly onSent: (bytes: number) => void }
): Promise<void> {
  for (let sent = 0; sent < totalBytes && !socket.destroyed; sent += bytes.length) {
    const hasRoom = socket.write(bytes)
    onSent(bytes.length)
    if (!hasRoom) await Promise.race([once(socket, 'drain'), untilClosed(socket)])
  }
}

/** Sends one byte at a time with a pause between, until the connection is gone. */
export async function trickle(
  socket: Socket,
  bytes: Uint8Array,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal }
): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed || signal.aborted) return
    socket.write(Uint8Array.of(byte))
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, everyMs).unref()),
      untilClosed(socket)
    ])
  }
}
