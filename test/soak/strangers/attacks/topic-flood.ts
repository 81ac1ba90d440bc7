// Subscriptions to topics that nobody has, without end.
import { encodeSubscriptions } from '../../../../protocols/conformance/gossip-wire.ts'
import { type Attack } from '../attack.ts'
import { crowd, pick } from '../support/crowd.ts'
import { withControl } from '../support/gossip-stranger.ts'
import { withStranger } from '../support/stranger-peer.ts'

const STRANGERS = 8
const TOPICS_PER_MESSAGE = 1_000

/** No topic twice. */
export const TOPIC_FLOOD: Attack = {
  name: 'topic-flood',
  group: 'gossip',
  title: 'subscriptions to thousands of topics',
  async run({ nodes, chainId }, tools) {
    const { signal, did } = tools
    await crowd(tools, STRANGERS, (stranger) =>
      withStranger(pick(nodes, stranger), stranger, ({ connection }) =>
        withControl(connection, signal, async (send) => {
          for (let count = 0; !signal.aborted; count += TOPICS_PER_MESSAGE) {
            const topics = Array.from(
              { length: TOPICS_PER_MESSAGE },
              (_, at) => `/optimism/${String(chainId)}/${String(stranger)}/${String(count + at)}`
            )
            await send(encodeSubscriptions(topics))
            did('topics', TOPICS_PER_MESSAGE)
          }
        })
      )
    )
  }
}
