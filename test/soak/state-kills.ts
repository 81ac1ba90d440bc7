// SIGKILL at random moments of loaded backups whose state is flushed all the time: each comes back where the node is that never died.
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { createSignerSchedule } from '../../src/chain/blocks/signer-schedule.ts'
import { describeFault, verifyDatabases } from '../../src/cli/db-verify.ts'
import { SEQUENCER } from '../../devnet/cluster/cluster-layout.ts'
import { type Cluster } from '../../devnet/cluster/cluster.ts'
import { waitUntil } from '../../devnet/cluster/condition.ts'
import { readBlock, readBlockNumber } from '../../devnet/cluster/rpc-client.ts'
import { type Scenario } from '../../devnet/scenarios/scenario.ts'
import { type Criterion, say } from './criterion.ts'
import { createDice } from './dice.ts'
import { keepIfBroken, openSoakRun, unjudged } from './soak-cluster.ts'
import { type SoakOptions } from './soak-part.ts'

/** Each kill is followed by a look at the whole chain, which must not grow long: several clusters of so many kills. */
const KILLS_PER_CLUSTER = 40

/** When a kill comes: at any moment, when a flush has begun, or while a stopping node writes its journal. */
type Moment = 'random' | 'flush' | 'journal'

const MOMENTS: readonly Moment[] = ['random', 'flush', 'journal']
const BLOCK_TIME_MS = 250
const TRANSFERS_PER_SECOND = 40
const BACKUPS = 2
/** A flush with every second block, and a journal of some layers. */
const STATE_LIMITS = { diffLayersMax: 6, writeBufferMaxBlocks: 2 }
const RANDOM_MAX_MS = 1_200
/** From the first sign of what is aimed at to the kill, at most: a flush takes some milliseconds. */
const AIMED_MAX_MS = 6
/** Nothing of what is aimed at within this time: killed all the same. */
const AIM_TIMEOUT_MS = 5_000
const CATCH_UP_TIMEOUT_MS = 60_000

/** Kills, spread over clusters; the criteria of what came back. */
export async function killStates({
  kills,
  seed,
  slots
}: Pick<SoakOptions, 'kills' | 'seed' | 'slots'>): Promise<readonly Criterion[]> {
  const findings: Findings = {
    made: { random: 0, flush: 0, journal: 0 },
    tornJournalsCount: 0,
    faults: [],
    differences: [],
    broken: []
  }
  await Promise.all(
    Array.from({ length: Math.ceil(kills / KILLS_PER_CLUSTER) }, (_, at) => {
      const share = Math.min(KILLS_PER_CLUSTER, kills - at * KILLS_PER_CLUSTER)
      return slots(() => killInCluster({ kills: share, seed: seed + at * BACKUPS }, findings))
    })
  )
  return toCriteria(findings, kills)
}

/** What came of all kills so far. */
interface Findings {
  readonly made: Record<Moment, number>
  /** Kills that left a journal half written. */
  tornJournalsCount: number
  readonly faults: string[]
  readonly differences: string[]
  /** Checks of the clusters that did not hold. */
  readonly broken: string[]
}

/** One cluster: its backups are killed side by side. */
async function killInCluster(
  { kills, seed }: { readonly kills: number; readonly seed: number },
  findings: Findings
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-state-'))
  const problemsCount = countProblems(findings)
  const scenario: Scenario = {
    name: 'state-kills',
    summary: `${String(kills)} kills of backups that flush their state all the time`,
    setup: { signedRecord: 'on', quorum: 'auto' },
    async run(actions) {
      await Promise.all(
        actions.backups.map((name, at) => {
          const share = Math.ceil((kills - at) / actions.backups.length)
          const victim = { name, kills: share, seed: seed + at, directory }
          return killOne(run.cluster, victim, findings)
        })
      )
      return unjudged(`${String(kills)} kills`)
    }
  }
  const run = await openSoakRun({
    directory: join(directory, 'cluster'),
    scenario,
    seed,
    blockTimeMs: BLOCK_TIME_MS,
    backupsCount: BACKUPS,
    transfersPerSecond: TRANSFERS_PER_SECOND
  })
  await run.act()
  await run.look()
  const { checks } = await run.close()
  for (const name of run.cluster.backups) {
    findings.faults.push(...(await verifyNode(run.cluster, name, directory)))
  }
  for (const { name, ok, detail } of checks) if (!ok) findings.broken.push(`${name}: ${detail}`)
  say(`seed ${String(seed)}: ${String(kills)} kills of state`)
  await keepIfBroken(directory, countProblems(findings) > problemsCount)
}

function countProblems({ faults, differences, broken }: Findings): number {
  return faults.length + differences.length + broken.length
}

interface Victim {
  readonly name: string
  readonly kills: number
  readonly seed: number
  /** Where copies go. */
  readonly directory: string
}

