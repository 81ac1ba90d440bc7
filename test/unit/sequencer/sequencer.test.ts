// The block loop: steps in order, one at a time; no signature once the gate is shut; faults.
import assert from 'node:assert/strict'
import { type BlockStepEvent } from '../../../src/sequencer/sequencer.ts'
import { settle } from '../../support/manual-clock.ts'
import { signChild, testGenesisBlock } from '../../support/signed-chain.ts'
import { type SequencerRig, startSequencer } from './sequencer-fixture.ts'

const STEPS_OF = (number: number) =>
  ['built', 'sealed', 'sign', 'signed', 'publish', 'published', 'persist'].map(
    (step) => `${step} ${number}`
  )

let rig: SequencerRig

async function stop(): Promise<void> {
  rig.stop.abort(new Error('the node stops'))
  await rig.clock.advance(0)
  await rig.run
}

describe('the block loop', () => {
  afterEach(stop)

  it('takes every step of a block in order, and then those of the next', async () => {
    rig = startSequencer()
    await rig.clock.advance(2_000)
    assert.deepEqual(rig.calls, [...STEPS_OF(1), ...STEPS_OF(2), 'built 3'])
    assert.deepEqual(rig.faults, [])
    assert.deepEqual(rig.head, rig.signed[1])
  })
  it('builds from the moment of the head on, and seals when the block is due', async () => {
    rig = startSequencer()
    await rig.clock.advance(999)
    assert.deepEqual(rig.calls, ['built 1'])
    await rig.clock.advance(1)
    assert.deepEqual(rig.calls, [...STEPS_OF(1), 'built 2'])
  })
  it('waits after each step until its listener is done', async () => {
    rig = startSequencer()
    const seen: string[] = []
    let release: () => void = () => undefined
    rig.hooks.onStep = async ({ step }: BlockStepEvent) => {
      seen.push(step)
      await new Promise<void>((resolve) => {
        release = resolve
      })
    }
    const expected = ['built', 'sealed', 'signed', 'published']
    for (const [index, step] of expected.entries()) {
      await rig.clock.advance(2_000)
      assert.deepEqual(seen, expected.slice(0, index + 1))
      assert.equal(rig.calls.at(-1), `${step} 1`)
      if (step === 'published') rig.hooks = {}
      release()
    }
    await settle()
    assert.equal(rig.calls.includes('persist 1'), true)
  })
  it('does not persist before the block left', async () => {
    rig = startSequencer()
    let release: () => void = () => undefined
    rig.hooks.onPublish = () =>
      new Promise<void>((resolve) => {
        release = resolve
      })
    await rig.clock.advance(5_000)
    assert.equal(rig.calls.at(-1), 'publish 1')
    rig.hooks = {}
    release()
    await settle()
    assert.equal(rig.calls.includes('persist 1'), true)
  })
  it('builds nothing while the gate is shut, and begins once it opens', async () => {
    rig = startSequencer({ gate: 'shut' })
    await rig.clock.advance(10_000)
    assert.deepEqual(rig.calls, [])
    rig.open()
    await settle()
    assert.deepEqual(rig.calls.slice(0, 7), STEPS_OF(1))
  })
})

describe('a gate that is shut while a block is made', () => {
  afterEach(stop)

  it('while its build starts leaves nothing built', async () => {
    rig = startSequencer()
    rig.hooks.onForkchoice = () => {
      rig.gate = 'shut'
      return undefined
    }
    await rig.clock.advance(5_000)
    assert.deepEqual(rig.calls, ['fault'])
    assert.deepEqual(rig.faults, ['recovering'])
  })

  for (const step of ['built', 'sealed'] as const) {
    it(`after "${step}" leaves no signature`, async () => {
      rig = startSequencer()
      rig.hooks.onStep = (event) => {
        if (event.step === step) rig.gate = 'shut'
      }
      await rig.clock.advance(5_000)
      assert.deepEqual(rig.signed, [])
      assert.equal(
        rig.calls.some((call) => call.startsWith('publish')),
        false
      )
      assert.deepEqual(rig.faults, ['recovering'])
    })
  }
  it('while the block waits to be sealed leaves no signature', async () => {
    rig = startSequencer()
    await rig.clock.advance(500)
    rig.gate = 'shut'
    await rig.clock.advance(5_000)
    assert.deepEqual(rig.signed, [])
    assert.deepEqual(rig.faults, ['recovering'])
  })
  it('while the signer prepares leaves no signature', async () => {
    rig = startSequencer()
    rig.hooks.onSign = () => {
      rig.gate = 'shut'
    }
    await rig.clock.advance(5_000)
    assert.deepEqual(rig.signed, [])
    assert.deepEqual(rig.faults, ['recovering'])
  })
  for (const step of ['signed', 'published'] as const) {
    it(`after "${step}" lets the signed block go its way, and no other one`, async () => {
      rig = startSequencer()
      rig.hooks.onStep = (event) => {
        if (event.step === step) rig.gate = 'shut'
      }
      await rig.clock.advance(5_000)
      assert.deepEqual(rig.calls, STEPS_OF(1))
      assert.equal(rig.signed.length, 1)
    })
  }
  it('and opens again lets the block on the same head be made', async () => {
    rig = startSequencer()
    await rig.clock.advance(500)
    rig.gate = 'shut'
    await rig.clock.advance(600)
    assert.deepEqual(rig.faults, ['recovering'])
    rig.open()
    await rig.clock.advance(1_000)
    assert.equal(rig.signed[0]?.number, 1n)
    assert.deepEqual(rig.faults, ['recovering'])
  })
})

