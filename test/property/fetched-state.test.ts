// A state fetched from peers is that of a store which was filled here, whatever peers, chain and machine do meanwhile.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createSeededRandom, type Random } from '../../src/base/random.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import '../support/fast-check-seed.ts'
import { type PeerWays } from '../support/joining-peers.ts'
import { assertSame, filled, outcomeOf, runJoin } from '../support/joining-run.ts'
import { dump, KilledError, killedAfter, ServedStates } from '../support/joining-states.ts'

const BOUNDS = { accountsMax: 60, slotsMax: 40 }
const SMALL = { accountsMax: 12, slotsMax: 20 }

async function statesOf(random: Random, bounds = BOUNDS): Promise<ServedStates> {
  const states = new ServedStates(random, bounds)
  await states.addBlock(bounds.accountsMax)
  return states
}

describe('a state that is fetched from peers', () => {
  it('is byte for byte that of a store which was filled here', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 40 }), async (seed, itemsMax) => {
        const random = createSeededRandom(seed)
        const states = await statesOf(random)
        const store = createMemoryStore()
        const run = await runJoin({ random, states, itemsMax }, store, states.newest)
        assert.deepEqual(outcomeOf(run), { kind: 'done', point: states.newest })
        const wanted = await filled(states.model, states.newest)
        await assertSame(store, wanted)
        assert.deepEqual((await dump(store)).codes, wanted.codes)
        const last = run.progress.at(-1)!
        assert.equal(last.accounts, states.model.size)
        const slots = [...states.model.values()].reduce((sum, one) => sum + one.slots.size, 0)
        assert.equal(last.slots, slots)
        // Segments that are fetched side by side may each ask for the same one.
        assert.ok(last.codes >= wanted.codes.size)
        assert.equal(last.share, 1)
      }),
      { numRuns: 10 }
    )
  })

  it('is gone on with after a kill between any two batches', async () => {
    const random = createSeededRandom(7)
    const states = await statesOf(random, SMALL)
    const wanted = await filled(states.model, states.newest)
    const whole = killedAfter(createMemoryStore(), Infinity)
    outcomeOf(await runJoin({ random, states }, whole, states.newest))
    for (let batches = 0; batches < whole.batchesCount(); batches++) {
      const store = createMemoryStore()
      const { ended } = await runJoin(
        { random, states },
        killedAfter(store, batches),
        states.newest
      )
      assert.ok(ended.status === 'rejected' && ended.reason instanceof KilledError)
      assert.deepEqual(outcomeOf(await runJoin({ random, states }, store, states.newest)), {
        kind: 'done',
        point: states.newest
      })
      await assertSame(store, wanted)
    }
  })

  it('becomes that of a newer block while blocks change it, peers lie or are silent, and the process is killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = createSeededRandom(seed)
        const states = await statesOf(random, random.below(2) === 0 ? SMALL : BOUNDS)
        const ways = new Map<string, PeerWays>([
          ['honest', {}],
          ['liar', { liesOneIn: 3 }],
          ['silent', { isSilent: true }]
        ])
        const store = createMemoryStore()
        let blocksLeft = 4 + random.below(20)
        const pace = 4 + random.below(40)
        let nextIn = 1 + random.below(pace)
        let adding: Promise<void> = Promise.resolve()
        const onRequest = () => {
          nextIn -= 1
          if (nextIn > 0 || blocksLeft === 0) return
          nextIn = 1 + random.below(pace)
          blocksLeft -= 1
          adding = adding.then(async () => {
            await states.addBlock(1 + random.below(12))
            states.forgetOlder()
          })
        }
        for (let kills = 0; ; kills++) {
          const killed = killedAfter(store, kills < 6 ? random.below(40) : Infinity)
          const run = await runJoin({ random, states, ways, onRequest }, killed, states.newest)
          await adding
          assert.ok(run.blamed.every((peer) => peer === 'liar'))
          if (run.ended.status === 'rejected') {
            assert.ok(run.ended.reason instanceof KilledError, String(run.ended.reason))
            continue
          }
          if (run.ended.value.kind === 'unserved') continue
          if (run.ended.value.point.hash === states.newest.hash) break
          // A block came between its last answer and its end: whoever has the state goes on with that block's diff.
          return
        }
        await assertSame(store, await filled(states.model, states.newest))
      }),
      { numRuns: 10 }
    )
  })
})
