// SIGKILL at random moments of a loaded sequencer: nothing is signed twice, nothing announced is lost, and how long it takes.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEQUENCER } from '../../devnet/cluster/cluster-layout.ts'
import { type Cluster } from '../../devnet/cluster/cluster.ts'
import { waitUntil } from '../../devnet/cluster/condition.ts'
import { type CheckResult } from '../../devnet/cluster/report.ts'
import { type Scenario, type ScenarioActions } from '../../devnet/scenarios/scenario.ts'
import { type Criterion, say } from './criterion.ts'
import { createDice } from './dice.ts'
import { describeDistribution } from './distribution.ts'
import { keepIfBroken, openSoakRun, unjudged } from './soak-cluster.ts'
import { type SoakPart } from './soak-part.ts'

/** One kill after another in one cluster, and several clusters of so many kills. */
const KILLS_PER_CLUSTER = 50

const BLOCK_TIME_MS = 250
const TRANSFERS_PER_SECOND = 20
/** A kill comes so long after the start was asked for a block, at most: it hits recoveries too. */
const MOMENT_MAX_MS = 2_500
/** One kill in so many hits a sequencer whose gate may not have opened yet. */
const EARLY_ONE_IN = 8
/** A restart, the quiet time, and a machine that has more to do. */
const NEXT_BLOCK_TIMEOUT_MS = 90_000
const SAY_EVERY = 25

/** Kills with the record on or off, spread over clusters. */
export function soakKills(signedRecord: 'on' | 'off'): SoakPart {
  return {
    name: `kills-record-${signedRecord}`,
    async run({ kills, seed, slots }) {
      const clustersCount = Math.ceil(kills / KILLS_PER_CLUSTER)
      const outcomes = await Promise.all(
        Array.from({ length: clustersCount }, (_, at) => {
          const share = Math.min(KILLS_PER_CLUSTER, kills - at * KILLS_PER_CLUSTER)
          return slots(() => killInCluster(signedRecord, { kills: share, seed: seed + at }))
        })
      )
      return toCriteria(outcomes, { signedRecord, kills })
    }
  }
}

/** What came of the kills in one cluster. */
interface KillsOutcome {
  readonly killedCount: number
  readonly signedCount: number
  readonly doubles: readonly number[]
  /** Of `announced-kept`. */
  readonly kept: CheckResult | undefined
  /** Checks that did not hold. */
  readonly broken: readonly CheckResult[]
  readonly nextBlockMs: readonly number[]
}

async function killInCluster(
  signedRecord: 'on' | 'off',
  { kills, seed }: Omit<KillRun, 'nextBlockMs'>
): Promise<KillsOutcome> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-kills-'))
  const nextBlockMs: number[] = []
  const scenario: Scenario = {
    name: 'random-kills',
    summary: `${String(kills)} kills at random moments, signed record ${signedRecord}`,
    setup: { signedRecord, quorum: 'auto' },
    async run(actions) {
      await killMany(actions, run.cluster, { kills, seed, nextBlockMs })
      return unjudged(`${String(nextBlockMs.length)} recoveries`)
    }
  }
  const run = await openSoakRun({
    directory,
    scenario,
    seed,
    blockTimeMs: BLOCK_TIME_MS,
    backupsCount: 3,
    transfersPerSecond: TRANSFERS_PER_SECOND
  })
  await run.act()
  await run.look()
  const { checks } = await run.close()
  const { signed } = run.cluster
  // Without a record, a block that nobody but its dead signer had may be signed anew.
  const doubles = signed.doubles(signedRecord === 'on' ? 'signed' : 'announced')
  const isCounted = ({ name }: CheckResult) => signedRecord === 'on' || name !== 'no-equivocation'
  const broken = checks.filter((check) => isCounted(check) && !check.ok)
  for (const { name, detail } of broken) say(`seed ${String(seed)}: ${name}: ${detail}`)
  await keepIfBroken(directory, broken.length > 0)
  return {
    killedCount: run.cluster.runs(SEQUENCER).filter(({ wasKilled }) => wasKilled).length,
    signedCount: signed.count,
    doubles: [...doubles.keys()],
    kept: checks.find(({ name }) => name === 'announced-kept'),
    broken,
    nextBlockMs
  }
}

interface KillRun {
  readonly kills: number
  readonly seed: number
  /** From each kill that was recovered from to the next block that the sequencer signed. */
  readonly nextBlockMs: number[]
}

async function killMany(
  actions: ScenarioActions,
  cluster: Cluster,
  { kills, seed, nextBlockMs }: KillRun
): Promise<void> {
  const dice = createDice(seed)
  let killedMs: number | undefined
  for (let count = 1; count <= kills; count++) {
    const isEarly = dice(EARLY_ONE_IN) === 0
    if (killedMs !== undefined && !isEarly)
      nextBlockMs.push(await untilNextBlock(cluster, killedMs))
    await actions.passTime(dice(MOMENT_MAX_MS))
    await actions.kill(SEQUENCER)
    killedMs = performance.now()
    await actions.start(SEQUENCER)
    if (count % SAY_EVERY === 0) say(`kill ${String(count)}/${String(kills)}`)
  }
  if (killedMs !== undefined) nextBlockMs.push(await untilNextBlock(cluster, killedMs))
}

/** Milliseconds from the kill to the first signature of the process that came after it. */
async function untilNextBlock(cluster: Cluster, killedMs: number): Promise<number> {
  const run = cluster.run(SEQUENCER)
  const condition = {
    what: 'the next block',
    timeoutMs: NEXT_BLOCK_TIMEOUT_MS,
    signal: new AbortController().signal,
    everyMs: 20
  }
  return waitUntil(condition, () => {
    if (!run.isAlive) return { never: `it ended: ${run.failure ?? 'no reason given'}` }
    const { firstSignedMs } = run
    return firstSignedMs === undefined
      ? { instead: 'none yet' }
      : { done: firstSignedMs - killedMs }
  })
}

function toCriteria(
  outcomes: readonly KillsOutcome[],
  { signedRecord, kills }: { readonly signedRecord: 'on' | 'off'; readonly kills: number }
): readonly Criterion[] {
  const name = `kills, record ${signedRecord}`
  const sum = (count: (outcome: KillsOutcome) => number) =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0)
  const killedCount = sum((outcome) => outcome.killedCount)
  const signedCount = sum((outcome) => outcome.signedCount)
  const doubles = outcomes.flatMap((outcome) => outcome.doubles)
  const broken = outcomes.flatMap((outcome) => outcome.broken)
  const nextBlockMs = outcomes.flatMap((outcome) => outcome.nextBlockMs)
  return [
    {
      criterion: `${name}: made and recovered from`,
      ok: killedCount === kills,
      value: killedCount,
      limit: kills
    },
    {
      criterion: `${name}: heights signed twice`,
      ok: doubles.length === 0 && signedCount > kills,
      value: { heights: doubles, signedCount },
      limit: 0
    },
    {
      criterion: `${name}: announced blocks lost`,
      ok: outcomes.every(({ kept }) => kept?.ok === true),
      value: outcomes.map(({ kept }) => kept?.detail),
      limit: 0
    },
    {
      criterion: `${name}: all other checks`,
      ok: broken.length === 0,
      value: broken.map(({ name: check, detail }) => `${check}: ${detail}`),
      limit: 0
    },
    {
      criterion: `${name}: milliseconds from kill to next block`,
      ok: nextBlockMs.length > 0,
      value: describeDistribution(nextBlockMs),
      limit: NEXT_BLOCK_TIMEOUT_MS
    }
  ]
}
