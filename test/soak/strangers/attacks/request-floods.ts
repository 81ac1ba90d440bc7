// Requests without a pause: of the protocols that cost little, and such as no node can read.
import { randomBytes } from 'node:crypto'
import { type Attack, type Target } from '../attack.ts'
import {
  largestRange,
  type SoundRequest,
  statusRequest,
  tipRequest
} from '../support/block-requests.ts'
import { crowd, pick } from '../support/crowd.ts'
import { floodRequests } from '../support/request-flood.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 12
const STREAMS_EACH = 2

/** Status, again and again. */
export const STATUS_FLOOD: Attack = createFlood(
  'status-flood',
  'status without a pause',
  statusRequest
)

/** Tips, again and again. */
export const TIP_FLOOD: Attack = createFlood('tip-flood', 'signed_tip without a pause', tipRequest)

/** Bytes of any length, on each protocol in turn. */
export const MALFORMED_REQUESTS: Attack = createFlood(
  'malformed-requests',
  'requests that are none, without a pause',
  (target, count) => {
    const sound = [largestRange(target.chainId), statusRequest(target), tipRequest(target)]
    const { protocol, bytes } = pick(sound, count)
    return { protocol, bytes: randomBytes((count * 7) % (2 * bytes.length)) }
  }
)

function createFlood(
  name: string,
  title: string,
  requestOf: (target: Target, count: number) => SoundRequest
): Attack {
  return {
    name,
    group: 'requests',
    title,
    async run(target, tools) {
      const { signal, did } = tools
      await crowd(tools, STRANGERS, (stranger) =>
        withStranger(pick(target.nodes, stranger), stranger, async ({ connection }) => {
          const flood = () =>
            floodRequests(connection, signal, (count) => {
              did('requests')
              return requestOf(target, count)
            })
          await Promise.all(Array.from({ length: STREAMS_EACH }, flood))
        })
      )
    }
  }
}
