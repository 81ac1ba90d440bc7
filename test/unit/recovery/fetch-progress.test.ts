// What a state that is fetched reports: each kind with its estimated total from the key space, and the share of all of it.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import { fetchReporter } from '../../../src/recovery/actions/peer-states.ts'
import { createProgress } from '../../../src/recovery/actions/progress.ts'
import {
  FETCH_BEGUN,
  type FetchCheckpoint,
  SEGMENTS_COUNT,
  shareFetched,
  leftAfter
} from '../../../src/state/fetch-checkpoint.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const NOTHING = { accounts: 0, slots: 0, codes: 0, nodes: 0, bytes: 0 }

function segmentsLeft(wholeCount: number) {
  return leftAfter(undefined).map((left, segment) => (segment < wholeCount ? undefined : left))
}

async function reported(
  begun: FetchCheckpoint,
  progress: Parameters<ReturnType<typeof fetchReporter>>[0]
) {
  const clock = createManualClock()
  const stages = createProgress({ clock, log: silentLog, onStage: () => Promise.resolve() })
  return stages.stage('fetch-state', async (counter) => {
    fetchReporter(begun, counter)(progress, { peer: 'a', bytes: 10 })
    return Promise.resolve(stages.current()[0]!)
  })
}

describe('the progress of a state that is fetched', () => {
  it('estimates totals by the part of the key space that came', async () => {
    const came = { ...NOTHING, accounts: 100, slots: 40, codes: 2, accountsShare: 0.25, share: 0.2 }
    const { done, expected, share, parts } = await reported(FETCH_BEGUN, came)
    assert.deepEqual({ done, expected, share }, { done: 142, expected: 710, share: 0.2 })
    assert.deepEqual(parts, [
      { name: 'accounts', done: 100, expected: 400 },
      { name: 'slots', done: 40, expected: 200 },
      { name: 'codes', done: 2, expected: undefined },
      { name: 'nodes', done: 0, expected: undefined }
    ])
  })

  it('goes by what this process brought where an earlier one had begun', async () => {
    const begun = { ...FETCH_BEGUN, accounts: segmentsLeft(SEGMENTS_COUNT / 2) }
    const came = { ...NOTHING, accounts: 100, accountsShare: 0.75, share: 0.75 }
    const { share, parts } = await reported(begun, came)
    assert.equal(share, 0.75)
    assert.deepEqual(parts[0], { name: 'accounts', done: 100, expected: 200 })
  })

  it('counts the key space of a large storage as it does that of accounts', () => {
    const addressHash = new Uint8Array(32)
    const accounts = segmentsLeft(SEGMENTS_COUNT)
    const large = [{ addressHash, left: segmentsLeft(SEGMENTS_COUNT / 2) }]
    assert.equal(shareFetched({ accounts, large: [] }), 1)
    assert.equal(shareFetched({ accounts, large }), 0.75)
    assert.equal(shareFetched(FETCH_BEGUN), 0)
  })
})
