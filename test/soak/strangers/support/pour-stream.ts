// The same bytes again and again on a stream of a well-behaved connection, until somebody ends it.
import { type Stream } from '@libp2p/interface'

/** True when so many bytes are out; false when the stream was closed or reset before: the node's good right. */
export async function pourStream(
  stream: Stream,
  bytes: Uint8Array,
  {
    signal,
    onSent,
    totalBytes = Infinity
  }: {
    readonly signal: AbortSignal
    readonly onSent: (bytes: number) => void
    readonly totalBytes?: number
  }
): Promise<boolean> {
  const gone = new AbortController()
  const ending = AbortSignal.any([signal, gone.signal])
  stream.addEventListener('close', () => {
    gone.abort(new Error('closed'))
  })
  try {
    for (let sent = 0; sent < totalBytes && stream.status === 'open'; sent += bytes.length) {
      const hasRoom = stream.send(bytes)
      onSent(bytes.length)
      if (!hasRoom) await stream.onDrain({ signal: ending })
    }
    return stream.status === 'open'
  } catch {
    return false
  }
}
