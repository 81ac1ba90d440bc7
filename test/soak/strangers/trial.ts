// One attack on one cluster: a sequencer and three backups under load, what is measured meanwhile, and a kill under it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { type Cluster } from '../../../devnet/cluster/cluster.ts'
import { SEQUENCER } from '../../../devnet/cluster/cluster-layout.ts'
import { describeError, waitUntil } from '../../../devnet/cluster/condition.ts'
import { readLogFaults } from '../../../devnet/cluster/log-faults.ts'
import { type LoopDelay } from '../../../devnet/cluster/loop-delay.ts'
import { Timeline } from '../../../devnet/cluster/report.ts'
import { type ScenarioRun } from '../../../devnet/harness/run-scenario.ts'
import { readBlockNumber } from '../../../devnet/cluster/rpc-client.ts'
import { type Scenario, type ScenarioActions } from '../../../devnet/scenarios/scenario.ts'
import { type Criterion, say } from '../criterion.ts'
import { keepIfBroken, openSoakRun, unjudged } from '../soak-cluster.ts'
import { type Attack, type Target } from './attack.ts'
import { AttackerProcess } from './attacker-process.ts'
import { findMissedSlots, type HeadNote, type Span, worstLags } from './heads-watch.ts'
import { HonestCaller } from './honest-caller.ts'
import { warmUp } from './warm-up.ts'
import { judgeTrial, LIMITS, type NodeMemory, type TrialFacts } from './judge.ts'
import { MemoryWatch, readMemories } from './memory-watch.ts'
import { strangerAccounts } from './stranger-accounts.ts'
import { countTransfers } from './transfer-count.ts'

const BLOCK_TIME_MS = 1_000
const TRANSFERS_PER_SLOT = 25
/** Offered above what is demanded, so that a transfer that falls into the next slot leaves no gap. */
const OFFERED_FACTOR = 1.1
const BACKUPS = 3
/** What most systems allow a process. */
const FILES_MAX = 1_024
/** After the first users have gone: memory that they took for a moment is given back. */
const REST_MS = 10_000
/** Blocks that the load, the first connections and the nodes' first users need until they are steady. */
const WARM_UP_BLOCKS = 20
const LOOP_TIMEOUT_MS = 30_000
const MEMORY_BACK_MS = 30_000
const LOOK_AGAIN_MS = 500
/** The attack is at work again before the kill. */
const BEFORE_KILL_MS = 5_000
const BLOCKS_AFTER_KILL = 3

/** How an attack is tried. */
export interface TrialOptions {
  readonly seed: number
  readonly seconds: number
}

/** What is filled in as the trial goes on. */
type Found = { -readonly [Key in keyof TrialFacts]: TrialFacts[Key] } & { span?: Span }

/** Runs the attack on a new cluster and judges what came of it. */
export async function runTrial(
  attack: Attack,
  { seed, seconds }: TrialOptions
): Promise<readonly Criterion[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-strangers-'))
  const notes: HeadNote[] = []
  const timeline = new Timeline(({ node, event, step, block, reportedMs }) => {
    if (event !== 'step' || step !== 'head-set' || typeof reportedMs !== 'number') return
    notes.push({ node, number: (block as { number: number }).number, atMs: reportedMs })
  })
  const facts: Found = {
    counts: {},
    slots: undefined,
    lags: new Map(),
    loops: new Map(),
    memories: new Map(),
    caller: undefined,
    transfers: undefined,
    reopenedMs: undefined,
    punished: [],
    died: [],
    broken: []
  }
  const scenario: Scenario = {
    name: attack.name,
    summary: attack.title,
    setup: { signedRecord: 'on', quorum: 'auto' },
    async run(actions) {
      await tryAttack({ attack, run, actions, notes, facts, seconds, seed })
      return unjudged('nothing was lost')
    }
  }
  const run = await openSoakRun({
    directory,
    scenario,
    seed,
    blockTimeMs: BLOCK_TIME_MS,
    backupsCount: BACKUPS,
    transfersPerSecond: (OFFERED_FACTOR * TRANSFERS_PER_SLOT * 1_000) / BLOCK_TIME_MS,
    fundedAccounts: strangerAccounts(seed).map(({ address }) => address.toLowerCase() as Hex),
    filesMax: FILES_MAX,
    timeline
  })
  await run.act()
  facts.died = deaths(run.cluster)
  facts.transfers = await readTransfers(run.cluster, facts)
  await run.look()
  const report = await run.close()
  const failed = report.checks.filter(({ ok }) => !ok)
  facts.broken = failed.map(({ name, detail }) => `${name}: ${detail}`)
  facts.punished = await findPunished(run.cluster, honestNames(run.cluster, attack))
  const criteria = judgeTrial(facts, {
    name: attack.name,
    sparesCaller: attack.sparesCaller === true
  })
  await keepIfBroken(
    directory,
    criteria.some(({ ok }) => !ok)
  )
  return criteria
}

