// One run of one scenario: a cluster with load, what is done to it, what is found, and the report of it all.
import { type Hex } from '../../src/base/bytes.ts'
import { checkDbSound } from '../checks/db-sound.ts'
import { checkNoEquivocation } from '../checks/checks.ts'
import { readStoredNode } from '../checks/stored-node.ts'
import { checkVisible } from '../checks/visible.ts'
import { Cluster, type ClusterOptions } from '../cluster/cluster.ts'
import { type LayoutOptions, SEQUENCER, writeLayout } from '../cluster/cluster-layout.ts'
import { describeError, orAbort, waitUntil } from '../cluster/condition.ts'
import { createActions } from './harness.ts'
import { type CompiledContract, readToken } from '../load/token-contract.ts'
import { deployLoad, type TransferLoad } from '../load/transfer-load.ts'
import { type Findings, lookAt } from './look.ts'
import {
  type CheckResult,
  EMPTY_RECOVERY,
  type ScenarioReport,
  type Timeline
} from '../cluster/report.ts'
import { type LostBlock, type Scenario } from '../scenarios/scenario.ts'

/** The first gate opens after all backups answered, twice. */
const FIRST_GATE_MS = 90_000

/** What a run is made of. */
export interface RunOptions extends Omit<LayoutOptions, 'setup'>, ClusterOptions {
  readonly scenario: Scenario
  readonly transfersPerSecond: number
  /** Ends what waits; `close` is still to be called. */
  readonly signal: AbortSignal
}

