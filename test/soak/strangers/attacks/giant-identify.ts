// Identify messages as large as they may be, said again and again.
import { type Stream } from '@libp2p/interface'
import { frameRpc } from '../../../conformance/gossip-wire.ts'
import { type Attack } from '../attack.ts'
import { crowd, pick } from '../support/crowd.ts'
import { giantIdentify } from '../support/giant-identify-message.ts'
import { pourStream } from '../support/pour-stream.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 8
const IDENTIFY = '/ipfs/id/1.0.0'
const PUSH = '/ipfs/id/push/1.0.0'
/** The bounds of the libraries lie at 8 KiB, 64 KiB and 4 MiB; each is tried from both sides. */
const SIZES = [7_000, 60_000, 500_000, 3_900_000, 9_000_000]

/** Thousands of protocols and addresses, all of them made up. */
export const GIANT_IDENTIFY: Attack = {
  name: 'giant-identify',
  group: 'muxer',
  title: 'identify messages of up to 9 MB, asked for and pushed',
  async run({ nodes }, tools) {
    const { signal, did } = tools
    const messages = SIZES.map((size) => frameRpc(giantIdentify(size)))
    const send = async (stream: Stream, at: number) => {
      const message = pick(messages, at)
      const totalBytes = message.length
      await pourStream(stream, message, { signal, totalBytes, onSent: () => did('messages') })
      await stream.close({ signal }).catch(() => undefined)
    }
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(pick(nodes, stranger), stranger, async ({ host, connection }) => {
        let at = stranger
        await host.unhandle(IDENTIFY)
        await host.handle(IDENTIFY, (stream) => send(stream, at++))
        while (!signal.aborted && connection.status === 'open') {
          await send(await connection.newStream(PUSH, { signal }), at++)
        }
      })
    )
  }
}
