// Readers of large ranges that take their time.
import { type Attack } from '../attack.ts'
import { largestRange } from '../support/block-requests.ts'
import { crowd, pick } from '../support/crowd.ts'
import { sipAnswer } from '../support/held-answer.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 40
const STREAMS_EACH = 2
const EVERY_MS = 1_000

/** Never quite at a stand. */
export const SLOW_READERS: Attack = {
  name: 'slow-readers',
  group: 'requests',
  title: 'large ranges of blocks, read in sips',
  async run({ nodes, chainId }, tools) {
    const { signal, did } = tools
    const request = largestRange(chainId)
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(pick(nodes, stranger), stranger, async ({ connection }) => {
        const sip = async () => {
          while (!signal.aborted && connection.status === 'open') {
            did('requests')
            await sipAnswer(connection, request, { everyMs: EVERY_MS, signal })
          }
        }
        await Promise.all(Array.from({ length: STREAMS_EACH }, sip))
      })
    )
  }
}
