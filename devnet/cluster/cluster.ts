// A running cluster: node processes, the wires between them, the observer, and where their messages go.
import { type Hex } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { checkGates } from './gate-watch.ts'
import { readSignedBlocks } from './noted-record.ts'
import { SignedBlocks } from './signed-blocks.ts'
import {
  type ClusterLayout,
  linkTargets,
  type NodeLayout,
  observedMultiaddr,
  SECOND,
  SEQUENCER
} from './cluster-layout.ts'
import { waitUntil } from './condition.ts'
import { Links, OBSERVER } from './links.ts'
import { type BlockFacts, type NodeMessage, type StartFlags, type Without } from './messages.ts'
import { NodeProcess } from './node-process.ts'
import { NodeRun } from './node-run.ts'
import { type CreateObserver, type HeardBlock, type Observer } from './observer-port.ts'
import { collectSamples } from './recovery-samples.ts'
import { type CheckResult, type Timeline } from './report.ts'
import { type Slowness } from './slow-wire.ts'

/** Nodes that have the key. */
const SEQUENCERS: readonly string[] = [SEQUENCER, SECOND]
/** How long a ready node may refuse the observer. */
const OBSERVER_CONNECT_MS = 15_000

/** What a cluster runs with. */
export interface ClusterOptions {
  readonly without: Without | undefined
  readonly entryFile: string
  /** How many files each node may have open; as many as this process without. */
  readonly filesMax?: number | undefined
  readonly createObserver: CreateObserver
  readonly timeline: Timeline
}

/** The processes of one layout. `close` ends them all. */
export class Cluster {
  readonly layout: ClusterLayout
  readonly timeline: Timeline
  readonly signed = new SignedBlocks()
  /** When the observer first heard the block of a height, on the wall clock. */
  readonly heardAtMs = new Map<number, number>()
  /** What the observer had to reject, and who passed it on. */
  readonly rejections: { readonly reason: string; readonly from: string }[] = []
  readonly #options: ClusterOptions
  readonly #links: Links
  readonly #runs: NodeRun[] = []
  readonly #heard = new Set<Hex>()
  /** What signed records held when their processes had ended. */
  readonly #recorded = new Map<Hex, BlockFacts>()
  #observer: Observer | undefined

  constructor(layout: ClusterLayout, links: Links, options: ClusterOptions) {
    this.layout = layout
    this.timeline = options.timeline
    this.#links = links
    this.#options = options
  }

