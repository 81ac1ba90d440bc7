// 0xff where a node asks us who we are, and where we say it unasked.
import { type Stream } from '@libp2p/interface'
import { type Attack } from '../attack.ts'
import { crowd, pause, pick } from '../support/crowd.ts'
import { pourStream } from '../support/pour-stream.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 8
const BYTES = new Uint8Array(16 * 2 ** 10).fill(0xff)
const AGAIN_MS = 50
const IDENTIFY = '/ipfs/id/1.0.0'
const PUSH = '/ipfs/id/push/1.0.0'

/** Whatever the node opens or takes is filled until it is closed. */
export const IDENTIFY_BYTES: Attack = {
  name: 'identify-0xff',
  group: 'muxer',
  title: 'identify and identify push made of 0xff',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    const pour = async (stream: Stream) => {
      await pourStream(stream, BYTES, { signal, onSent: (bytes) => did('bytes', bytes) })
    }
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(pick(nodes, stranger), stranger, async ({ host, connection }) => {
        await host.unhandle(IDENTIFY)
        await host.handle(IDENTIFY, pour)
        while (!signal.aborted && connection.status === 'open') {
          did('pushes')
          await pour(await connection.newStream(PUSH, { signal }))
          await pause(AGAIN_MS, signal)
        }
      })
    )
  }
}
