// Streams that ask for blocks and grant no room for them.
import { type Attack } from '../attack.ts'
import { largestRange } from '../support/block-requests.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { proposal, sendAll, untilGone, withRawPeer } from '../support/raw-peer.ts'
import { openingFrame, YAMUX_FLAG, YAMUX_TYPE, yamuxFrame } from '../support/yamux-frames.ts'

const STRANGERS = 20
const STREAMS_EACH = 16

/** The window of each stream is what it is at first, and is never opened again. */
export const ZERO_WINDOWS: Attack = {
  name: 'zero-windows',
  group: 'muxer',
  title: 'requests for blocks on streams whose window is never opened',
  async run({ nodes, chainId }, tools) {
    const { signal, did } = tools
    const { protocol, bytes } = largestRange(chainId)
    await crowd(tools, STRANGERS, async (stranger) => {
      const { multiaddr } = pick(nodes, stranger)
      const localAddress = strangerAddress(stranger)
      await withRawPeer({ multiaddr, localAddress, signal }, async (connection) => {
        for (let at = 0; at < STREAMS_EACH; at++) {
          const stream = 1 + 2 * at
          const payload = Buffer.concat([proposal(protocol), bytes])
          await sendAll(connection, openingFrame(stream, payload), signal)
          const update = { type: YAMUX_TYPE.windowUpdate, stream, length: 0 }
          await sendAll(connection, yamuxFrame(update), signal)
          const end = { type: YAMUX_TYPE.windowUpdate, flags: YAMUX_FLAG.fin, stream, length: 0 }
          await sendAll(connection, yamuxFrame(end), signal)
          did('requests')
        }
        await untilGone(connection)
      })
    })
  }
}