/** A run that has begun. `close` must be called, whatever happened before. */
export class ScenarioRun {
  readonly cluster: Cluster
  readonly #options: RunOptions
  #load: TransferLoad | undefined
  #loadLife: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  #lost: LostBlock | undefined
  #setAside: readonly Hex[] = []
  #recovery = EMPTY_RECOVERY
  #judgement: CheckResult = {
    name: 'recovered-as-expected',
    ok: false,
    detail: 'the scenario did not come to its end'
  }
  #findings: Findings | undefined

  constructor(cluster: Cluster, options: RunOptions) {
    this.cluster = cluster
    this.#options = options
  }

  /** Writes the cluster's directory. Throws what writeLayout throws; nothing runs then. */
  static async open(options: RunOptions): Promise<ScenarioRun> {
    const { setup } = options.scenario
    const ageSeconds = Math.ceil(((setup.genesisAgeBlocks ?? 0) * options.blockTimeMs) / 1_000)
    const genesis = { ageSeconds, accountsCount: 0 }
    const layout = await writeLayout({ ...options, setup, genesis })
    return new ScenarioRun(await Cluster.open(layout, options), options)
  }

  get timeline(): Timeline {
    return this.cluster.timeline
  }

  /** Starts the nodes and the load, and does what the scenario does. Keeps what goes wrong for the report. */
  async act(): Promise<void> {
    try {
      await orAbort(this.#act(), this.#options.signal)
    } catch (thrown) {
      const detail = describeError(thrown)
      this.#judgement = { ...this.#judgement, detail }
      this.timeline.add('devnet', 'scenario-failed', { reason: detail })
    }
  }

  async #act(): Promise<void> {
    const { scenario, transfersPerSecond, signal, seed } = this.#options
    const contract = readToken()
    await Promise.all(this.cluster.names.map((name) => this.cluster.start(name, signal)))
    const withoutLoad = createActions(this.cluster, { signal, seed, hasLoad: false })
    await scenario.prepare?.(withoutLoad)
    await this.#deploy(contract)
    this.#startLoad()
    const hasLoad = transfersPerSecond > 0
    const actions = createActions(this.cluster, { signal, seed, hasLoad })
    this.timeline.add('devnet', 'scenario', { name: scenario.name, summary: scenario.summary })
    const outcome = await scenario.run(actions)
    const restarts = this.cluster.runs(SEQUENCER).filter(({ isRestart }) => isRestart)
    this.#recovery = restarts.at(-1)?.recovery ?? EMPTY_RECOVERY
    this.#judgement = outcome.judge(this.#recovery)
    this.#lost = outcome.lost
    this.#setAside = outcome.setAside ?? []
  }

  /** Holds the sequencer, looks at all nodes, and lets everything go on. */
  async look(): Promise<readonly CheckResult[]> {
    await this.#stopLoad()
    this.#findings = await lookAt(this.cluster, {
      lost: this.#lost,
      setAside: this.#setAside,
      load: this.#load,
      signal: this.#options.signal
    })
    return [...this.#findings.checks, ...this.#checksOfWatchers()]
  }

  /** Transfers again, after a look. */
  resume(): void {
    if (this.#loadLife === undefined) this.#startLoad()
  }

  /** Stops every node, reads what they left, and reports. */
  async close(): Promise<ScenarioReport> {
    await this.#stopLoad()
    try {
      await this.cluster.stopAll()
    } catch (thrown) {
      this.timeline.add('devnet', 'stop-failed', { reason: describeError(thrown) })
    }
    await this.cluster.close()
    return this.#report([
      ...(this.#findings?.checks ?? []),
      ...this.#checksOfWatchers(),
      await this.#checkDatabases()
    ])
  }

  /** Kills everything, without waiting. */
  killNow(): void {
    this.cluster.killNow()
  }

  async #deploy(contract: CompiledContract): Promise<void> {
    const { seed, transfersPerSecond: perSecond, signal } = this.#options
    await waitUntil({ what: 'the first gate opens', timeoutMs: FIRST_GATE_MS, signal }, () => {
      const run = this.cluster.run(SEQUENCER)
      if (!run.isAlive) return { never: `the sequencer ended: ${run.failure ?? 'no reason given'}` }
      return run.isGateOpen ? { done: true } : { instead: 'it is shut' }
    })
    const { rpcUrl } = this.cluster.node(SEQUENCER)
    const chainId = Number(this.cluster.layout.chainId)
    this.#load = await deployLoad(rpcUrl, { chainId, seed, perSecond, contract })
    this.timeline.add('devnet', 'token-deployed', { address: this.#load.token })
  }

  #startLoad(): void {
    const load = this.#load
    if (load === undefined || this.#options.transfersPerSecond === 0) return
    const stop = new AbortController()
    const ended = load.run(stop.signal).catch((thrown: unknown) => {
      this.timeline.add('devnet', 'load-failed', { reason: describeError(thrown) })
    })
    this.#loadLife = { stop, ended }
  }

  async #stopLoad(): Promise<void> {
    this.#loadLife?.stop.abort()
    await this.#loadLife?.ended
    this.#loadLife = undefined
    if (this.#load !== undefined)
      this.timeline.add('devnet', 'transfers', { ...this.#load.counts() })
  }

  /** The checks that go by what was seen all along. */
  #checksOfWatchers(): readonly CheckResult[] {
    const { signed } = this.cluster
    const starts = this.cluster.runs(SEQUENCER)
    return [
      checkNoEquivocation(signed, this.#lost),
      this.cluster.checkGates(),
      checkVisible(starts),
      this.#judgement
    ]
  }

  async #checkDatabases(): Promise<CheckResult> {
    const { layout } = this.cluster
    const started = layout.nodes.filter(({ name }) => this.cluster.runs(name).length > 0)
    const nodes = []
    for (const node of started) {
      const { exitCode } = this.cluster.run(node.name).process
      nodes.push(await readStoredNode(node, exitCode === 0, layout))
    }
    return checkDbSound(nodes, layout)
  }

  #report(checks: readonly CheckResult[]): ScenarioReport {
    const { scenario, seed, without } = this.#options
    const sorted = CHECK_ORDER.map(
      (name): CheckResult =>
        checks.find((check) => check.name === name) ?? { name, ok: false, detail: 'not looked at' }
    )
    return {
      scenario: scenario.name,
      seed,
      without: without ?? null,
      ok: sorted.every(({ ok }) => ok),
      checks: sorted,
      recovery: this.#recovery,
      heads: this.#findings?.heads ?? {},
      timeline: this.timeline.entries()
    }
  }
}

/** As the report lists them; one that is missing was not looked at, and does not hold. */
const CHECK_ORDER: readonly CheckResult['name'][] = [
  'no-equivocation',
  'announced-kept',
  'gate',
  'built-on-n',
  'heads-equal',
  'state-root',
  'db-sound',
  'visible',
  'recovered-as-expected'
]
