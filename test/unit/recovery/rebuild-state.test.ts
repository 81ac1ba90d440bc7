// Which way brings lost states back, and what follows when a way fails.
import assert from 'node:assert/strict'
import { decideState, type StateAction } from '../../../src/recovery/decide/decide-state.ts'
import { type StateFindings } from '../../../src/recovery/decide/findings.ts'
import { ref } from './findings-fixture.ts'
import { createWorld, holder, type WorldOptions } from './runner-fixture.ts'

const goodAt = (number: number) => ({ kind: 'good', tip: ref(number) }) as const
const GOOD = goodAt(10)

/** Ten blocks whose states were lost. */
function lost(change: Partial<StateFindings> = {}): StateFindings {
  return {
    head: ref(10),
    target: undefined,
    isFetchUnderWay: false,
    stateServed: false,
    diskLayer: ref(0),
    isDiskLayerSetAside: false,
    diskLayerGap: undefined,
    isHeard: false,
    readable: ref(0),
    diffsStored: true,
    diffsServed: true,
    executionIsDear: true,
    blocksStored: true,
    failed: new Set(),
    ...change
  }
}

describe('lost states over lost blocks', () => {
  it('wait for the blocks, with the gate shut, and are rebuilt once these are back', async () => {
    const options = { height: 10, readable: 4, missingAtStart: [7n], record: GOOD }
    const world = createWorld(options)
    for (const backup of ['backup-1', 'backup-2', 'backup-3']) world.peers.set(backup, holder(10))
    try {
      world.start()
      await world.clock.advance(30_000)
      assert.equal(world.recovery.status().stateAction?.action, 'await-state')
      assert.equal(world.gate.state().kind, 'shut')
      world.missing.clear()
      world.recovery.onPeersChanged()
      await world.clock.advance(30_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    } finally {
      await world.stop()
    }
  })

  it('are of no matter where the head’s state is there and the hole is far below', async () => {
    const world = createWorld({ height: 400, missingAtStart: [100n], record: goodAt(400) })
    for (const backup of ['backup-1', 'backup-2', 'backup-3']) world.peers.set(backup, holder(400))
    try {
      world.start()
      await world.clock.advance(10_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(400) })
    } finally {
      await world.stop()
    }
  })

  it('keep the gate shut where a hash is lost that the next block may ask for', async () => {
    const world = createWorld({ height: 400, missingAtStart: [350n], record: goodAt(400) })
    for (const backup of ['backup-1', 'backup-2', 'backup-3']) world.peers.set(backup, holder(400))
    try {
      world.start()
      await world.clock.advance(10_000)
      const action = world.recovery.status().blockAction
      assert.ok(action?.action === 'wait')
      assert.deepEqual(action.reason, { code: 'blocks-missing', number: 350n })
      world.missing.clear()
      world.recovery.onPeersChanged()
      await world.clock.advance(10_000)
      assert.equal(world.gate.state().kind, 'open')
    } finally {
      await world.stop()
    }
  })
})

describe('the way to lost states', () => {
  for (const [what, change, action] of [
    ['our own diffs first', {}, 'merge-diffs'],
    ['peers’ diffs where ours are gone', { diffsStored: false }, 'fetch-diffs'],
    ['peers’ diffs where ours failed', { failed: new Set(['diffs']) }, 'fetch-diffs'],
    [
      'execution where it is cheaper than asking',
      { diffsStored: false, executionIsDear: false },
      're-execute'
    ],
    ['execution where nobody serves', { diffsStored: false, diffsServed: false }, 're-execute'],
    [
      'execution where peers’ diffs failed',
      { diffsStored: false, failed: new Set(['peer-diffs']) },
      're-execute'
    ],
    [
      'peers’ diffs, though execution is cheap, where it failed',
      { diffsStored: false, executionIsDear: false, failed: new Set(['execution']) },
      'fetch-diffs'
    ],
    [
      'peers’ diffs where the blocks are not there',
      { diffsStored: false, executionIsDear: false, blocksStored: false },
      'fetch-diffs'
    ],
    [
      'waiting where every way failed',
      { failed: new Set(['diffs', 'peer-diffs', 'execution']) },
      'await-state'
    ],
    ['nothing where nothing is lost', { readable: ref(10) }, 'none']
  ] as readonly (readonly [string, Partial<StateFindings>, string])[]) {
    it(`is ${what}`, () => {
      assert.equal(decideState(lost(change)).action, action)
    })
  }
})

