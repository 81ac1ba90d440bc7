// Connections that say nothing at all, from many addresses.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { openSocket, untilClosed } from '../support/raw-socket.ts'

const STRANGERS = 1_200

/** Each comes back as soon as it is closed. */
export const HALF_OPEN: Attack = {
  name: 'half-open',
  group: 'wire',
  title: `${String(STRANGERS)} connections that never begin a handshake`,
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, async (stranger) => {
      const { port } = pick(nodes, stranger)
      const socket = await openSocket({ port, localAddress: strangerAddress(stranger), signal })
      did('connections')
      await untilClosed(socket)
    })
  }
}
