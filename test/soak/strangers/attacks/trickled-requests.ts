// Requests that come byte by byte and never end.
import { type Attack } from '../attack.ts'
import { largestRange, statusRequest, tipRequest } from '../support/block-requests.ts'
import { crowd, pick } from '../support/crowd.ts'
import { trickleRequest } from '../support/held-answer.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 40
const EVERY_MS = 700

/** One of each protocol side by side. */
export const TRICKLED_REQUESTS: Attack = {
  name: 'trickled-requests',
  group: 'requests',
  title: 'requests sent byte by byte',
  async run(target, tools) {
    const { signal, did } = tools
    const requests = [largestRange(target.chainId), statusRequest(target), tipRequest(target)]
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(pick(target.nodes, stranger), stranger, async ({ connection }) => {
        did('requests', requests.length)
        await Promise.all(
          requests.map((request) =>
            trickleRequest(connection, request, { everyMs: EVERY_MS, signal })
          )
        )
      })
    )
  }
}
