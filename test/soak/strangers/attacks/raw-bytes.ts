// 0xff before any handshake: as a length it never ends.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { openSocket, pour, untilClosed } from '../support/raw-socket.ts'

const STRANGERS = 16
const BYTES = new Uint8Array(64 * 2 ** 10).fill(0xff)
const ONE_MEGABYTE = 10 ** 6

/** Half of the strangers send one megabyte and wait, the others never stop. */
export const RAW_BYTES: Attack = {
  name: 'raw-0xff',
  group: 'wire',
  title: '1 MB of 0xff, and endless 0xff, before any handshake',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, async (stranger) => {
      const isEndless = stranger % 2 === 1
      const { port } = pick(nodes, Math.floor(stranger / 2))
      const socket = await openSocket({ port, localAddress: strangerAddress(stranger), signal })
      did('connections')
      const totalBytes = isEndless ? Infinity : ONE_MEGABYTE
      await pour(socket, BYTES, { totalBytes, onSent: (bytes) => did('bytes', bytes) })
      await untilClosed(socket)
    })
  }
}
