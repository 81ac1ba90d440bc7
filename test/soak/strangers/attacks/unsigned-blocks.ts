// Blocks that the sequencer never signed, two hundred a second.
import { type Attack } from '../attack.ts'
import { crowd, pace } from '../support/crowd.ts'
import { withGossip } from '../support/gossip-stranger.ts'
import { strangerBlock } from '../support/stranger-blocks.ts'

const STRANGERS = 8
const PER_SECOND = 200

/** One that is thrown out comes back with a new key. */
export const UNSIGNED_BLOCKS: Attack = {
  name: 'unsigned-blocks',
  group: 'gossip',
  title: `${String(PER_SECOND)} blocks a second that a stranger signed`,
  async run(target, tools) {
    const { signal, did } = tools
    let salt = 0
    await crowd(tools, STRANGERS, (stranger) =>
      withGossip(target, stranger, (peer) =>
        pace(PER_SECOND / STRANGERS, signal, async () => {
          peer.publish(await strangerBlock(target.chainId, salt++))
          did('blocks')
        })
      )
    )
  }
}