describe('a block that is given up', () => {
  afterEach(stop)
  const other = signChild(testGenesisBlock(), { salt: 4 })

  it('is one whose head moved while it was built', async () => {
    rig = startSequencer()
    await rig.clock.advance(500)
    rig.head = other
    await rig.clock.advance(500)
    assert.equal(rig.signed.length, 0)
    assert.deepEqual(rig.faults, ['recovering'])
    rig.open()
    await rig.clock.advance(2_000)
    assert.equal(rig.signed.at(0)?.parentHash, other.hash)
  })
  for (const kind of ['state-missing', 'unknown-head'] as const) {
    it(`is one on ${kind}`, async () => {
      rig = startSequencer()
      rig.hooks.onForkchoice = () => ({ kind })
      await rig.clock.advance(1_000)
      assert.deepEqual(rig.calls, ['fault'])
      assert.deepEqual(rig.faults, ['state-not-readable'])
    })
  }
  const noRoom = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
  for (const [what, thrown, fault] of [
    ['the disk is full', noRoom, 'disk-full'],
    [
      'no file can be opened',
      Object.assign(new Error('EMFILE'), { code: 'EMFILE' }),
      'files-exhausted'
    ],
    [
      'the disk is full, three causes deep',
      new Error('a', { cause: new Error('b', { cause: noRoom }) }),
      'disk-full'
    ],
    ['the write failed otherwise', new Error('EIO'), 'recovering'],
    ['its cause is no error', new Error('a', { cause: 'ENOSPC' }), 'recovering']
  ] as const) {
    it(`is one that cannot be persisted since ${what}: ${fault}`, async () => {
      rig = startSequencer()
      rig.hooks.onPersist = () => {
        throw thrown
      }
      await rig.clock.advance(5_000)
      assert.deepEqual(rig.calls, [...STEPS_OF(1), 'fault'])
      assert.deepEqual(rig.faults, [fault])
    })
  }
  it('is one that cannot be signed or sent, with the reason in the log', async () => {
    for (const hook of ['onSign', 'onPublish'] as const) {
      rig = startSequencer()
      rig.hooks[hook] = () => {
        throw new Error(`${hook} failed`)
      }
      await rig.clock.advance(5_000)
      assert.deepEqual(rig.faults, ['recovering'])
      assert.deepEqual(rig.logged, [{ reason: `${hook} failed` }])
      assert.equal(rig.calls.includes('persist 1'), false)
      await stop()
    }
  })
  it('does not make the loop spin where the gate stays open', async () => {
    rig = startSequencer()
    let triesCount = 0
    rig.hooks = {
      isGateStuck: true,
      onForkchoice() {
        triesCount++
        // A loop that spins leaves no turn to anybody: it is stopped from within.
        if (triesCount > 100) rig.stop.abort(new Error('it spins'))
        return { kind: 'state-missing' }
      }
    }
    await rig.clock.advance(100)
    assert.ok(triesCount > 1 && triesCount < 10, `${triesCount} tries in 100 ms`)
  })
})

describe('an abort', () => {
  const steps = ['built', 'sealed', 'signed', 'published'] as const
  for (const step of steps) {
    it(`after "${step}" ${steps.indexOf(step) < 2 ? 'leaves no signature' : 'lets the signed block be persisted'}`, async () => {
      rig = startSequencer()
      rig.hooks.onStep = (event) => {
        if (event.step === step) rig.stop.abort(new Error('the node stops'))
      }
      await rig.clock.advance(5_000)
      await rig.run
      const isSigned = step === 'signed' || step === 'published'
      assert.equal(rig.signed.length, isSigned ? 1 : 0)
      assert.equal(rig.calls.includes('persist 1'), isSigned)
      assert.deepEqual(rig.faults, [])
    })
  }
  it('while the gate is shut ends the loop', async () => {
    rig = startSequencer({ gate: 'shut' })
    await stop()
    assert.deepEqual(rig.calls, [])
  })
  it('while a block waits ends the loop at once', async () => {
    rig = startSequencer()
    await rig.clock.advance(300)
    await stop()
    assert.deepEqual(rig.calls, ['built 1'])
    assert.deepEqual(rig.faults, [])
  })
  it('during the pause after a fault ends the loop', async () => {
    rig = startSequencer()
    rig.hooks.onForkchoice = () => ({ kind: 'state-missing' })
    await settle()
    await stop()
    assert.deepEqual(rig.faults, ['state-not-readable'])
  })
})
