// A node without a state joins a chain that goes on, out of a large state: what it has then, and what serving it cost the others.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEQUENCER } from '../../../devnet/cluster/cluster-layout.ts'
import { readBlock } from '../../../devnet/cluster/rpc-client.ts'
import { type Criterion, say } from '../criterion.ts'
import { keepIfBroken } from '../soak-cluster.ts'
import { type SoakOptions } from '../soak-part.ts'
import { payEachBlock } from './block-load.ts'
import { buildJoinChain, compareStates, settleState, slotsCountsOf } from './join-chain.ts'
import { JoinCluster } from './join-cluster.ts'

const BLOCK_TIME_MS = 1_000
/** The sequencer and two more serve. */
const BACKUPS = 3
const JOINER = 'backup-3'
const SOURCE = 'backup-1'
const SERVING = [SEQUENCER, SOURCE, 'backup-2'] as const
/** Above what is executed in place of fetching a state. */
const BLOCKS_MIN = 200
/** Of load before the join begins, and after it. */
const BLOCKS_BEFORE = 3
const LOOP_TIMEOUT_MS = 10_000

/** What a slot that is missed looks like: its block is heard after the slot has ended. */
interface Slots {
  readonly count: number
  readonly missed: number
  readonly latestMs: number
}

/** Takes some minutes to build, with a million accounts. */
export async function joinLargeState({
  accounts,
  storageSlots,
  seed
}: Pick<SoakOptions, 'accounts' | 'storageSlots' | 'seed'>): Promise<readonly Criterion[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-join-'))
  const layout = await buildJoinChain(
    {
      directory: join(directory, 'cluster'),
      backupsCount: BACKUPS,
      blockTimeMs: BLOCK_TIME_MS,
      seed,
      blocksMin: BLOCKS_MIN,
      state: { accountsCount: accounts, slotsCounts: slotsCountsOf(storageSlots) }
    },
    [JOINER]
  )
  const nodes = await JoinCluster.open(layout)
  let isBroken = true
  try {
    const { joined, slots, memory, loops } = await joinUnderLoad(nodes, { accounts, seed })
    await nodes.holdChain([SOURCE, JOINER])
    for (const name of [JOINER, SOURCE]) await nodes.cluster.stop(name)
    const faults = await nodes.verify(JOINER)
    const heights = []
    for (const name of [JOINER, SOURCE]) heights.push(await settleState(nodes.cluster.node(name)))
    const { leavesCount, entriesCount, differences } = await compareStates(
      nodes.cluster.node(JOINER).dataDir,
      nodes.cluster.node(SOURCE).dataDir
    )
    const criteria: readonly Criterion[] = [
      {
        criterion: 'accounts: joined while the chain went on',
        ok: heights[0] === heights[1],
        value: { ...joined, memory, loops },
        limit: null
      },
      {
        criterion: 'accounts: slots that the serving nodes missed',
        ok: slots.count > 0 && slots.missed === 0,
        value: slots,
        limit: 0
      },
      {
        criterion: 'accounts: faults that db verify finds in the joined store',
        ok: faults.length === 0,
        value: faults.slice(0, 10),
        limit: 0
      },
      {
        criterion: 'accounts: entries in which the joined store and the source differ',
        ok: differences.length === 0 && leavesCount >= accounts + storageSlots,
        value: { differences, leavesCount, entriesCount },
        limit: 0
      }
    ]
    isBroken = criteria.some(({ ok }) => !ok)
    return criteria
  } finally {
    await nodes.close()
    await keepIfBroken(directory, isBroken)
  }
}

async function joinUnderLoad(
  nodes: JoinCluster,
  { accounts, seed }: { readonly accounts: number; readonly seed: number }
) {
  await nodes.startServing(SERVING)
  const { chainId } = nodes.cluster.layout
  const stop = new AbortController()
  const url = nodes.url(SEQUENCER)
  const load = { url, chainId, seed, accountsCount: accounts, blockTimeMs: BLOCK_TIME_MS }
  const paying = payEachBlock(load, stop.signal)
  paying.catch(() => undefined) // it is awaited below
  try {
    const before = await readBlock(url, 'latest')
    const first = (before?.number ?? 0) + BLOCKS_BEFORE
    await nodes.untilHeight(SEQUENCER, first)
    for (const name of SERVING) nodes.cluster.run(name).process.measureLoop()
    const startedMs = performance.now()
    await nodes.start(JOINER)
    const followingMs = await nodes.untilFollowing(JOINER, startedMs)
    const bytes = await nodes.fetchedBytes(JOINER)
    const after = await readBlock(url, 'latest')
    const slots = await slotsOf(nodes, first, after?.number ?? first)
    const loops: Record<string, unknown> = {}
    const memory: Record<string, number> = {}
    for (const name of [...SERVING, JOINER]) {
      memory[name] = await nodes.peakMemoryMiB(name)
      if (name === JOINER) continue
      const { p99Ms, maxMs } = await nodes.cluster.run(name).process.readLoop(LOOP_TIMEOUT_MS)
      loops[name] = { p99Ms: Math.round(p99Ms), maxMs: Math.round(maxMs) }
    }
    stop.abort()
    const transfers = await paying
    say(`joined in ${String(Math.round(followingMs))} ms`)
    const seconds = Math.round(followingMs / 100) / 10
    return { joined: { seconds, bytes, transfers }, slots, memory, loops }
  } finally {
    stop.abort()
  }
}

async function slotsOf(nodes: JoinCluster, first: number, last: number): Promise<Slots> {
  let missed = 0
  let latestMs = 0
  for (let number = first; number <= last; number++) {
    const block = await readBlock(nodes.url(SEQUENCER), number)
    const heardMs = nodes.cluster.heardAtMs.get(number)
    const lateMs = block && heardMs !== undefined ? heardMs - 1_000 * block.timestamp : Infinity
    if (lateMs > BLOCK_TIME_MS) missed += 1
    if (lateMs > latestMs) latestMs = lateMs
  }
  return { count: last - first + 1, missed, latestMs: Math.round(latestMs) }
}
