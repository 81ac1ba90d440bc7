// One peer of three lies about states, in each way in turn: the join succeeds, nothing false is on disk, the liar alone is blamed.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEQUENCER } from '../../../devnet/cluster/cluster-layout.ts'
import { copyData } from '../../../devnet/cluster/directory-copies.ts'
import { type LogFault, readLogFaults } from '../../../devnet/cluster/log-faults.ts'
import { STATE_LIES, type StateLie } from '../../../devnet/cluster/messages.ts'
import { type Criterion, say } from '../criterion.ts'
import { keepIfBroken } from '../soak-cluster.ts'
import { type SoakOptions } from '../soak-part.ts'
import { buildJoinChain, earlyCopyOf, slotsCountsOf } from './join-chain.ts'
import { JoinCluster } from './join-cluster.ts'

const BLOCK_TIME_MS = 1_000
const BACKUPS = 3
const JOINER = 'backup-3'
const LIAR = 'backup-2'
/** All diffs come in two requests: two of three lie about them, so that one of those is asked. */
const DIFF_LIARS = ['backup-1', LIAR] as const
/** More than what is executed in place of fetching a state, or of asking for diffs. */
const BLOCKS_MIN = 260
/** A liar is out by its third lie; those that were asked of it at the same time may come besides. */
const LIES_MAX = 3
const ASKED_AT_ONCE = 2

/** What came of one kind of lie. */
interface LieOutcome {
  readonly lie: StateLie
  readonly seconds: number
  /** Lies of the liar that were noticed. */
  readonly caught: number
  readonly isBenched: boolean
  /** Faults of peers that are honest. */
  readonly blamedHonest: readonly string[]
  readonly onDisk: readonly string[]
}

/** Each lie with a join of its own, in one cluster. */
export async function joinBesideLiars({
  accounts,
  storageSlots,
  seed
}: Pick<SoakOptions, 'accounts' | 'storageSlots' | 'seed'>): Promise<readonly Criterion[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-liars-'))
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
    await nodes.startServing([SEQUENCER, 'backup-1', LIAR])
    const outcomes: LieOutcome[] = []
    for (const lie of STATE_LIES) {
      const outcome = await joinBeside(nodes, lie)
      say(JSON.stringify(outcome))
      outcomes.push(outcome)
    }
    const criteria = toCriteria(outcomes)
    isBroken = criteria.some(({ ok }) => !ok)
    return criteria
  } finally {
    await nodes.close()
    await keepIfBroken(directory, isBroken)
  }
}

async function joinBeside(nodes: JoinCluster, lie: StateLie): Promise<LieOutcome> {
  const { cluster } = nodes
  const liars = lie === 'false-diffs' ? DIFF_LIARS : [LIAR]
  for (const name of liars) {
    await cluster.stop(name)
    await nodes.start(name, { stateLie: lie })
  }
  const { dataDir, logFile } = cluster.node(JOINER)
  await nodes.loseData(JOINER)
  // Diffs are what a node asks for that has a state, and is far behind.
  if (lie === 'false-diffs') await copyData(earlyCopyOf(cluster.layout), dataDir)
  const before = cluster.runs(JOINER).length === 0 ? 0 : (await readLogFaults(logFile)).length
  const startedMs = performance.now()
  await nodes.start(JOINER)
  const followingMs = await nodes.untilFollowing(JOINER, startedMs)
  await cluster.stop(JOINER)
  const faults = (await readLogFaults(logFile)).slice(before)
  const liarIds = liars.map((name) => cluster.node(name).peerId)
  const isOfLiar = ({ peer }: LogFault) => peer !== undefined && liarIds.includes(peer)
  const ofLiar = faults.filter(isOfLiar)
  return {
    lie,
    seconds: Math.round(followingMs / 100) / 10,
    caught: ofLiar.filter(({ event }) => event === 'peer-false').length,
    isBenched: ofLiar.some(({ event }) => event === 'peer-benched'),
    blamedHonest: faults.filter((fault) => !isOfLiar(fault)).map(nameFault),
    onDisk: await nodes.verify(JOINER)
  }
}

function nameFault({ event, peer }: LogFault): string {
  return `${event} ${peer ?? ''}`
}

function toCriteria(outcomes: readonly LieOutcome[]): readonly Criterion[] {
  const isOutInTime = ({ caught, isBenched }: LieOutcome) =>
    caught > 0 && (caught < LIES_MAX || (isBenched && caught < LIES_MAX + ASKED_AT_ONCE))
  return [
    {
      criterion: 'liars: lies that are caught, and the liar benched by its third',
      ok: outcomes.length === STATE_LIES.length && outcomes.every(isOutInTime),
      value: outcomes.map(({ lie, seconds, caught, isBenched }) => ({
        ...{ lie, seconds, caught, isBenched }
      })),
      limit: LIES_MAX
    },
    {
      criterion: 'liars: faults of honest peers',
      ok: outcomes.every(({ blamedHonest }) => blamedHonest.length === 0),
      value: outcomes.flatMap(({ blamedHonest }) => blamedHonest),
      limit: 0
    },
    {
      criterion: 'liars: faults that db verify finds in stores that are used',
      ok: outcomes.every(({ onDisk }) => onDisk.length === 0),
      value: outcomes.flatMap(({ onDisk }) => onDisk.slice(0, 3)),
      limit: 0
    }
  ]
}
