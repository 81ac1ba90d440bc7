// Healing that is broken off anywhere, and gone on with to the same block, a newer one, or one that was there before.
import fc from 'fast-check'
import { hexToBytes } from '../../src/base/bytes.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { FetchedState } from '../../src/state/fetched-state.ts'
import { type StateView } from '../../src/state/state-view.ts'
import '../support/fast-check-seed.ts'
import { assertSame, filled, fillStore, makeHealing } from '../support/joining-run.ts'
import { KilledError, killedAfter, ServedStates } from '../support/joining-states.ts'
import { copyModel } from '../support/state-model.ts'

/** Few accounts, with many slots, a third of which share all but their last byte. */
const BOUNDS = { accountsMax: 9, slotsMax: 24 }
const BLOCKS = 4

class BrokenOff extends Error {}

/** Heals out of a view, with so many nodes at most. */
async function heal(fetched: FetchedState, view: StateView, nodesMax = Infinity): Promise<void> {
  let nodesLeft = nodesMax
  await fetched.heal(hexToBytes(view.root), {
    fetchNodes: async (owner, wanted) => {
      nodesLeft -= wanted.length
      if (nodesLeft < 0) throw new BrokenOff()
      return wanted.map(({ path }) => view.node(owner, path)!)
    },
    fetchCodes: async (hashes) => fetched.putCodes(hashes.map((hash) => view.code(hash)!))
  })
}

describe('healing', () => {
  it('comes to the state of the last block that it went to, wherever it was broken off before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = createSeededRandom(seed)
        const states = new ServedStates(random, BOUNDS)
        const models = []
        for (let block = 0; block < BLOCKS; block++) {
          await states.addBlock(6)
          models.push(copyModel(states.model))
        }
        const store = await fillStore(models[0]!, states.points[0]!)
        await makeHealing(store)
        let target = 0
        for (let walk = 0; walk < 6; walk++) {
          const killed = killedAfter(store, walk < 5 ? random.below(30) : Infinity)
          target = random.below(BLOCKS)
          const view = states.view(hexToBytes(states.points[target]!.root))!
          try {
            const fetched = await FetchedState.open(killed)
            await heal(fetched, view, walk < 5 ? random.below(20) : Infinity)
            if (walk === 5) await fetched.finish(states.points[target]!)
          } catch (thrown) {
            const isEnd = thrown instanceof BrokenOff || thrown instanceof KilledError
            if (!isEnd || walk === 5) throw thrown
          }
        }
        await assertSame(store, await filled(models[target]!, states.points[target]!))
      }),
      { numRuns: 100 }
    )
  })
})
