// All nodes die at once and come back in different orders: nothing that anybody accepted is lost.
import { Expectations } from './expectations.ts'
import { type Scenario } from './scenario.ts'

const BLOCKS_BEFORE = 4
const BLOCKS_AFTER = 3

/** A backup has no gate and waits for nobody, so any order will do. */
export const ALL_NODES_KILLED: Scenario = {
  name: 'all-nodes-killed',
  summary: 'all nodes are killed at once, and start again in each order of sequencer and backups',
  setup: { signedRecord: 'on', quorum: 'auto' },
  async run(actions) {
    const { backups, seed } = actions
    const expectations = new Expectations()
    await actions.buildUntil(BLOCKS_BEFORE)
    let block = await actions.holdAt('published')
    for (let place = 0; place <= backups.length; place++) {
      if (place > 0) block = await actions.holdAt('published')
      await actions.untilAccepted(block, backups)
      await actions.killAll(['sequencer', ...backups])
      const order: string[] = permutation(backups, seed + place)
      order.splice(place, 0, 'sequencer')
      for (const node of order) await actions.start(node)
      await actions.untilBuilding(BLOCKS_AFTER)
      const [again] = await actions.blocks(block.number, block.number)
      expectations.expect(
        again?.hash === block.hash,
        `${order.join(', ')}: block ${String(block.number)} is ${again?.hash ?? 'gone'}`
      )
    }
    return {
      lost: { ...block, announced: true, recorded: true },
      judge: () => expectations.judge()
    }
  }
}

/** The order of this number among all orders; numbers beyond the last begin anew. */
function permutation(items: readonly string[], number: number): string[] {
  const rest = [...items]
  const order: string[] = []
  let left = number
  while (rest.length > 0) {
    const at = left % rest.length
    left = Math.floor(left / rest.length)
    order.push(...rest.splice(at, 1))
  }
  return order
}
