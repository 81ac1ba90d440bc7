// Messages of half a megabyte that hold ten, and are no block.
import { type Attack } from '../attack.ts'
import { crowd, pause } from '../support/crowd.ts'
import { withGossip } from '../support/gossip-stranger.ts'
import { snappyBomb } from '../support/stranger-blocks.ts'

const STRANGERS = 8
const EVERY_MS = 100

/** The same bytes by everybody, over and over. */
export const SAME_BOMB: Attack = createBombs('same-bomb', 'one snappy bomb, repeated', () => 0)

/** Never the same bytes twice. */
export const NEW_BOMBS: Attack = createBombs('new-bombs', 'snappy bombs, each of them new', Number)

function createBombs(name: string, title: string, saltOf: (count: number) => number): Attack {
  return {
    name,
    group: 'gossip',
    title,
    async run(target, tools) {
      const { signal, did } = tools
      let count = 0
      let bomb = snappyBomb(target.chainId, 0)
      await crowd(tools, STRANGERS, (stranger) =>
        withGossip(target, stranger, async (peer) => {
          while (!signal.aborted) {
            const salt = saltOf(count++)
            if (salt !== 0) bomb = snappyBomb(target.chainId, salt)
            peer.publish(bomb)
            did('bombs')
            await pause(EVERY_MS, signal)
          }
        })
      )
    }
  }
}