  /** Opens wires and observer; nodes are started one by one. */
  static async open(layout: ClusterLayout, options: ClusterOptions): Promise<Cluster> {
    const links = await Links.open(layout.links, linkTargets(layout))
    const cluster = new Cluster(layout, links, options)
    const { genesisHash, chainId, signer } = layout
    try {
      cluster.#observer = await options.createObserver({
        genesisHash,
        chainId,
        signer,
        onBlock: (block, from) => {
          cluster.#onHeard(block, from)
        },
        onRejected: (reason, from) => {
          cluster.rejections.push({ reason, from: cluster.#nameOf(from) })
          cluster.timeline.add(OBSERVER, 'rejected', { reason, from: cluster.#nameOf(from) })
        }
      })
    } catch (thrown) {
      await cluster.#links.close()
      throw thrown
    }
    return cluster
  }

  /** All but a second sequencer, which comes and goes within its scenario. */
  get names(): readonly string[] {
    return this.layout.nodes.map(({ name }) => name).filter((name) => name !== SECOND)
  }

  get backups(): readonly string[] {
    return this.names.filter((name) => name !== SEQUENCER)
  }

  node(name: string): NodeLayout {
    const found = this.layout.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`there is no node ${name}`)
    return found
  }

  /** Every start so far of a node, the latest last. */
  runs(name: string): readonly NodeRun[] {
    return this.#runs.filter((run) => run.name === name)
  }

  /** The node's latest start; throws before its first. */
  run(name: string): NodeRun {
    const run = this.runs(name).at(-1)
    if (run === undefined) throw new Error(`${name} was never started`)
    return run
  }

  isAlive(name: string): boolean {
    return this.runs(name).at(-1)?.isAlive ?? false
  }

  /** Starts a node that is not running, and resolves once it is ready and the observer connected to it. */
  async start(name: string, signal: AbortSignal, flags: StartFlags = {}): Promise<void> {
    signal.throwIfAborted()
    if (this.isAlive(name)) throw new Error(`${name} is running already`)
    const node = this.node(name)
    const isSequencer = name === SEQUENCER
    const without = isSequencer ? this.#options.without : undefined
    const spec = { name, configFile: node.configFile, without, flags }
    const { entryFile, filesMax } = this.#options
    const files = { entryFile, filesMax, logFile: node.logFile }
    const isRestart = this.runs(name).length > 0
    this.timeline.add(name, isRestart ? 'restarted' : 'started', { ...flags })
    const process = NodeProcess.spawn(spec, files, (message) => {
      this.#onMessage(run, message) // never before `spawn` returned
    })
    const run = new NodeRun(name, process, isRestart)
    this.#runs.push(run)
    if (isSequencer) this.#sample(run, node)
    await run.process.untilReady()
    await this.#connectObserver(node, signal)
  }

  /** SIGKILL. */
  async kill(name: string): Promise<void> {
    const run = this.run(name)
    run.wasKilled = true
    run.killedMs = performance.now()
    await run.process.kill()
    await this.#noteRecord(name)
    this.timeline.add(name, 'killed')
  }

  /** SIGTERM; a node that stops with anything but 0 is named in the timeline. */
  async stop(name: string): Promise<void> {
    const exitCode = await this.run(name).process.stop()
    await this.#noteRecord(name)
    this.timeline.add(name, 'stopped', { exitCode })
  }

  isCut(name: string): boolean {
    return this.#links.isCut(name)
  }

  /** No wire of the node carries anything until `mend`. */
  cut(name: string): void {
    this.#links.cut(name)
    this.timeline.add(name, 'cut-off')
  }

  /** The wires work again; nodes find each other, the observer is connected here. */
  async mend(name: string, signal: AbortSignal): Promise<void> {
    this.#links.mend(name)
    this.timeline.add(name, 'connected')
    await this.#connectObserver(this.node(name), signal)
  }

  /** All wires of the node are this slow, or as fast as they can be. */
  slow(name: string, slowness: Slowness | undefined): void {
    this.#links.slow(name, slowness)
    this.timeline.add(name, slowness === undefined ? 'fast-again' : 'slow', { ...slowness })
  }

  /** What a node shows by protocol; kept as announced. */
  async tip(name: string): Promise<BlockFacts | undefined> {
    const tip = await this.#requireObserver().tip(observedMultiaddr(this.layout, this.node(name)))
    if (tip !== undefined && tip.number > 0) this.signed.add(tip, 'announced', name)
    return tip
  }

  async silenceObserver(): Promise<void> {
    await this.#requireObserver().silence()
    this.timeline.add(OBSERVER, 'silenced')
  }

  async listenAgain(): Promise<void> {
    await this.#requireObserver().listenAgain()
    this.timeline.add(OBSERVER, 'listening')
  }

  /** Stops every node that runs, all at once; throws what the first failed with, after all are gone. */
  async stopAll(): Promise<void> {
    const running = this.layout.nodes.map(({ name }) => name).filter((name) => this.isAlive(name))
    const results = await Promise.allSettled(running.map((name) => this.stop(name)))
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  /** Takes observer and wires down, and kills what still runs. */
  async close(): Promise<void> {
    this.killNow()
    const observer = this.#observer
    this.#observer = undefined
    await observer?.close()
    await this.#links.close()
  }

  /** SIGKILL to all, without waiting: the last thing an ending process does. */
  killNow(): void {
    for (const { process } of this.#runs) process.killNow()
  }

  /** Invariant 3: what each start reported, held against all that was heard, served and written down. */
  checkGates(): CheckResult {
    const starts = this.#runs.map(({ name, wasKilled, gateWatch: watch }) => {
      return { name, isSequencer: SEQUENCERS.includes(name), wasKilled, watch }
    })
    const recorded = [...this.#recorded.values()]
    return checkGates(starts, { announced: this.signed.announced(), recorded })
  }

  #onMessage(run: NodeRun, message: NodeMessage): void {
    run.note(message)
    const { event, atMs: reportedMs, ...facts } = message
    const { name } = run
    if (message.event === 'step' && message.block !== undefined) {
      const isSequencer = SEQUENCERS.includes(name)
      if (message.step === 'signed') this.signed.add(message.block, 'signed', name)
      if (message.step === 'accepted' && !isSequencer) {
        this.signed.add(message.block, 'announced', name)
      }
    }
    this.timeline.add(name, event, { ...facts, reportedMs })
  }

  async #noteRecord(name: string): Promise<void> {
    for (const block of await readSignedBlocks(this.node(name))) {
      this.signed.add(block, 'signed', name)
      this.#recorded.set(block.hash, block)
    }
  }

  #onHeard(block: HeardBlock, fromPeer: string): void {
    const from = this.#nameOf(fromPeer)
    this.signed.add(block, 'announced', from)
    if (this.#heard.has(block.hash)) return
    this.#heard.add(block.hash)
    if (!this.heardAtMs.has(block.number)) this.heardAtMs.set(block.number, systemClock.nowMs())
    this.timeline.add(OBSERVER, 'heard', { ...block, from })
  }

  #nameOf(peer: string): string {
    return this.layout.nodes.find(({ peerId }) => peerId === peer)?.name ?? peer
  }

  #sample(run: NodeRun, { rpcUrl }: NodeLayout): void {
    const { samples, finished } = collectSamples(rpcUrl, () => run.isGateOpen || !run.isAlive)
    run.samples = samples
    finished.catch((thrown: unknown) => {
      this.timeline.add(run.name, 'not-sampled', { reason: String(thrown) })
    })
  }

  async #connectObserver(node: NodeLayout, signal: AbortSignal): Promise<void> {
    if (this.#links.isCut(node.name)) return
    const what = `the observer connects to ${node.name}`
    await waitUntil({ what, timeoutMs: OBSERVER_CONNECT_MS, signal }, async () => {
      await this.#requireObserver().connect(observedMultiaddr(this.layout, node))
      return { done: true }
    })
  }

  #requireObserver(): Observer {
    if (this.#observer === undefined) throw new Error('the cluster is closed')
    return this.#observer
  }
}
