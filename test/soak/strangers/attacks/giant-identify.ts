// Identify messages as large as they may be, by one new peer after the other.
import { frameRpc } from '../../../../protocols/conformance/gossip-wire.ts'
import { type Attack } from '../attack.ts'
import { pick } from '../support/crowd.ts'
import { giantIdentify } from '../support/giant-identify-message.ts'
import { answerIdentify } from '../support/identify-answers.ts'
import { pourStream } from '../support/pour-stream.ts'

/** The bounds of the libraries lie at 8 KiB, 64 KiB and 4 MiB; each is tried from both sides. */
const SIZES = [7_000, 60_000, 500_000, 3_900_000, 9_000_000]

/** Thousands of protocols and addresses, all of them made up. */
export const GIANT_IDENTIFY: Attack = {
  name: 'giant-identify',
  group: 'muxer',
  title: 'identify messages of up to 9 MB',
  async run(target, tools) {
    const { signal, did } = tools
    const messages = SIZES.map((size) => frameRpc(giantIdentify(size)))
    await answerIdentify(target, tools, async (stream, count) => {
      const message = pick(messages, count)
      const totalBytes = message.length
      const onSent = () => {
        did('messages')
      }
      await pourStream(stream, message, { signal, totalBytes, onSent })
      await stream.close({ signal }).catch(() => undefined)
    })
  }
}