async function killOne(cluster: Cluster, victim: Victim, findings: Findings): Promise<void> {
  const { name, kills, seed, directory } = victim
  const dice = createDice(seed)
  await cluster.stop(name)
  await startAgain(cluster, name, findings)
  for (let count = 1; count <= kills; count++) {
    const moment = MOMENTS[dice(MOMENTS.length)]!
    const begunMs = Date.now()
    await killAt(cluster, name, { moment, dice })
    findings.made[moment] += 1
    const torn = join(cluster.node(name).dataDir, 'journal', 'layers.tmp')
    if (await isNewerThan(torn, begunMs)) findings.tornJournalsCount += 1
    const faults = await verifyNode(cluster, name, directory)
    findings.faults.push(...faults.map((fault) => `after a kill at ${moment}: ${fault}`))
    await startAgain(cluster, name, findings)
  }
}

/** Starts it, and holds it against the node that never died once it has what came after the start. */
async function startAgain(cluster: Cluster, name: string, findings: Findings): Promise<void> {
  const signal = new AbortController().signal
  await cluster.start(name, signal, { stateLimits: STATE_LIMITS })
  const [sequencerUrl, url] = [cluster.node(SEQUENCER).rpcUrl, cluster.node(name).rpcUrl]
  const goal = (await readBlockNumber(sequencerUrl)) + 2
  const what = `${name} has block ${String(goal)}`
  const condition = { what, timeoutMs: CATCH_UP_TIMEOUT_MS, signal, everyMs: 50 }
  await waitUntil(condition, async () => {
    const number = await readBlockNumber(url)
    return number >= goal ? { done: true } : { instead: String(number) }
  })
  const [wanted, got] = [await readBlock(sequencerUrl, goal), await readBlock(url, goal)]
  if (wanted !== undefined && got?.hash === wanted.hash && got.stateRoot === wanted.stateRoot)
    return
  findings.differences.push(
    `${name} at ${String(goal)}: ${got?.hash ?? 'none'} ${got?.stateRoot ?? ''}, not ${wanted?.hash ?? 'none'}`
  )
}

async function killAt(
  cluster: Cluster,
  name: string,
  { moment, dice }: { readonly moment: Moment; readonly dice: (sides: number) => number }
): Promise<void> {
  const { dataDir } = cluster.node(name)
  if (moment === 'random') {
    await sleep(dice(RANDOM_MAX_MS))
  } else if (moment === 'flush') {
    await untilWritten(join(dataDir, 'state'), (file) => file.endsWith('.log'))
    await sleep(dice(AIMED_MAX_MS))
  } else {
    const journal = join(dataDir, 'journal')
    await mkdir(journal, { recursive: true })
    const written = untilWritten(journal, (file) => file === 'layers.tmp')
    process.kill(cluster.run(name).process.pid, 'SIGTERM')
    await written
    if (dice(2) === 0) await sleep(dice(AIMED_MAX_MS))
  }
  await cluster.kill(name)
}

/** Settles with the next write to such a file, as the file system tells; a node that writes none is not waited for. */
async function untilWritten(directory: string, isMeant: (file: string) => boolean): Promise<void> {
  const aborter = new AbortController()
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, AIM_TIMEOUT_MS)
    const watcher = watch(directory, { signal: aborter.signal }, (_, file) => {
      if (file === null || !isMeant(file)) return
      clearTimeout(timer)
      resolve()
    })
    watcher.on('error', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  aborter.abort()
}

/** False also where there is no such file. */
async function isNewerThan(path: string, timeMs: number): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
  return mtimeMs >= timeMs
}

/** Every fault of a copy of its data directory: what opening does to it is left to the node's next start. */
async function verifyNode(
  cluster: Cluster,
  name: string,
  directory: string
): Promise<readonly string[]> {
  const copy = join(directory, `${name}.copy`)
  await cp(cluster.node(name).dataDir, copy, { recursive: true })
  const { chainId, signers } = cluster.layout.genesis.config
  const rules = { chainId, schedule: createSignerSchedule(signers) }
  const deps = { clock: systemClock, say: () => undefined }
  const { faults } = await verifyDatabases(deps, { dataDir: copy, rules })
  await rm(copy, { recursive: true })
  return faults.map(describeFault)
}

function toCriteria(
  { made, tornJournalsCount, faults, differences, broken }: Findings,
  kills: number
): readonly Criterion[] {
  const madeCount = MOMENTS.reduce((sum, moment) => sum + made[moment], 0)
  return [
    {
      criterion: 'state: kills made',
      ok: madeCount === kills,
      value: { ...made, tornJournalsCount },
      limit: kills
    },
    {
      criterion: 'state: head and root as of the node that never died',
      ok: differences.length === 0,
      value: differences,
      limit: 0
    },
    {
      criterion: 'state: faults that db verify finds',
      ok: faults.length === 0,
      value: faults,
      limit: 0
    },
    { criterion: 'state: all other checks', ok: broken.length === 0, value: broken, limit: 0 }
  ]
}