interface Trial {
  readonly attack: Attack
  readonly run: ScenarioRun
  readonly actions: ScenarioActions
  readonly notes: readonly HeadNote[]
  readonly facts: Found
  readonly seconds: number
  readonly seed: number
}

async function tryAttack(trial: Trial): Promise<void> {
  const { attack, run, actions, facts } = trial
  const { cluster } = run
  if (attack.hasLiar === true) await makeLiar(cluster)
  const { rpcUrl } = cluster.node(SEQUENCER)
  const warmUntil = (await readBlockNumber(rpcUrl)) + WARM_UP_BLOCKS
  await warmUp(cluster, actions.buildUntil(warmUntil))
  await actions.passTime(REST_MS)
  say(`${attack.name}: ${attack.title}`)
  const order = { attack: attack.name, target: targetOf(cluster, trial.seed) }
  const attacker = new AttackerProcess(order)
  try {
    await measure(trial)
  } finally {
    facts.counts = await attacker.stop()
  }
  facts.memories = await untilMemoryIsBack(cluster, facts.memories)
  const again = new AttackerProcess(order)
  try {
    await actions.passTime(BEFORE_KILL_MS)
    facts.reopenedMs = await killAndReopen(trial)
  } finally {
    await again.stop()
  }
}

/** The last backup is started anew and lies from then on. */
async function makeLiar(cluster: Cluster): Promise<void> {
  const liar = cluster.backups.at(-1)
  if (liar === undefined) throw new Error('there is no backup that could lie')
  await cluster.stop(liar)
  await cluster.start(liar, new AbortController().signal, { lies: true })
}

/** All that is measured while the attack lasts. */
async function measure({ attack, run, actions, notes, facts, seconds }: Trial): Promise<void> {
  const { cluster } = run
  const honest = honestNames(cluster, attack)
  const sequencer = cluster.node(SEQUENCER)
  const pids = () => pidsOf(cluster, honest)
  const before = await readMemories(pids())
  for (const name of honest) cluster.run(name).process.measureLoop()
  const watch = new MemoryWatch(pids)
  const caller = new HonestCaller(sequencer.rpcUrl, cluster.layout.signer)
  const startMs = systemClock.nowMs()
  try {
    await actions.passTime(1_000 * seconds)
  } finally {
    const span: Span = { startMs, endMs: systemClock.nowMs() }
    await watch.stop()
    facts.caller = await caller.stop()
    facts.loops = await readLoops(cluster, honest)
    const { genesis, blockTimeMs } = cluster.layout
    const genesisMs = 1_000 * Number(genesis.timestamp)
    facts.slots = findMissedSlots(cluster.heardAtMs, { genesisMs, blockTimeMs, span })
    const backups = honest.filter((name) => name !== SEQUENCER)
    facts.lags = worstLags(notes, { sequencer: SEQUENCER, backups, span })
    facts.memories = new Map(
      [...before].map(([name, beforeBytes]) => {
        const peakBytes = watch.peakBytes.get(name) ?? beforeBytes
        return [name, { beforeBytes, peakBytes, afterBytes: peakBytes }]
      })
    )
    facts.span = span
  }
}

/** Looked for when the attack is over, on a backup: the sequencer may have trouble of its own. */
async function readTransfers(
  cluster: Cluster,
  { span, slots }: TrialFacts & { readonly span?: Span }
): Promise<TrialFacts['transfers']> {
  const backup = cluster.backups.find((name) => cluster.isAlive(name))
  if (span === undefined || backup === undefined) return undefined
  const { genesis, blockTimeMs } = cluster.layout
  const genesisMs = 1_000 * Number(genesis.timestamp)
  const { rpcUrl } = cluster.node(backup)
  const included = await countTransfers(rpcUrl, { genesisMs, blockTimeMs, span })
  return { included, offered: TRANSFERS_PER_SLOT * (slots?.slotsCount ?? 0) }
}

async function readLoops(
  cluster: Cluster,
  names: readonly string[]
): Promise<ReadonlyMap<string, LoopDelay | undefined>> {
  const loops = await Promise.all(
    names.map((name) =>
      cluster
        .run(name)
        .process.readLoop(LOOP_TIMEOUT_MS)
        .catch(() => undefined)
    )
  )
  return new Map(names.map((name, at) => [name, loops[at]]))
}

