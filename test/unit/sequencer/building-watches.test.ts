// What ends building beside the loop, and only while the gate is open.
import assert from 'node:assert/strict'
import { silentLog } from '../../../src/base/log.ts'
import {
  type BuildingFault,
  createDiskWatch,
  createPeriodWatch
} from '../../../src/sequencer/building-watches.ts'
import { createManualClock } from '../../support/manual-clock.ts'

/** Faults that were told, and a gate that each of them shuts. */
function watched() {
  const faults: BuildingFault[] = []
  let isOpen = true
  return {
    faults,
    open: () => (isOpen = true),
    deps: {
      clock: createManualClock(),
      log: silentLog,
      isOpen: () => isOpen,
      onFault(fault: BuildingFault) {
        faults.push(fault)
        isOpen = false
      }
    }
  }
}

describe('a disk that gets full', () => {
  it('shuts an open gate once, and again when that opened meanwhile', async () => {
    const { faults, open, deps } = watched()
    let hasRoom = true
    const stop = new AbortController()
    const running = createDiskWatch(deps, () => hasRoom).run(stop.signal)
    await deps.clock.advance(10_000)
    assert.deepEqual(faults, [])
    hasRoom = false
    await deps.clock.advance(10_000)
    assert.deepEqual(faults, ['disk-full'])
    open()
    await deps.clock.advance(2_000)
    assert.deepEqual(faults, ['disk-full', 'disk-full'])
    open()
    stop.abort()
    await running
    assert.equal(faults.length, 2)
  })
})

describe('the end of our period', () => {
  const signerAt = (number: bigint) => (number < 10n ? 'we' : 'they')

  it('ends building at the last block that is ours', () => {
    const { faults, deps } = watched()
    const onHead = createPeriodWatch(deps, { own: 'we', signerAt })
    onHead({ number: 8n })
    assert.deepEqual(faults, [])
    onHead({ number: 9n })
    assert.deepEqual(faults, ['not-scheduled'])
  })

  it('says nothing behind a gate that is shut', () => {
    const { faults, deps } = watched()
    const onHead = createPeriodWatch(deps, { own: 'we', signerAt })
    onHead({ number: 9n })
    onHead({ number: 10n })
    assert.deepEqual(faults, ['not-scheduled'])
  })
})
