// Runs of fetching a state, on a clock that goes on by itself, and what the database has to hold at the end.
import assert from 'node:assert/strict'
import { silentLog } from '../../src/base/log.ts'
import { type Random } from '../../src/base/random.ts'
import { hexToBytes } from '../../src/base/bytes.ts'
import {
  checkpointOperation,
  FETCH_BEGUN,
  SEGMENTS_COUNT
} from '../../src/state/fetch-checkpoint.ts'
import { FetchedState } from '../../src/state/fetched-state.ts'
import { auditState, type StateFault } from '../../src/state/state-audit.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { type StatePoint } from '../../src/state/state-view.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { soleKey, STATE_PREFIX } from '../../src/store/keys.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { FetchPool } from '../../src/sync/fetching/fetch-pool.ts'
import { fetchWholeState, StateUnserved } from '../../src/sync/fetching/fetch-state.ts'
import { type StateProgress } from '../../src/sync/fetching/state-parts.ts'
import { dump, type ServedStates, wholeState } from './joining-states.ts'
import { type PeerWays, ServingPeers } from './joining-peers.ts'
import { createManualClock } from './manual-clock.ts'
import { type ModelState } from './state-model.ts'

const HONEST: ReadonlyMap<string, PeerWays> = new Map([
  ['a', {}],
  ['b', {}]
])

/** What a run goes through. */
export interface World {
  readonly random: Random
  readonly states: ServedStates
  readonly ways?: ReadonlyMap<string, PeerWays>
  readonly itemsMax?: number
  /** Called before each answer of a peer. */
  readonly onRequest?: () => void
}

/** How a run ended by itself. */
export type JoinOutcome =
  | { readonly kind: 'done'; readonly point: StatePoint }
  | { readonly kind: 'unserved'; readonly reason: string }

/** Runs to the end, while the clock goes on. */
export async function runJoin(
  { random, states, ways = HONEST, itemsMax = 6, onRequest = () => undefined }: World,
  store: KeyValueStore,
  pivot: StatePoint
) {
  const clock = createManualClock()
  const peers = new ServingPeers({ states, random, clock, ways, itemsMax, onRequest })
  const progress: StateProgress[] = []
  let isOver = false
  let chosen: StatePoint | undefined
  const choosePivot = async () => {
    chosen = chosen === undefined ? pivot : states.newest
    const { number, hash, root } = chosen
    return { number, hash, stateRoot: root, root: hexToBytes(root) }
  }
  const run = async (): Promise<JoinOutcome> => {
    const deps = {
      clock,
      pool: new FetchPool({ clock, onSlow: () => undefined }),
      peers,
      serving: () => [...ways.keys()],
      onProgress: (one: StateProgress) => void progress.push(one)
    }
    try {
      const fetched = await FetchedState.open(store)
      const signal = new AbortController().signal
      const { number, hash, stateRoot } = await fetchWholeState(deps, fetched, choosePivot, signal)
      const point = { number, hash, root: stateRoot }
      await fetched.finish(point)
      return { kind: 'done', point }
    } catch (thrown) {
      if (thrown instanceof StateUnserved) return { kind: 'unserved', reason: thrown.message }
      throw thrown
    }
  }
  const running = run().finally(() => {
    isOver = true
  })
  const pump = async () => {
    while (!isOver) await clock.advance(250)
  }
  const [ended] = await Promise.allSettled([running, pump()])
  return {
    ended,
    blamed: peers.blamed,
    slotsCount: peers.slotsCount,
    progress,
    elapsedMs: clock.monotonicMs()
  }
}

/** How it ended. Throws what it threw. */
export function outcomeOf({
  ended
}: {
  readonly ended: PromiseSettledResult<JoinOutcome>
}): JoinOutcome {
  if (ended.status === 'rejected') throw ended.reason
  return ended.value
}

/** A store that has the state in the usual way. */
export async function fillStore(
  model: ModelState,
  { number, hash, root }: StatePoint
): Promise<KeyValueStore> {
  const store = createMemoryStore()
  const state = new StateStore({ store, log: silentLog })
  assert.equal(await state.resetToGenesis({ changes: wholeState(model), number, hash }), root)
  return store
}

/** All entries of such a store. */
export async function filled(model: ModelState, point: StatePoint) {
  return dump(await fillStore(model, point))
}

/** Makes of a store with a state one whose leaves are all there, but not yet the state of a block. */
export async function makeHealing(store: KeyValueStore): Promise<void> {
  const gone = { type: 'del', key: soleKey(STATE_PREFIX.point) } as const
  const accounts = Array.from({ length: SEGMENTS_COUNT }, () => undefined)
  const checkpoint = checkpointOperation({
    ...FETCH_BEGUN,
    accounts,
    isAssembled: true
  })
  await store.batch([gone, checkpoint], { sync: true })
}

/** Asserts that a store has these entries, and what is more among its codes alone, and that an audit finds nothing. */
export async function assertSame(
  store: KeyValueStore,
  wanted: Awaited<ReturnType<typeof dump>>
): Promise<void> {
  const { entries, codes } = await dump(store)
  assert.deepEqual(entries, wanted.entries)
  for (const [key, code] of wanted.codes) assert.equal(codes.get(key), code)
  const faults: StateFault[] = []
  await auditState(store, {
    onFault: (fault) => void faults.push(fault),
    onProgress: async () => undefined
  })
  assert.deepEqual(faults, [])
}
