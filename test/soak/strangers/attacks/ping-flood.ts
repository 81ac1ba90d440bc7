// The ping protocol, as fast as it can be asked.
import { type Attack } from '../attack.ts'
import { crowd, pick } from '../support/crowd.ts'
import { pourStream } from '../support/pour-stream.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 8
const STREAMS_EACH = 2
const PING = '/ipfs/ping/1.0.0'
const PINGS = new Uint8Array(32 * 64).fill(7)

/** Many pings in one write, on as many streams as a peer may have. */
export const PING_FLOOD: Attack = {
  name: 'ping-flood',
  group: 'muxer',
  title: 'the ping protocol without a pause',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(pick(nodes, stranger), stranger, async ({ connection }) => {
        const flood = async () => {
          while (!signal.aborted && connection.status === 'open') {
            const stream = await connection.newStream(PING, { signal })
            stream.addEventListener('message', () => undefined)
            await pourStream(stream, PINGS, {
              signal,
              onSent: () => did('pings', PINGS.length / 32)
            })
          }
        }
        await Promise.all(Array.from({ length: STREAMS_EACH }, flood))
      })
    )
  }
}
