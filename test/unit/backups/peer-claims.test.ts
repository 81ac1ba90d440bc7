// What peers say of themselves: bounded, and a configured peer's word is not pushed out.
import assert from 'node:assert/strict'
import { PeerClaims, STRANGER_CLAIMS_MAX } from '../../../src/backups/peer-claims.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { plainStatus } from '../../support/plain-status.ts'

describe('the claims of peers', () => {
  const status = (number: bigint) => plainStatus({ unsafeNumber: number, acceptedNumber: number })
  const timing = { tripMs: 10 }

  it('are bounded, though strangers that left are never named, and keep those of configured peers', () => {
    const claims = new PeerClaims(createManualClock(), (peer) => peer === 'backup')
    claims.note('backup', status(7n), timing)
    for (let index = 0; index < 3 * STRANGER_CLAIMS_MAX; index++) {
      claims.note(`stranger-${String(index)}`, status(1n), timing)
    }
    assert.equal(claims.status('stranger-0'), undefined)
    assert.equal(claims.status('backup')?.unsafeNumber, 7n)
    assert.equal(claims.replicatedHead(['backup']), 7n)
    assert.equal(claims.clockReadings(['backup']).length, 1)
    assert.equal(claims.highestClaimed(), 7n)
    claims.forget('backup')
    assert.equal(claims.status('backup'), undefined)
  })
})
