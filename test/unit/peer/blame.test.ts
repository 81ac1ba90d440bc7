// Heavy faults that add up to a ban or a bench, light ones that are forgotten, and what is kept.
import assert from 'node:assert/strict'
import {
  BAN_MS,
  Blame,
  BLAMED_PEERS_MAX,
  type BlamedPeer,
  type BlameStore,
  type Fault,
  FAULT_WEIGHTS,
  HEAVY_FAULTS_MAX,
  LIGHT_FAULT_MS
} from '../../../src/peer/blame.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'

function createStore(): BlameStore & { kept: readonly BlamedPeer[] | undefined; saves: number } {
  return {
    kept: undefined,
    saves: 0,
    load() {
      return this.kept
    },
    async save(peers) {
      this.saves++
      this.kept = peers
      return Promise.resolve()
    }
  }
}

function open(
  store: BlameStore,
  { clock = createManualClock() }: { readonly clock?: ManualClock } = {}
) {
  const onSaveFailed = (thrown: unknown) => assert.fail(String(thrown))
  const blame = new Blame({ clock, store, onSaveFailed }, (peer) => peer === 'ours')
  return { blame, clock }
}

describe('blame', () => {
  it('has one table, with the weights of the design', () => {
    const byWeight = (weight: string) =>
      Object.entries(FAULT_WEIGHTS).flatMap(([fault, its]) => (its === weight ? fault : []))
    assert.deepEqual(byWeight('heavy'), [
      'false-block',
      'false-claim',
      'false-diff',
      'false-state',
      'unrequested-item',
      'undecodable-chunk',
      'over-limit'
    ])
    assert.deepEqual(byWeight('light'), ['stall', 'trickle', 'reset'])
    assert.equal(HEAVY_FAULTS_MAX, 3)
    assert.equal(BAN_MS, 3_600_000)
  })

  it('bans a peer at its third heavy fault, for an hour, and then counts anew', async () => {
    const { blame, clock } = open(createStore())
    assert.equal(blame.note('a', 'false-block'), 'counted')
    assert.equal(blame.note('a', 'over-limit'), 'counted')
    assert.ok(!blame.isBanned('a'))
    assert.equal(blame.note('a', 'unrequested-item'), 'banned')
    assert.ok(blame.isBanned('a') && !blame.isBenched('a'))
    assert.ok(!blame.isBanned('b'))
    blame.note('b', 'false-block')
    assert.deepEqual(blame.banned(), ['a'])
    await clock.advance(BAN_MS - 1)
    assert.ok(blame.isBanned('a'))
    await clock.advance(1)
    assert.ok(!blame.isBanned('a'))
    assert.deepEqual(blame.banned(), [])
    assert.equal(blame.note('a', 'false-block'), 'counted')
  })

  it('benches a configured peer, and never bans it', () => {
    const { blame } = open(createStore())
    const faults: Fault[] = ['false-diff', 'false-diff', 'undecodable-chunk', 'false-block']
    const consequences = faults.map((fault) => blame.note('ours', fault))
    assert.deepEqual(consequences, ['counted', 'counted', 'benched', 'counted'])
    assert.ok(blame.isBenched('ours') && !blame.isBanned('ours'))
    assert.deepEqual(blame.banned(), [])
  })

  it('counts no fault that is nobody’s, and no light one towards a ban', () => {
    const { blame } = open(createStore())
    for (const [fault, weight] of Object.entries(FAULT_WEIGHTS)) {
      if (weight === 'heavy') continue
      for (let times = 0; times < 10; times++) {
        assert.equal(blame.note('a', fault as Fault), weight === 'light' ? 'later' : 'none')
      }
    }
    assert.ok(!blame.isBanned('a'))
    assert.equal(blame.lightCount('a'), 30)
    assert.equal(blame.lightCount('b'), 0)
  })

  it('forgets light faults', async () => {
    const { blame, clock } = open(createStore())
    blame.note('a', 'stall')
    await clock.advance(LIGHT_FAULT_MS - 1)
    blame.note('a', 'trickle')
    assert.equal(blame.lightCount('a'), 2)
    await clock.advance(LIGHT_FAULT_MS)
    assert.equal(blame.lightCount('a'), 0)
    blame.note('a', 'reset')
    assert.equal(blame.lightCount('a'), 1)
  })

  it('keeps bans and counts across a restart', async () => {
    const store = createStore()
    const { blame, clock } = open(store)
    for (let times = 0; times < 3; times++) blame.note('a', 'false-block')
    blame.note('b', 'false-block')
    blame.note('b', 'false-block')
    blame.note('c', 'stall')
    await blame.saved()
    assert.deepEqual(store.kept, [
      { peer: 'a', heavyCount: 0, bannedUntilMs: clock.nowMs() + BAN_MS },
      { peer: 'b', heavyCount: 2, bannedUntilMs: 0 }
    ])
    const { blame: next } = open(store, { clock })
    assert.ok(next.isBanned('a'))
    assert.equal(next.note('b', 'false-block'), 'banned')
  })

  it('does not lengthen a ban when the clock was put back', async () => {
    const store = createStore()
    const clock = createManualClock()
    const bannedUntilMs = clock.nowMs() + 100 * BAN_MS
    store.kept = [{ peer: 'a', heavyCount: 0, bannedUntilMs }]
    const { blame } = open(store, { clock })
    assert.ok(blame.isBanned('a'))
    await clock.advance(BAN_MS)
    assert.ok(!blame.isBanned('a'))
  })

  it('writes what came while it was writing', async () => {
    const store = createStore()
    const { blame } = open(store)
    for (let index = 0; index < 100; index++) blame.note(`peer-${index}`, 'false-block')
    await blame.saved()
    assert.equal(store.kept?.length, 100)
    assert.ok(store.saves <= 2)
  })

  it('remembers a bounded number of peers', async () => {
    const store = createStore()
    const { blame } = open(store)
    for (let index = 0; index <= BLAMED_PEERS_MAX; index++) blame.note(`p${index}`, 'false-block')
    await blame.saved()
    assert.equal(store.kept?.length, BLAMED_PEERS_MAX)
    assert.equal(store.kept.at(-1)?.peer, `p${BLAMED_PEERS_MAX}`)
  })

  it('keeps bench and ban, however many strangers come with faults after them', async () => {
    const store = createStore()
    const { blame, clock } = open(store)
    for (const peer of ['ours', 'banned']) {
      for (let times = 0; times < HEAVY_FAULTS_MAX; times++) blame.note(peer, 'false-block')
    }
    blame.note('ours', 'stall')
    for (let index = 0; index < 2 * BLAMED_PEERS_MAX; index++) blame.note(`p${index}`, 'stall')
    for (let index = 0; index < 2 * BLAMED_PEERS_MAX; index++) blame.note(`q${index}`, 'over-limit')
    assert.ok(blame.isBenched('ours') && blame.isBanned('banned'))
    assert.equal(blame.lightCount('ours'), 1)
    await blame.saved()
    const { blame: next } = open(store, { clock })
    assert.ok(next.isBenched('ours') && next.isBanned('banned'))
  })

  it('goes on when it cannot write, and says so', async () => {
    const failures: unknown[] = []
    const store = { load: () => undefined, save: () => Promise.reject(new Error('disk full')) }
    const onSaveFailed = (thrown: unknown) => void failures.push(thrown)
    const blame = new Blame({ clock: createManualClock(), store, onSaveFailed }, () => false)
    for (let times = 0; times < 3; times++) blame.note('a', 'false-block')
    await blame.saved()
    assert.ok(blame.isBanned('a'))
    assert.equal(failures.length, 2)
  })
})
