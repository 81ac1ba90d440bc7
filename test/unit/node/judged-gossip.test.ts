// The wait before an answer to signed_tip: older connections first, then all gossip; no answer where it takes too long.
import assert from 'node:assert/strict'
import { JUDGING_MAX_MS, untilJudged } from '../../../src/node/judged-gossip.ts'
import { type ByteStream } from '../../../src/reqresp/byte-stream.ts'
import { RequestRefused } from '../../../src/reqresp/responder.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { until } from '../../support/until.ts'

/** Each step waits to be let go on. */
function createSteps() {
  const steps: string[] = []
  const waiting = new Map<string, () => void>()
  const step = async (name: string) => {
    steps.push(name)
    await new Promise<void>((resolve) => {
      waiting.set(name, resolve)
    })
  }
  const clock = createManualClock()
  const judging = untilJudged(
    {
      clock,
      network: { closeOlderConnections: () => step('older') },
      gossip: { drain: () => step('drain') }
    },
    { stream: {} as ByteStream, signal: new AbortController().signal }
  )
  return { steps, clock, judging, goOn: (name: string) => waiting.get(name)?.() }
}

describe('gossip that came before', () => {
  it('is judged after the older connections were read to their end', async () => {
    const { steps, judging, goOn } = createSteps()
    assert.deepEqual(steps, ['older'])
    goOn('older')
    await until('the next step', () => steps.length === 2)
    assert.deepEqual(steps, ['older', 'drain'])
    goOn('drain')
    await judging
  })

  for (const stuck of ['older', 'drain']) {
    it(`is no answer while ${stuck} does not end: the asker has to ask again`, async () => {
      const { clock, judging, goOn } = createSteps()
      if (stuck === 'drain') goOn('older')
      const refused = assert.rejects(judging, (thrown) => {
        assert.ok(thrown instanceof RequestRefused)
        assert.equal(thrown.result, 'unavailable')
        assert.match(thrown.message, /not judged yet; ask again/)
        return true
      })
      await clock.advance(JUDGING_MAX_MS)
      await refused
    })
  }
})
