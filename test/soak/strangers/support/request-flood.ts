// One request after the other on a connection, each answer read to its end.
import { type Connection } from '@libp2p/interface'
import { StreamReader } from '../../../../protocols/conformance/raw-stream.ts'
import { type SoundRequest } from './block-requests.ts'

const ANSWER_TIMEOUT_MS = 10_000

/** Until the connection is gone; what the node refuses is asked again at once. */
export async function floodRequests(
  connection: Connection,
  signal: AbortSignal,
  next: (count: number) => SoundRequest
): Promise<void> {
  for (let count = 0; !signal.aborted && connection.status === 'open'; count++) {
    const { protocol, bytes } = next(count)
    const ending = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
    const stream = await connection.newStream(protocol, { signal: ending })
    const reader = new StreamReader(stream)
    if (bytes.length > 0) stream.send(bytes)
    await stream.close({ signal: ending }).catch(() => undefined)
    await reader.all(ANSWER_TIMEOUT_MS)
    stream.abort(new Error('read'))
  }
}
