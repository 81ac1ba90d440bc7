// Connections that are opened and closed as fast as a process can.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { openSocket } from '../support/raw-socket.ts'

const STRANGERS = 64
const CONNECTIONS_EACH = 50

/** No byte is sent. */
export const CONNECTION_CHURN: Attack = {
  name: 'connection-churn',
  group: 'wire',
  title: 'connections opened and closed without a pause',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, async (stranger) => {
      const { port } = pick(nodes, stranger)
      for (let count = 0; count < CONNECTIONS_EACH && !signal.aborted; count++) {
        const localAddress = strangerAddress(stranger + STRANGERS * count)
        const socket = await openSocket({ port, localAddress, signal })
        did('connections')
        socket.destroy()
      }
    })
  }
}
