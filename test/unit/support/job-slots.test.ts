// Jobs side by side: never more than there are slots, all of them in the end, failures included.
import assert from 'node:assert/strict'
import { createJobSlots } from '../../support/job-slots.ts'

describe('job slots', () => {
  for (const jobsMax of [1, 2, 3]) {
    it(`run ${jobsMax} at a time, in their order`, async () => {
      const slots = createJobSlots(jobsMax)
      const begun: number[] = []
      let runningCount = 0
      let most = 0
      await Promise.all(
        Array.from({ length: 7 }, (_, index) =>
          slots(async () => {
            begun.push(index)
            runningCount += 1
            most = Math.max(most, runningCount)
            await new Promise((resolve) => setImmediate(resolve))
            runningCount -= 1
          })
        )
      )
      assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6])
      assert.equal(most, jobsMax)
    })
  }

  it('give a slot back when a job fails', async () => {
    const slots = createJobSlots(1)
    const failed = slots(() => Promise.reject(new Error('it failed')))
    const next = slots(() => Promise.resolve('went on'))
    await assert.rejects(failed, /it failed/)
    assert.equal(await next, 'went on')
  })
})