describe('decideState', () => {
  it('has an action for every combination of a small domain, and each is reached in its order', () => {
    const reached = new Set<string>()
    for (const findings of everyState()) {
      const decided = decideState(findings)
      reached.add(decided.action)
      assert.ok(expectedActions(findings).includes(decided.action), decided.action)
      if (decided.action === 'merge-diffs') assert.ok(!findings.failed.has('diffs'))
      if (decided.action === 'fetch-diffs') assert.ok(!findings.failed.has('peer-diffs'))
      if (decided.action === 're-execute') assert.ok(!findings.failed.has('execution'))
      if (decided.action === 'reset-state') assertNoWayLeft(findings)
      if (decided.action === 'link-to-disk-layer') assert.ok(!findings.isDiskLayerSetAside)
    }
    assert.deepEqual([...reached].sort(), [
      'await-disk-layer',
      'await-state',
      'fetch-diffs',
      'fetch-state',
      'link-to-disk-layer',
      'merge-diffs',
      'none',
      're-execute',
      'reset-state'
    ])
  })
})

/** A state is given up only where its block is not wanted or does not fit, or nobody is left to ask for it. */
function assertNoWayLeft(findings: StateFindings): void {
  const { isDiskLayerSetAside, failed, isHeard, diskLayerGap } = findings
  const isUnserved = isHeard && diskLayerGap !== undefined && diskLayerGap.triesCount >= 3
  assert.ok(isDiskLayerSetAside || failed.has('disk-layer') || isUnserved)
}

/** The table of src/recovery/README.md, by its conditions alone. */
function expectedActions(findings: StateFindings): readonly StateAction['action'][] {
  const { head, diskLayer, readable, failed, target } = findings
  const canFetchState = findings.stateServed === true && !failed.has('peer-state')
  if (findings.isFetchUnderWay) return [findings.stateServed ? 'fetch-state' : 'await-state']
  if (diskLayer !== undefined && diskLayer.number > head.number) {
    return ['link-to-disk-layer', 'await-disk-layer', 'reset-state']
  }
  const isFarBelow = head.number === 0n && target !== undefined && target.number > 128n
  if (isFarBelow && canFetchState) return ['fetch-state']
  if (isFarBelow && findings.stateServed === undefined) return ['await-state']
  if (readable?.hash === head.hash) return ['none']
  if (readable === undefined) return ['await-state']
  if (findings.diffsStored && !failed.has('diffs')) return ['merge-diffs']
  const canFetch = findings.diffsServed && !failed.has('peer-diffs')
  const canExecute = findings.blocksStored && !failed.has('execution')
  if (canFetch && (findings.executionIsDear || !canExecute)) return ['fetch-diffs']
  const isDearer = (readable.number === 0n && head.number > 128n) || !canExecute
  if (canFetchState && isDearer) return ['fetch-state']
  return [canExecute ? 're-execute' : 'await-state']
}

/** Half of the findings where nobody serves states are those where that is not known yet. */
function isServedKnown(bits: number): boolean {
  return (bits & 1) === 0
}

