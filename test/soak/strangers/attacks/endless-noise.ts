// Noise frames that never end: the largest length, and then one byte after the other, or bytes that decrypt to nothing.
import { type Attack } from '../attack.ts'
import { crowd, pick, strangerAddress } from '../support/crowd.ts'
import { proposal } from '../support/raw-peer.ts'
import { openSocket, pour, trickle, untilClosed } from '../support/raw-socket.ts'

const STRANGERS = 200
const EVERY_MS = 1_000
const FRAME_BYTES = 65_535

/** One in four pours whole frames of garbage, the others never finish their first. */
export const ENDLESS_NOISE: Attack = {
  name: 'endless-noise',
  group: 'wire',
  title: 'noise frames that never end, and frames of garbage',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    const frame = Buffer.alloc(2 + FRAME_BYTES, 0x42)
    frame.writeUInt16BE(FRAME_BYTES)
    await crowd(tools, STRANGERS, async (stranger) => {
      const { port } = pick(nodes, stranger)
      const socket = await openSocket({ port, localAddress: strangerAddress(stranger), signal })
      did('connections')
      socket.write(proposal('/noise'))
      if (stranger % 16 < 4) {
        await pour(socket, frame, { totalBytes: Infinity, onSent: (bytes) => did('bytes', bytes) })
      } else await trickle(socket, frame, { everyMs: EVERY_MS, signal })
      await untilClosed(socket)
    })
  }
}
