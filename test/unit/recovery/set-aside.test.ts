// What operators decided against: it matches no row, however a decision was interrupted.
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Hex } from '../../../src/base/bytes.ts'
import { createYielder, YIELD_SLICE_MS } from '../../../src/base/yielder.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { heldAncestors } from '../../../src/recovery/actions/set-aside.ts'
import { ref } from './findings-fixture.ts'
import {
  createWorld,
  holder,
  testBlock,
  type TestPeer,
  type WorldOptions
} from './runner-fixture.ts'

type World = ReturnType<typeof createWorld>

async function withWorld(options: WorldOptions, test: (world: World) => Promise<void>) {
  const world = createWorld(options)
  try {
    await test(world)
  } finally {
    await world.stop()
  }
}

describe('giving up what nobody serves', () => {
  const recordBlocks = [testBlock(11), testBlock(12)]
  /** A node that was killed after the marks were written and before the record let go. */
  const interrupted = {
    record: { kind: 'good', tip: ref(12) },
    recordBlocks,
    setAsideAtStart: recordBlocks.map(({ hash }) => hash)
  } as const

  /** Three backups that agree on 10, and how often they are asked. */
  function connectAll(world: World): { count: number } {
    const asked = { count: 0 }
    for (const name of ['backup-1', 'backup-2', 'backup-3']) {
      world.peers.set(name, (head) => {
        asked.count++
        return holder(10)(head)
      })
    }
    return asked
  }

  it('stays a gap where it was interrupted, and asks nobody without a pause', async () => {
    await withWorld(interrupted, async (world) => {
      const asked = connectAll(world)
      world.start()
      await world.clock.advance(60_000)
      const action = world.recovery.status().blockAction
      assert.equal(action?.action, 'stay-shut-gap')
      assert.equal(action.failure.reason, 'it was set aside by an operator')
      assert.ok(asked.count < 150, `${String(asked.count)} questions in a minute`)
      assert.deepEqual([world.applied, world.published, world.released], [[], [], []])
      assert.equal(world.gate.state().kind, 'shut')
    })
  })

  it('ends where it was interrupted, by the same command', async () => {
    await withWorld({ ...interrupted, giveUpAbove: ref(10).hash }, async (world) => {
      connectAll(world)
      world.start()
      await world.clock.advance(10_000)
      assert.deepEqual(world.released, [10n])
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })
})

describe('what our key signed on a block that was set aside', () => {
  const branch = [testBlock(11, 'b', 'a'), ...[12, 13, 14].map((number) => testBlock(number, 'b'))]
  const [root, child, grandchild, top] = branch as [SignedBlock, ...SignedBlock[]]
  const record = { kind: 'good', tip: ref(10) } as const

  /** The gate is open on 10; the branch was set aside from 11 on, as far as it was known. */
  async function withOpenGate(
    known: readonly SignedBlock[],
    test: (world: World) => Promise<void>
  ): Promise<void> {
    const setAsideAtStart = known.map(({ hash }) => hash)
    const options = { record, acceptedAtStart: known, setAsideAtStart, backups: ['backup-1'] }
    await withWorld(options, async (world) => {
      world.peers.set('backup-1', holder(10))
      world.start()
      await world.clock.advance(0)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      await test(world)
    })
  }

  /** A peer with the whole branch connects and shows its tip. */
  async function meet(world: World, tip: SignedBlock): Promise<void> {
    world.served.set('newcomer', branch)
    await world.connect('newcomer', (head) =>
      tip.number > head.number ? { relation: 'ahead', block: tip } : { relation: 'same' }
    )
    await world.clock.advance(60_000)
  }

  for (const [what, tip] of [
    ['a child', child],
    ['a grandchild', grandchild],
    ['a further descendant', top]
  ] as const) {
    it(`latches the gate where ${what} was not known, and names what it stands on and the exit`, async () => {
      assert.ok(tip)
      await withOpenGate([root], async (world) => {
        await meet(world, tip)
        assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'foreign-block' })
        assert.deepEqual(world.recovery.status().foreign, {
          block: { number: tip.number, hash: tip.hash },
          from: 'newcomer',
          standsOn: ref(11, 'b')
        })
        assert.deepEqual(
          world.logged.find(({ event }) => event === 'foreign-block-set-aside')?.fields,
          {
            block: `${String(tip.number)} (${tip.hash})`,
            standsOn: `11 (${root.hash})`,
            exit: `admin_startSequencer ${ref(10).hash}`
          }
        )
        assert.deepEqual(world.head(), ref(10))
        world.recovery.sequencing.start(ref(10).hash)
        await world.clock.advance(10_000)
        assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) }, 'nothing is left to do')
      })
    })
  }

  it('shuts no gate where it was set aside with it', async () => {
    await withOpenGate(branch, async (world) => {
      await meet(world, top!)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })

  it('latches it by gossip as by request', async () => {
    await withOpenGate([root], async (world) => {
      await world.chain.accepted.accept([child!])
      world.recovery.onAccepted(child!, 'gossip')
      await world.clock.advance(60_000)
      assert.deepEqual(world.gate.state(), { kind: 'shut', reason: 'foreign-block' })
      assert.deepEqual(world.recovery.status().foreign?.standsOn, ref(11, 'b'))
    })
  })

  it('is set aside with it before the gate opens, and keeps nobody waiting for an operator', async () => {
    const setAsideAtStart = [root.hash]
    await withWorld({ record, acceptedAtStart: [root], setAsideAtStart }, async (world) => {
      for (const name of ['backup-1', 'backup-2', 'backup-3']) world.peers.set(name, holder(10))
      world.peers.set('follower', () => ({ relation: 'ahead', block: grandchild! }))
      world.served.set('follower', branch)
      world.start()
      await world.clock.advance(20_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
      assert.deepEqual([...world.setAside.keys()], [root.hash, grandchild!.hash, child!.hash])
    })
  })
})

describe('a peer that shows what was set aside', () => {
  const others = [testBlock(11, 'b', 'a'), ...[12, 13, 14].map((number) => testBlock(number, 'b'))]
  const lost = testBlock(11)

  /** Answers as TI-5 has it: with one block, though it holds more. */
  function holderOf(held: readonly SignedBlock[]): TestPeer {
    return ({ number, hash }) => {
      const beside = held.find((block) => block.number === number && block.hash !== hash)
      if (beside !== undefined) return { relation: 'conflict', block: beside }
      const [highest] = [...held].sort((a, b) => Number(b.number - a.number))
      if (highest === undefined || highest.hash === hash) return { relation: 'same' }
      return { relation: highest.number > number ? 'ahead' : 'behind', block: highest }
    }
  }

  for (const [what, head, held] of [
    ['its highest block, far above ours', 10, [testBlock(10), lost, others[3]!]],
    ['a branch that it accepted first', 10, [testBlock(10), ...others, lost]],
    ['a branch that it accepted later', 10, [testBlock(10), lost, ...others]],
    ['a block at our head', 11, [lost, testBlock(12), ...others]]
  ] as const) {
    it(`is asked what it holds besides: ${what}`, async () => {
      const setAsideAtStart = others.map(({ hash }) => hash)
      await withWorld({ height: head, backups: ['backup-1'], setAsideAtStart }, async (world) => {
        world.peers.set('backup-1', holderOf(held))
        world.start()
        await world.clock.advance(60_000)
        assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(head + 1) })
      })
    })
  }

  it('and nothing else has answered', async () => {
    const setAsideAtStart = others.map(({ hash }) => hash)
    await withWorld({ backups: ['backup-1'], setAsideAtStart }, async (world) => {
      world.peers.set('backup-1', holderOf([testBlock(10), ...others]))
      world.start()
      await world.clock.advance(60_000)
      assert.deepEqual(world.gate.state(), { kind: 'open', on: ref(10) })
    })
  })
})

