// What a running stage shows: counts, what is left, rate and estimated end.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { createProgress } from '../../../src/recovery/actions/progress.ts'
import { createManualClock } from '../../support/manual-clock.ts'

describe('progress', () => {
  function start() {
    const clock = createManualClock()
    const progress = createProgress({ clock, log: silentLog, onStage: () => Promise.resolve() })
    return { clock, progress }
  }

  it('shows counts, peers, rate and the time that is left', async () => {
    const { clock, progress } = start()
    await progress.stage('fetch-blocks', async (counter) => {
      counter.expect(100)
      const [before] = progress.current()
      assert.deepEqual([before?.rate, before?.leftMs], [undefined, undefined])
      await clock.advance(500)
      counter.add({ items: 25, bytes: 1_000, peer: 'a' })
      counter.add({ items: 15, bytes: 500, peer: 'b' })
      await clock.advance(1_500)
      assert.deepEqual(progress.current(), [
        {
          name: 'fetch-blocks',
          done: 40,
          expected: 100,
          bytes: 1_500,
          peers: ['a', 'b'],
          elapsedMs: 2_000,
          rate: 20,
          leftMs: 3_000,
          share: 0.4,
          parts: []
        }
      ])
    })
    assert.deepEqual(progress.current(), [])
  })

  it('measures the rate of a second turn by itself', async () => {
    const { clock, progress } = start()
    await progress.stage('apply-blocks', async (counter) => {
      counter.add({ items: 1_000 })
      return Promise.resolve()
    })
    await progress.stage('apply-blocks', async (counter) => {
      counter.expect(10)
      await clock.advance(1_000)
      counter.add({ items: 5 })
      const [current] = progress.current()
      assert.deepEqual([current?.done, current?.expected], [1_005, 1_010])
      assert.deepEqual([current?.rate, current?.leftMs], [5, 1_000])
    })
  })
})
