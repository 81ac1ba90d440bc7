// Joins that are killed once each, at a random moment: the store of an undisturbed join, and few bytes more.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import { SEQUENCER } from '../../../devnet/cluster/cluster-layout.ts'
import { type Criterion, say } from '../criterion.ts'
import { createDice } from '../dice.ts'
import { keepIfBroken } from '../soak-cluster.ts'
import { type SoakOptions } from '../soak-part.ts'
import { buildJoinChain, compareStates, settleState, slotsCountsOf } from './join-chain.ts'
import { JoinCluster } from './join-cluster.ts'

const BLOCK_TIME_MS = 1_000
const BACKUPS = 3
const JOINER = 'backup-3'
const SOURCE = 'backup-1'
const BLOCKS_MIN = 200
const BYTES_MORE = 1.05
/** Requests that are under way, each with an answer of so many bytes at most. */
const IN_FLIGHT_BYTES = 8 * 512 * 1_024
/** Between two looks at how much came. */
const LOOK_EVERY_MS = 20

/** One join. */
interface KilledJoin {
  readonly killedAfterMs: number
  /** Before the kill, and after it. */
  readonly bytes: readonly [number, number]
  readonly differences: readonly string[]
}

/** The chain stands still meanwhile, so that every join ends at the same block. */
export async function killJoins({
  accounts,
  storageSlots,
  joins,
  seed
}: Pick<SoakOptions, 'accounts' | 'storageSlots' | 'joins' | 'seed'>): Promise<
  readonly Criterion[]
> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-join-kills-'))
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
    await nodes.startServing([SEQUENCER, SOURCE, 'backup-2'])
    await nodes.holdChain([SOURCE, 'backup-2'])
    await nodes.cluster.stop(SOURCE)
    const source = join(directory, 'source')
    await settleState(nodes.cluster.node(SOURCE))
    await cp(nodes.cluster.node(SOURCE).dataDir, source, { recursive: true })
    await nodes.start(SOURCE)
    const undisturbed = await joinOnce(nodes, source)
    say(`undisturbed: ${JSON.stringify(undisturbed)}`)
    const dice = createDice(seed)
    const killed: KilledJoin[] = []
    for (let count = 0; count < joins; count++) {
      const killAfterMs = dice(Math.ceil(undisturbed.followingMs))
      const one = await joinKilled(nodes, { source, killAfterMs })
      say(`killed: ${JSON.stringify(one)}`)
      killed.push(one)
    }
    const criteria = toCriteria(undisturbed, killed, joins)
    isBroken = criteria.some(({ ok }) => !ok)
    return criteria
  } finally {
    await nodes.close()
    await keepIfBroken(directory, isBroken)
  }
}

async function joinOnce(nodes: JoinCluster, source: string) {
  await nodes.loseData(JOINER)
  const startedMs = performance.now()
  await nodes.start(JOINER)
  const followingMs = await nodes.untilFollowing(JOINER, startedMs)
  const bytes = await nodes.fetchedBytes(JOINER)
  return { followingMs: Math.round(followingMs), bytes, ...(await stopAndCompare(nodes, source)) }
}

async function joinKilled(
  nodes: JoinCluster,
  { source, killAfterMs }: { readonly source: string; readonly killAfterMs: number }
): Promise<KilledJoin> {
  await nodes.loseData(JOINER)
  const startedMs = performance.now()
  const starting = nodes.start(JOINER)
  starting.catch(() => undefined) // killed before it was ready
  let before = 0
  while (performance.now() - startedMs < killAfterMs) {
    before = (await nodes.bytesUnderWay(JOINER).catch(() => undefined)) ?? before
    await systemClock.sleep(LOOK_EVERY_MS)
  }
  await nodes.cluster.kill(JOINER)
  await starting.catch(() => undefined)
  const againMs = performance.now()
  await nodes.start(JOINER)
  await nodes.untilFollowing(JOINER, againMs)
  const after = await nodes.fetchedBytes(JOINER)
  const { differences } = await stopAndCompare(nodes, source)
  return { killedAfterMs: killAfterMs, bytes: [before, after], differences }
}

async function stopAndCompare(nodes: JoinCluster, source: string) {
  await nodes.cluster.stop(JOINER)
  const node = nodes.cluster.node(JOINER)
  await settleState(node)
  const { leavesCount, differences } = await compareStates(node.dataDir, source)
  await rm(node.dataDir, { recursive: true })
  return { leavesCount, differences }
}

function toCriteria(
  undisturbed: Awaited<ReturnType<typeof joinOnce>>,
  killed: readonly KilledJoin[],
  joins: number
): readonly Criterion[] {
  const bytesMax = BYTES_MORE * undisturbed.bytes + IN_FLIGHT_BYTES
  const sums = killed.map(({ bytes: [before, after] }) => before + after)
  return [
    {
      criterion: 'join-kills: entries in which a store differs from the source',
      ok:
        killed.length === joins &&
        [undisturbed, ...killed].every(({ differences }) => differences.length === 0),
      value: {
        joins: killed.length,
        leaves: undisturbed.leavesCount,
        differences: killed.flatMap(({ differences }) => differences).slice(0, 10)
      },
      limit: 0
    },
    {
      criterion: 'join-kills: bytes fetched by a join that was killed once',
      ok: undisturbed.bytes > 0 && sums.every((sum) => sum <= bytesMax),
      value: { undisturbed: undisturbed.bytes, most: Math.max(...sums), sums },
      limit: bytesMax
    }
  ]
}