describe('the held ancestors of a block', () => {
  it('are walked with a look at the clock at each, so that a long branch holds up nobody', async () => {
    const LENGTH = 10_000
    const blocks = Array.from({ length: LENGTH }, (_, index) => testBlock(index + 1, 'b'))
    const held = new Map(blocks.map((block) => [block.hash, block]))
    const chain = {
      accepted: { namedBlock: (hash: Hex) => held.get(hash) },
      blocks: { canonicalHash: () => undefined }
    }
    let looksCount = 0
    const yielder = {
      maybeYield() {
        looksCount++
        return undefined
      }
    }
    const found: bigint[] = []
    for await (const { number } of heldAncestors(chain, ref(LENGTH, 'b').hash, yielder)) {
      found.push(number)
    }
    assert.equal(found.length, LENGTH)
    assert.equal(looksCount, LENGTH)
  })

  it('leave the event loop to others while they are walked', async () => {
    let nowMs = 0
    const slow = { monotonicMs: () => (nowMs += 1) }
    const blocks = Array.from({ length: 200 }, (_, index) => testBlock(index + 1, 'b'))
    const held = new Map(blocks.map((block) => [block.hash, block]))
    const chain = {
      accepted: { namedBlock: (hash: Hex) => held.get(hash) },
      blocks: { canonicalHash: () => undefined }
    }
    let turnsCount = 0
    const stop = new AbortController()
    const turning = (async () => {
      for (; !stop.signal.aborted; turnsCount++) await nextTurn()
    })()
    const walk = heldAncestors(chain, ref(200, 'b').hash, createYielder(slow))
    for await (const { hash } of walk) assert.ok(held.has(hash))
    stop.abort()
    await turning
    assert.ok(turnsCount >= 200 / YIELD_SLICE_MS / 2, `${String(turnsCount)} turns`)
  })
})
