// Strangers that hold the streams on which a sequencer that lost everything wants its blocks.
import { type Attack } from '../attack.ts'
import { largestRange } from '../support/block-requests.ts'
import { crowd, pause, pick } from '../support/crowd.ts'
import { holdAnswer } from '../support/held-answer.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 60
const STREAMS_EACH = 4
const HOLD_AGAIN_MS = 200

/** Twenty strangers for each backup. */
export const RANGE_HOLDERS: Attack = createHolders('range-holders', {})

/** The same, and the sequencer that is killed has lost its data directory. */
export const RANGE_HOLDERS_LOSS: Attack = createHolders('range-holders-loss', { losesData: true })

function createHolders(name: string, variant: Pick<Attack, 'losesData'>): Attack {
  return {
    name,
    ...variant,
    group: 'requests',
    title: 'strangers hold streams of blocks and read nothing from them',
    async run({ nodes, chainId }, tools) {
      const { signal, did } = tools
      const request = largestRange(chainId)
      await crowd(tools, STRANGERS, (stranger) =>
        withStranger(pick(nodes.slice(1), stranger), stranger, async ({ connection }) => {
          const hold = async () => {
            while (!signal.aborted && connection.status === 'open') {
              did('requests')
              await holdAnswer(connection, request, signal)
              await pause(HOLD_AGAIN_MS, signal)
            }
          }
          await Promise.all(Array.from({ length: STREAMS_EACH }, hold))
        })
      )
    }
  }
}