function* everyState(): Generator<StateFindings> {
  const ways = ['diffs', 'peer-diffs', 'execution', 'disk-layer', 'peer-state'] as const
  const targets = [undefined, ref(128), ref(129)]
  const gaps = [undefined, 1, 3].map((triesCount) =>
    triesCount === undefined ? undefined : { reason: 'nobody serves it', triesCount }
  )
  for (const head of [ref(0), ref(10), ref(139)]) {
    for (const diskLayer of [undefined, ref(0), ref(10), ref(11)]) {
      for (const readable of [undefined, ref(0), ref(9), head]) {
        for (const target of targets) {
          // The last bits are for a disk layer above the head alone.
          const end = diskLayer?.number === 11n ? 3 * 2 ** 13 : 2 ** 11
          for (let bits = 0; bits < end; bits++) {
            const has = (bit: number) => (bits & (1 << bit)) !== 0
            yield {
              head,
              target,
              diskLayer,
              readable,
              diffsStored: has(0),
              diffsServed: has(1),
              executionIsDear: has(2),
              blocksStored: has(3),
              stateServed: has(4) ? true : isServedKnown(bits) ? false : undefined,
              isFetchUnderWay: has(5),
              failed: new Set(ways.filter((_, way) => has(6 + way))),
              isHeard: has(11),
              isDiskLayerSetAside: has(12),
              diskLayerGap: gaps[bits >> 13]
            }
          }
        }
      }
    }
  }
}

describe('a sequencer whose states are lost', () => {
  /** Runs it to the open gate, and says what it reports. */
  async function recover(diffs: NonNullable<WorldOptions['diffs']>) {
    const record = { kind: 'good', tip: ref(10) } as const
    const world = createWorld({ height: 10, readable: 4, record, diffs })
    for (const name of ['backup-1', 'backup-2']) world.peers.set(name, holder(10))
    try {
      world.start()
      await world.clock.advance(0)
      return { report: world.recovery.status().last, gate: world.gate.state().kind }
    } finally {
      await world.stop()
    }
  }

  it('rebuilds them from its diffs', async () => {
    const { report, gate } = await recover((makeReadable) => ({
      areStored: () => true,
      async replayStored({ from, to }, onReplayed) {
        assert.deepEqual([from, to], [ref(4), ref(10)])
        onReplayed(6)
        makeReadable(to)
        return Promise.resolve({ kind: 'rebuilt' })
      }
    }))
    assert.equal(gate, 'open')
    assert.deepEqual(report?.sources, ['diffs'])
    assert.equal(report.lostLayers, 6)
    const stage = report.stages.find(({ name }) => name === 'rebuild-state')
    assert.equal(stage?.items, 6)
  })

  it('executes what a bad diff of its own leaves, and says so', async () => {
    const { report, gate } = await recover((makeReadable) => ({
      areStored: () => true,
      async replayStored(_, onReplayed) {
        onReplayed(2)
        makeReadable(ref(6))
        return Promise.resolve({ kind: 'failed', reason: 'the diff of block 7 is false' })
      }
    }))
    assert.equal(gate, 'open')
    assert.deepEqual(report?.sources, ['diffs', 'execution'])
    assert.equal(report.lostLayers, 6)
  })

  it('fetches them where executing is dear, and executes when nobody has them after all', async () => {
    const asked: string[] = []
    const dear = { areServed: () => true, isExecutionDear: () => true }
    const fetched = await recover((makeReadable) => ({
      ...dear,
      async replayFetched({ to }, onReplayed) {
        for (let at = 0; at < 6; at++) onReplayed(1, { peer: 'backup-1', bytes: 50 })
        makeReadable(to)
        return Promise.resolve({ kind: 'rebuilt' })
      }
    }))
    assert.deepEqual(fetched.report?.sources, ['diffs'])
    const stage = fetched.report.stages.find(({ name }) => name === 'rebuild-state')
    assert.deepEqual([stage?.items, stage?.bytes, stage?.peers], [6, 300, ['backup-1']])
    const executed = await recover(() => ({
      ...dear,
      async replayFetched() {
        asked.push('once')
        return Promise.resolve({ kind: 'failed', reason: 'no connected peer keeps them' })
      }
    }))
    assert.deepEqual(asked, ['once'])
    assert.deepEqual(executed.report?.sources, ['execution'])
    assert.equal(executed.gate, 'open')
  })
})
