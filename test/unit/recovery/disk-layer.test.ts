// A power cut: chain/ lost its newest blocks and state/ did not. The state is kept where its block can be had.
import assert from 'node:assert/strict'
import { decideState } from '../../../src/recovery/decide/decide-state.ts'
import { type StateFindings } from '../../../src/recovery/decide/findings.ts'
import { ref } from './findings-fixture.ts'
import { createWorld, holder, testBlock, type WorldOptions } from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

const BACKUPS = ['backup-1', 'backup-2', 'backup-3']
const LOST = [11, 12, 13].map((number) => testBlock(number))
const LOST_HASHES = LOST.map(({ hash }) => hash)
const GOOD_RECORD = { kind: 'good', tip: ref(13) } as const

/** The chain ends at 10, the state on disk is of 13. */
async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld({ height: 10, readable: 13, ...options })
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

/** All of them connected at a height, the first one serving these blocks. */
function connectAll(world: World, height: number, served: readonly ReturnType<typeof testBlock>[]) {
  for (const name of BACKUPS) world.peers.set(name, holder(height))
  world.served.set('backup-1', served)
}

function findings(change: Partial<StateFindings>): StateFindings {
  return {
    head: ref(10),
    target: undefined,
    isFetchUnderWay: false,
    stateServed: false,
    diskLayer: ref(13),
    isDiskLayerSetAside: false,
    diskLayerGap: undefined,
    isHeard: true,
    readable: ref(0),
    diffsStored: true,
    diffsServed: true,
    executionIsDear: false,
    blocksStored: true,
    failed: new Set(),
    ...change
  }
}

const gap = (triesCount: number) => ({ reason: 'nobody serves it', triesCount })

describe('a disk layer above the stored head', () => {
  for (const [what, change, action] of [
    ['is linked up to before anything else is done', {}, 'link-to-disk-layer'],
    ['is linked up to before everybody was heard, too', { isHeard: false }, 'link-to-disk-layer'],
    [
      'is waited for while somebody who counts was not heard',
      { isHeard: false, diskLayerGap: gap(9) },
      'await-disk-layer'
    ],
    ['is tried more than once', { diskLayerGap: gap(2) }, 'await-disk-layer'],
    [
      'is given up after three tries with everybody’s word',
      { diskLayerGap: gap(3) },
      'reset-state'
    ],
    ['is given up where no block leads to it', { failed: new Set(['disk-layer']) }, 'reset-state'],
    [
      'is given up where an operator decided against it',
      { isDiskLayerSetAside: true },
      'reset-state'
    ],
    ['is no matter at the head', { diskLayer: ref(10), readable: ref(10) }, 'none']
  ] as readonly (readonly [string, Partial<StateFindings>, string])[]) {
    it(what, () => {
      assert.equal(decideState(findings(change)).action, action)
    })
  }
})

