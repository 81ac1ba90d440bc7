// Requests whose answers are not read, or read slowly, or whose bytes come slowly.
import { type Connection, type Stream } from '@libp2p/interface'
import { type SoundRequest } from './block-requests.ts'
import { pause } from './crowd.ts'

/** Sends the request and reads nothing; resolves when the node ends the stream. */
export async function holdAnswer(
  connection: Connection,
  { protocol, bytes }: SoundRequest,
  signal: AbortSignal
): Promise<void> {
  const stream = await connection.newStream(protocol, { signal })
  const ended = untilEnded(stream, signal)
  if (stream.status !== 'open') return
  stream.pause()
  stream.send(bytes)
  await Promise.race([stream.close({ signal }).catch(() => undefined), ended])
  await ended
}

/** Sends the request and reads its answer in sips. */
export async function sipAnswer(
  connection: Connection,
  { protocol, bytes }: SoundRequest,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal }
): Promise<void> {
  const stream = await connection.newStream(protocol, { signal })
  const ended = untilEnded(stream, signal)
  stream.addEventListener('message', () => {
    stream.pause()
  })
  stream.send(bytes)
  void stream.close({ signal }).catch(() => undefined)
  while (!signal.aborted && stream.status !== 'closed' && stream.status !== 'reset') {
    await Promise.race([pause(everyMs, signal), ended])
    stream.resume()
    if (stream.readableEnded || stream.status === 'aborted') break
  }
}

/** Sends the request byte by byte, and never its last. */
export async function trickleRequest(
  connection: Connection,
  { protocol, bytes }: SoundRequest,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal }
): Promise<void> {
  const stream = await connection.newStream(protocol, { signal })
  const ended = untilEnded(stream, signal)
  stream.addEventListener('message', () => undefined)
  for (const byte of bytes.subarray(0, -1)) {
    if (stream.status !== 'open') break
    stream.send(Uint8Array.of(byte))
    await Promise.race([pause(everyMs, signal), ended])
  }
  await ended
}

async function untilEnded(stream: Stream, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      resolve()
    }
    stream.addEventListener('close', end)
    signal.addEventListener('abort', end, { once: true })
    if (stream.status === 'closed' || stream.status === 'reset' || signal.aborted) resolve()
  })
}
