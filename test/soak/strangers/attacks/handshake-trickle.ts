// A handshake that comes byte by byte.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { proposal } from '../support/raw-peer.ts'
import { openSocket, trickle, untilClosed } from '../support/raw-socket.ts'

const STRANGERS = 400
const EVERY_MS = 1_000

/** A sound one: nothing is wrong with it but its pace. */
export const HANDSHAKE_TRICKLE: Attack = {
  name: 'handshake-trickle',
  group: 'wire',
  title: `${String(STRANGERS)} handshakes, one byte a second`,
  async run({ nodes }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, async (stranger) => {
      const { port } = pick(nodes, stranger)
      const socket = await openSocket({ port, localAddress: strangerAddress(stranger), signal })
      did('connections')
      await trickle(socket, proposal('/noise'), { everyMs: EVERY_MS, signal })
      await untilClosed(socket)
    })
  }
}