describe('a node whose chain ends below its disk layer', () => {
  it('links the blocks that a peer serves, executes none, and has its state', async () => {
    await withWorld({ record: GOOD_RECORD }, async (world) => {
      connectAll(world, 13, LOST)
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.linked, LOST_HASHES)
      assert.deepEqual(world.applied, [])
      assert.deepEqual(world.resets, [])
      await world.clock.advance(1_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(13) })
      const report = world.recovery.status().last
      assert.deepEqual(report?.sources, ['peers'])
      assert.deepEqual([report.firstBlock, report.lastBlock], [11n, 13n])
    })
  })

  it('executes what the peers have above it', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 15, [...LOST, testBlock(14)])
      world.start()
      await world.clock.advance(10_000)
      assert.deepEqual(world.linked, LOST_HASHES)
      assert.deepEqual(world.applied, [ref(14).hash, ref(15).hash])
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(15) })
    })
  })

  it('fetches no block twice where one above it has been heard of already', async () => {
    const acceptedAtStart = [testBlock(15)]
    await withWorld({ acceptedAtStart, quorum: 'none' }, async (world) => {
      connectAll(world, 15, [...LOST, testBlock(14)])
      world.start()
      await world.clock.advance(0)
      const wanted = [...LOST_HASHES, ref(14).hash]
      assert.deepEqual([...world.fetched].sort(), wanted.sort())
      assert.deepEqual(world.head(), ref(15))
    })
  })

  it('walks back to no block that it has passed by then', async () => {
    await withWorld({ acceptedAtStart: [testBlock(12)], quorum: 'none' }, async (world) => {
      const whole = Array.from({ length: 13 }, (_, index) => testBlock(index + 1))
      connectAll(world, 13, whole)
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.linked, LOST_HASHES)
      assert.deepEqual([...world.fetched].sort(), [ref(11).hash, ref(13).hash])
    })
  })

  it('waits for the peers that have them, and says what for', async () => {
    await withWorld({}, async (world) => {
      world.start()
      await world.clock.advance(700_000)
      const { stateAction, blockAction } = world.recovery.status()
      assert.equal(stateAction?.action, 'await-disk-layer')
      assert.deepEqual(blockAction?.action === 'ask' && blockAction.missing, BACKUPS)
      assert.deepEqual(world.resets, [], 'a sequencer cannot build before they answer anyway')
      world.served.set('backup-2', LOST)
      for (const name of BACKUPS) await world.connect(name, holder(13))
      await world.clock.advance(10_000)
      assert.deepEqual(world.linked, LOST_HASHES)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(13) })
    })
  })

  it('takes them from its record once the quorum has shown nothing else, and publishes them', async () => {
    const record = { kind: 'good', tip: ref(14) } as const
    const recordBlocks = [...LOST, testBlock(14)]
    await withWorld({ record, recordBlocks }, async (world) => {
      world.peers.set('backup-1', holder(10))
      world.start()
      await world.clock.advance(20_000)
      assert.deepEqual(world.linked, [], 'one answer is no quorum')
      await world.connect('backup-2', holder(10))
      await world.clock.advance(10_000)
      assert.deepEqual(world.linked, LOST_HASHES)
      assert.deepEqual(world.applied, [ref(14).hash])
      assert.deepEqual(world.resets, [])
      assert.deepEqual(world.published, [...LOST_HASHES, ref(14).hash])
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(14) })
    })
  })

  const BESIDE = [11, 12, 13, 14].map((number) => testBlock(number, 'b', number === 11 ? 'a' : 'b'))
  for (const [what, served, action] of [
    ['which leaves ours', BESIDE, 'stay-shut-conflict'],
    ['which nobody serves', [], 'stay-shut-gap']
  ] as const) {
    it(`takes nothing from its record while a backup shows a block above it, ${what}`, async () => {
      await withWorld({ record: GOOD_RECORD, recordBlocks: LOST }, async (world) => {
        for (const name of BACKUPS) world.peers.set(name, holder(15, 'b'))
        world.served.set('backup-1', served)
        world.start()
        await world.clock.advance(60_000)
        assert.deepEqual([world.published, world.linked, world.applied], [[], [], []])
        assert.equal(world.recovery.status().blockAction?.action, action)
        assert.equal(world.gate.state().kind, 'shut')
      })
    })
  }

  for (const [what, height, served] of [
    ['is in the record', 12, []],
    ['stands on it', 15, [testBlock(14)]]
  ] as const) {
    it(`takes them from its record where a backup shows a block that ${what}`, async () => {
      await withWorld({ record: GOOD_RECORD, recordBlocks: LOST }, async (world) => {
        for (const name of BACKUPS) world.peers.set(name, holder(height))
        world.served.set('backup-1', served)
        world.start()
        await world.clock.advance(60_000)
        assert.deepEqual(world.linked, LOST_HASHES)
        assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(Math.max(height, 13)) })
      })
    })
  }

  it('gives its state up when everybody has answered and nobody serves them, and names why', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 10, [])
      world.start()
      await world.clock.advance(12_000)
      assert.deepEqual(world.resets, [], 'they are asked for more than once')
      await world.clock.advance(60_000)
      assert.deepEqual(world.resets, [ref(10)])
      assert.deepEqual(
        world.logged.filter(({ event }) => event === 'state-unreadable'),
        [
          {
            event: 'state-unreadable',
            fields: { diskLayer: `13 (${ref(13).hash})`, reason: 'unavailable' }
          }
        ]
      )
      assert.deepEqual(world.linked, [])
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      assert.deepEqual(world.recovery.status().last?.sources, ['execution'])
    })
  })

  it('gives its state up in the same time though peers that have nothing come and go', async () => {
    await withWorld({}, async (world) => {
      connectAll(world, 10, [])
      world.start()
      for (let turn = 0; turn < 20; turn++) {
        await world.clock.advance(1_500)
        await world.connect('stranger', holder(10))
        await world.clock.advance(1_500)
        world.peers.delete('stranger')
        world.recovery.onPeersChanged()
        if (turn === 2) assert.deepEqual(world.resets, [], 'who comes and goes makes no try count')
      }
      assert.deepEqual(world.resets, [ref(10)])
    })
  })

  it('gives it up at once when the header of its block has another state root', async () => {
    const diskLayer = { ...ref(13), root: ref(13, 'x').hash }
    await withWorld({ diskLayer }, async (world) => {
      connectAll(world, 13, LOST)
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.resets, [ref(10)])
      await world.clock.advance(10_000)
      assert.deepEqual(world.linked, [])
      assert.deepEqual(world.applied, LOST_HASHES, 'the blocks are good: they are executed')
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(13) })
    })
  })

  it('does not go back to what an operator took it from', async () => {
    await withWorld({ setAsideAtStart: [ref(13).hash], record: GOOD_RECORD }, async (world) => {
      connectAll(world, 10, LOST)
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.linked, [])
      assert.deepEqual(world.resets, [ref(10)])
    })
  })

  it('of a sequencer keeps its state while two branches wait for a choice', async () => {
    await withWorld({ acceptedAtStart: [testBlock(11, 'b', 'a')] }, async (world) => {
      connectAll(world, 13, LOST)
      world.start()
      await world.clock.advance(120_000)
      assert.equal(world.recovery.status().blockAction?.action, 'stay-shut-conflict')
      assert.equal(world.recovery.status().stateAction?.action, 'await-disk-layer')
      assert.deepEqual([world.linked, world.applied, world.resets], [[], [], []])
    })
  })
})