/** Looks until every node is back, for as long as it may take; the least that was seen of each is its memory after. */
async function untilMemoryIsBack(
  cluster: Cluster,
  memories: ReadonlyMap<string, NodeMemory>
): Promise<ReadonlyMap<string, NodeMemory>> {
  const after = new Map(memories)
  const isBack = ({ beforeBytes, afterBytes }: NodeMemory) =>
    afterBytes - beforeBytes <= LIMITS.memoryLeftBytes
  const endMs = performance.now() + MEMORY_BACK_MS
  for (;;) {
    for (const [name, bytes] of await readMemories(pidsOf(cluster, [...after.keys()]))) {
      const memory = after.get(name)
      if (memory === undefined) continue
      after.set(name, { ...memory, afterBytes: Math.min(bytes, memory.afterBytes) })
    }
    if ([...after.values()].every(isBack) || performance.now() >= endMs) return after
    await systemClock.sleep(LOOK_AGAIN_MS)
  }
}

/** Milliseconds from SIGKILL to the first block that the restarted sequencer signed; throws when none comes. */
async function killAndReopen({ attack, run, actions }: Trial): Promise<number> {
  const { cluster } = run
  await cluster.kill(SEQUENCER)
  const killedMs = performance.now()
  if (attack.losesData === true) await rm(cluster.node(SEQUENCER).dataDir, { recursive: true })
  await actions.start(SEQUENCER)
  const condition = {
    what: 'the gate opens under attack',
    timeoutMs: LIMITS.gateOpensMs,
    signal: new AbortController().signal
  }
  const signedMs = await waitUntil(condition, () => {
    const { isAlive, failure, firstSignedMs } = cluster.run(SEQUENCER)
    if (!isAlive) return { never: `the sequencer ended: ${failure ?? 'no reason given'}` }
    return firstSignedMs === undefined ? { instead: 'it is shut' } : { done: firstSignedMs }
  })
  await actions.untilBuilding(BLOCKS_AFTER_KILL)
  return signedMs - killedMs
}

function honestNames(cluster: Cluster, { hasLiar }: Attack): readonly string[] {
  const liar = hasLiar === true ? cluster.backups.at(-1) : undefined
  return cluster.names.filter((name) => name !== liar)
}

function pidsOf(cluster: Cluster, names: readonly string[]): ReadonlyMap<string, number> {
  const alive = names.filter((name) => cluster.isAlive(name))
  return new Map(alive.map((name) => [name, cluster.run(name).process.pid]))
}

/** Nodes that ended without having been killed or stopped by us. */
function deaths(cluster: Cluster): readonly string[] {
  return cluster.names
    .filter((name) => cluster.runs(name).length > 0 && !cluster.isAlive(name))
    .map((name) => `${name}: ${cluster.run(name).failure ?? 'no reason given'}`)
}

/** What honest nodes did to honest nodes, by their logs, and what the observer had to reject from one. */
async function findPunished(
  cluster: Cluster,
  honest: readonly string[]
): Promise<readonly string[]> {
  const nameOf = (peer: string | undefined) =>
    cluster.layout.nodes.find(({ peerId }) => peerId === peer)?.name
  const punished: string[] = []
  for (const name of honest) {
    const faults = await readLogFaults(cluster.node(name).logFile).catch(describeError)
    if (typeof faults === 'string') punished.push(`the log of ${name}: ${faults}`)
    else {
      for (const { event, peer } of faults) {
        const victim = nameOf(peer)
        if (victim !== undefined && honest.includes(victim)) {
          punished.push(`${name}: ${event} ${victim}`)
        }
      }
    }
  }
  const rejected = cluster.rejections.filter(({ from }) => honest.includes(from))
  return [...punished, ...rejected.map(({ reason, from }) => `observer: ${from}: ${reason}`)]
}

function targetOf({ layout }: Cluster, seed: number): Target {
  return {
    nodes: layout.nodes.map(({ name, peerId, multiaddr, rpcUrl, metricsUrl }) => {
      const port = Number(/\/tcp\/(\d+)/.exec(multiaddr)?.[1])
      return { name, peerId, multiaddr, port, rpcUrl, metricsUrl }
    }),
    chainId: Number(layout.chainId),
    genesisHash: layout.genesisHash,
    accountKeys: strangerAccounts(seed).map(({ key }) => key),
    seed
  }
}
