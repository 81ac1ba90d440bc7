// A cluster with a chain of its own whose nodes are started without a state, timed, killed and looked at.
import { readFile, rm } from 'node:fs/promises'
import { z } from 'zod'
import { systemClock } from '../../../src/base/clock.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { describeFault, verifyDatabases } from '../../../src/cli/db-verify.ts'
import { Cluster } from '../../../devnet/cluster/cluster.ts'
import { type ClusterLayout, SEQUENCER } from '../../../devnet/cluster/cluster-layout.ts'
import { type Look, waitUntil } from '../../../devnet/cluster/condition.ts'
import { type StartFlags } from '../../../devnet/cluster/messages.ts'
import { NODE_ENTRY_FILE } from '../../../devnet/cluster/node-process.ts'
import { createObserver } from '../../../devnet/cluster/observer.ts'
import { Timeline } from '../../../devnet/cluster/report.ts'
import { callRpc, readBlock, readBlockNumber } from '../../../devnet/cluster/rpc-client.ts'

const JOIN_TIMEOUT_MS = 1_200_000
const CATCH_UP_TIMEOUT_MS = 600_000
const HOLD_TIMEOUT_MS = 60_000
const LOOK_EVERY_MS = 50
/** From following to the end of the recovery that led there. */
const SETTLE_MAX_MS = 5_000
/** Blocks between the head and the wall clock when a cluster counts as caught up. */
const LAG_MAX_MS = 4_000

const stageSchema = z.looseObject({ name: z.string(), items: z.number(), bytes: z.number() })
const recoverySchema = z.looseObject({
  /** Those that run. */
  stages: z.array(z.looseObject({ name: z.string(), bytes: z.number() })).nullish(),
  last: z.looseObject({ stages: z.array(stageSchema) }).nullish()
})

/** Nodes of one chain. */
export class JoinCluster {
  readonly cluster: Cluster
  readonly #signal = new AbortController().signal

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  static async open(layout: ClusterLayout): Promise<JoinCluster> {
    const cluster = await Cluster.open(layout, {
      without: undefined,
      entryFile: NODE_ENTRY_FILE,
      createObserver,
      timeline: new Timeline()
    })
    return new JoinCluster(cluster)
  }

  url(name: string): string {
    return this.cluster.node(name).rpcUrl
  }

  async start(name: string, flags: StartFlags = {}): Promise<void> {
    await this.cluster.start(name, this.#signal, flags)
  }

  /** Starts these, and settles when the chain is at the present slot. */
  async startServing(names: readonly string[], flags: StartFlags = {}): Promise<void> {
    await Promise.all(names.map((name) => this.start(name, flags)))
    const what = 'the sequencer fills the missed slots'
    await this.#until(what, CATCH_UP_TIMEOUT_MS, async () => {
      const head = await readBlock(this.url(SEQUENCER), 'latest')
      const lagMs = systemClock.nowMs() - 1_000 * (head?.timestamp ?? 0)
      if (lagMs < LAG_MAX_MS) return { done: true }
      return { instead: `block ${String(head?.number)} is ${String(lagMs)} ms old` }
    })
  }

  /** The node's directory is gone; its keys are left. */
  async loseData(name: string): Promise<void> {
    await rm(this.cluster.node(name).dataDir, { recursive: true, force: true })
  }

  async untilHeight(name: string, height: number): Promise<void> {
    await this.#until(`${name} has block ${String(height)}`, CATCH_UP_TIMEOUT_MS, async () => {
      const number = await readBlockNumber(this.url(name))
      return number >= height ? { done: true } : { instead: String(number) }
    })
  }

  /** Settles when the node has the sequencer's head of that moment; the time since `startedMs`. */
  async untilFollowing(name: string, startedMs: number): Promise<number> {
    await this.#until(`${name} follows`, JOIN_TIMEOUT_MS, async () => {
      if (!this.cluster.isAlive(name)) return { never: `${name} ended` }
      const target = await readBlock(this.url(SEQUENCER), 'latest')
      const own = await readBlock(this.url(name), 'latest')
      const isThere = own !== undefined && target !== undefined && own.number >= target.number
      if (isThere) return { done: true }
      return { instead: `block ${String(own?.number)} of ${String(target?.number)}` }
    })
    return performance.now() - startedMs
  }

  /** Settles when the sequencer's gate is open; the time since `startedMs`. */
  async untilGateOpen(startedMs: number): Promise<number> {
    await this.#until('the gate opens', JOIN_TIMEOUT_MS, async () => {
      const { isAlive, isGateOpen } = this.cluster.run(SEQUENCER)
      if (!isAlive) return { never: 'the sequencer ended' }
      return isGateOpen ? { done: true } : { instead: 'it is shut' }
    })
    return performance.now() - startedMs
  }

  /** The sequencer builds no block after the one that it is held at; all others come to its head. */
  async holdChain(names: readonly string[]): Promise<number> {
    await this.cluster.run(SEQUENCER).process.holdAt('built', HOLD_TIMEOUT_MS)
    const head = await readBlock(this.url(SEQUENCER), 'latest')
    for (const name of names) await this.untilFollowing(name, 0)
    return head?.number ?? 0
  }

  /** Bytes of the state that the node has fetched so far in a recovery that runs. Undefined where it fetches none. */
  async bytesUnderWay(name: string): Promise<number | undefined> {
    return fetchingOf((await this.#recovery(name)).stages)?.bytes
  }

  /**
   * Bytes of the state that the node fetched in its last recovery, which is over soon after it follows; 0 where it
   * fetched none.
   */
  async fetchedBytes(name: string): Promise<number> {
    const startedMs = performance.now()
    while (performance.now() - startedMs < SETTLE_MAX_MS) {
      const fetching = fetchingOf((await this.#recovery(name)).last?.stages)
      if (fetching !== undefined) return fetching.bytes
      await systemClock.sleep(LOOK_EVERY_MS)
    }
    return 0
  }

  /** What `rekindle db verify` finds in the stopped node's directory. */
  async verify(name: string): Promise<readonly string[]> {
    const { genesis, chainId } = this.cluster.layout
    const schedule = createSignerSchedule(genesis.config.signers)
    const { faults } = await verifyDatabases(
      { clock: systemClock, say: () => undefined },
      { dataDir: this.cluster.node(name).dataDir, rules: { chainId, schedule } }
    )
    return faults.map(describeFault)
  }

  /** The most memory that the running node's process ever held (VmHWM of Linux). */
  async peakMemoryMiB(name: string): Promise<number> {
    const { pid } = this.cluster.run(name).process
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)
  }

  async close(): Promise<void> {
    await this.cluster.close()
  }

  async #recovery(name: string): Promise<z.infer<typeof recoverySchema>> {
    return recoverySchema.parse(await callRpc(this.url(name), 'rekindle_recovery'))
  }

  async #until(what: string, timeoutMs: number, look: () => Promise<Look<true>>): Promise<void> {
    await waitUntil({ what, timeoutMs, signal: this.#signal, everyMs: LOOK_EVERY_MS }, look)
  }
}

type Stages = readonly { readonly name: string; readonly bytes: number }[] | null | undefined

function fetchingOf(stages: Stages) {
  return stages?.find(({ name }) => name === 'fetch-state')
}
