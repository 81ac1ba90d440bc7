// Pings of the muxer, as fast as they can be sent.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { sendAll, withRawPeer } from '../support/raw-peer.ts'
import { YAMUX_FLAG, YAMUX_TYPE, yamuxFrame } from '../support/yamux-frames.ts'

const STRANGERS = 8
const PINGS_PER_WRITE = 100

/** Every ping is to be answered. */
export const YAMUX_PINGS: Attack = {
  name: 'yamux-pings',
  group: 'muxer',
  title: 'pings of the muxer without a pause',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    const ping = (value: number) =>
      yamuxFrame({ type: YAMUX_TYPE.ping, flags: YAMUX_FLAG.syn, length: value })
    const pings = Buffer.concat(Array.from({ length: PINGS_PER_WRITE }, (_, at) => ping(at)))
    await crowd(tools, STRANGERS, async (stranger) => {
      const { multiaddr } = pick(nodes, stranger)
      const localAddress = strangerAddress(stranger)
      await withRawPeer({ multiaddr, localAddress, signal }, async (connection) => {
        while (!signal.aborted) {
          await sendAll(connection, pings, signal)
          did('pings', PINGS_PER_WRITE)
        }
      })
    })
  }
}