describe('a backup whose chain ends below its disk layer', () => {
  const backup = { role: 'backup', backups: [], configuredPeers: ['peer'] } as const

  it('links up to it, whoever serves it and whenever that one comes', async () => {
    await withWorld(backup, async (world) => {
      world.start()
      await world.clock.advance(60_000)
      assert.equal(world.recovery.status().stateAction?.action, 'await-disk-layer')
      world.served.set('peer', LOST)
      await world.connect('peer', holder(13))
      await world.clock.advance(1_000)
      assert.deepEqual(world.linked, LOST_HASHES)
      assert.deepEqual(world.head(), ref(13))
      assert.deepEqual(world.resets, [])
    })
  })

  it('gives its state up after three tries when whoever is there does not have it', async () => {
    await withWorld(backup, async (world) => {
      world.peers.set('peer', holder(10))
      world.start()
      await world.clock.advance(60_000)
      assert.deepEqual(world.resets, [ref(10)])
    })
  })

  it('gives nothing up by the word of a stranger', async () => {
    await withWorld(backup, async (world) => {
      world.peers.set('stranger', holder(10))
      world.start()
      await world.clock.advance(300_000)
      assert.deepEqual(world.resets, [])
      await world.connect('peer', holder(10))
      await world.clock.advance(60_000)
      assert.deepEqual(world.resets, [ref(10)])
    })
  })

  it('does not wait for ever where nobody comes', async () => {
    await withWorld(backup, async (world) => {
      world.start()
      await world.clock.advance(500_000)
      assert.deepEqual(world.resets, [])
      await world.clock.advance(200_000)
      assert.deepEqual(world.resets, [ref(10)])
    })
  })

  it('stays on the branch that its state is of, though it hears of another one first', async () => {
    const other = [testBlock(11, 'b', 'a'), testBlock(12, 'b')]
    await withWorld({ ...backup, acceptedAtStart: other }, async (world) => {
      world.served.set('peer', LOST)
      world.peers.set('peer', holder(13))
      world.start()
      await world.clock.advance(30_000)
      assert.deepEqual(world.head(), ref(13))
      assert.deepEqual(world.linked, LOST_HASHES)
      const [conflict] = world.recovery.status().conflicts
      assert.deepEqual([conflict?.ours, conflict?.other], [ref(11), ref(11, 'b')])
    })
  })
})
