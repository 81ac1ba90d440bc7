// 0xff where a node asks us who we are.
import { type Attack } from '../attack.ts'
import { answerIdentify } from '../support/identify-answers.ts'
import { pourStream } from '../support/pour-stream.ts'

const BYTES = new Uint8Array(16 * 2 ** 10).fill(0xff)

/** Each stream is filled until it is closed. */
export const IDENTIFY_BYTES: Attack = {
  name: 'identify-0xff',
  group: 'muxer',
  title: 'identify messages made of 0xff',
  async run(target, tools) {
    const { signal, did } = tools
    const onSent = (bytes: number) => {
      did('bytes', bytes)
    }
    await answerIdentify(target, tools, async (stream) => {
      await pourStream(stream, BYTES, { signal, onSent })
    })
  }
}
