// Joining a chain, and one that is ten times as long: it takes as long, to following and to the open gate.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEQUENCER } from '../../../devnet/cluster/cluster-layout.ts'
import { type Criterion, say } from '../criterion.ts'
import { keepIfBroken } from '../soak-cluster.ts'
import { type SoakOptions } from '../soak-part.ts'
import { buildJoinChain } from './join-chain.ts'
import { JoinCluster } from './join-cluster.ts'

const BLOCK_TIME_MS = 1_000
const BACKUPS = 3
const JOINER = 'backup-3'
const ACCOUNTS = 10_000
const TIMES_LONGER = 10
/** The middle one counts. */
const ROUNDS = 3
const RATIO_MAX = 1.2

/** Milliseconds from the start of a process. */
interface JoinTimes {
  readonly following: number
  readonly gate: number
}

/** Blocks are empty but for those that make the state. */
export async function joinByLengths({
  chainBlocks: blocks,
  seed
}: Pick<SoakOptions, 'chainBlocks' | 'seed'>): Promise<readonly Criterion[]> {
  const short = await timeJoins(blocks, seed)
  const long = await timeJoins(TIMES_LONGER * blocks, seed)
  return (['following', 'gate'] as const).map((what) => {
    const ratio = long[what] / short[what]
    return {
      criterion: `lengths: time to ${what}, ${String(blocks)} blocks against ten times as many`,
      ok: ratio <= RATIO_MAX,
      value: { shortMs: short[what], longMs: long[what], ratio: Math.round(100 * ratio) / 100 },
      limit: RATIO_MAX
    }
  })
}

async function timeJoins(blocksMin: number, seed: number): Promise<JoinTimes> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-lengths-'))
  const layout = await buildJoinChain(
    {
      directory: join(directory, 'cluster'),
      backupsCount: BACKUPS,
      blockTimeMs: BLOCK_TIME_MS,
      seed,
      blocksMin,
      state: { accountsCount: ACCOUNTS, slotsCounts: [] }
    },
    [JOINER]
  )
  const nodes = await JoinCluster.open(layout)
  try {
    await nodes.startServing([SEQUENCER, 'backup-1', 'backup-2'])
    const following: number[] = []
    const gate: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const startedMs = performance.now()
      await nodes.start(JOINER)
      following.push(await nodes.untilFollowing(JOINER, startedMs))
      await nodes.cluster.kill(JOINER)
      await nodes.loseData(JOINER)
      await nodes.cluster.kill(SEQUENCER)
      await nodes.loseData(SEQUENCER)
      const againMs = performance.now()
      await nodes.start(SEQUENCER)
      gate.push(await nodes.untilGateOpen(againMs))
    }
    say(`${String(blocksMin)} blocks: ${JSON.stringify({ following, gate })}`)
    return { following: medianOf(following), gate: medianOf(gate) }
  } finally {
    await nodes.close()
    await keepIfBroken(directory, false)
  }
}

function medianOf(times: readonly number[]): number {
  return Math.round([...times].sort((one, other) => one - other)[times.length >> 1] ?? 0)
}
