// 0xff where a stream of the muxer negotiates its protocol: as a length it never ends.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { sendAll, withRawPeer } from '../support/raw-peer.ts'
import { openingFrame, YAMUX_TYPE, yamuxFrame } from '../support/yamux-frames.ts'

const STRANGERS = 8
const STREAMS_EACH = 8
const BYTES = new Uint8Array(16 * 2 ** 10).fill(0xff)
/** What a stream may send before the node grants more. */
const WINDOW_BYTES = 256 * 2 ** 10

/** Each stream sends a whole window, and then the next one is opened. */
export const MUXER_BYTES: Attack = {
  name: 'muxer-0xff',
  group: 'muxer',
  title: 'streams that send 0xff where they should name a protocol',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, async (stranger) => {
      const { multiaddr } = pick(nodes, stranger)
      const localAddress = strangerAddress(stranger)
      await withRawPeer({ multiaddr, localAddress, signal }, async (connection) => {
        for (let stream = 1; !signal.aborted; stream += 2) {
          await sendAll(connection, openingFrame(stream, BYTES), signal)
          did('streams')
          if ((stream + 1) % (2 * STREAMS_EACH) !== 0) continue
          for (let sent = BYTES.length; sent < WINDOW_BYTES; sent += BYTES.length) {
            const frame = yamuxFrame({ type: YAMUX_TYPE.data, stream, payload: BYTES })
            await sendAll(connection, frame, signal)
            did('bytes', BYTES.length)
          }
        }
      })
    })
  }
}
