// What scenarios do, done to a cluster: every action ends when its effect is seen, or throws at its deadline.
import { systemClock } from '../../src/base/clock.ts'
import { type Cluster } from '../cluster/cluster.ts'
import { SECOND, SEQUENCER } from '../cluster/cluster-layout.ts'
import { type Look, waitUntil } from '../cluster/condition.ts'
import { type BlockFacts, type HoldStep } from '../cluster/messages.ts'
import { createRecoveryActions } from './recovery-harness.ts'
import { removeDiffs } from './remove-diffs.ts'
import { callRpc, readBlockNumber } from '../cluster/rpc-client.ts'
import { type ScenarioActions } from '../scenarios/scenario.ts'
import { readStatus, type StatusWords } from '../cluster/status-words.ts'

/** Beyond the blocks that an action waits for: starting, asking backups, a quiet time of some seconds. */
const SLACK_MS = 90_000
/** A held step is reached with the next block; a restarted cluster fills missed slots before. */
const HOLD_TIMEOUT_MS = 60_000
const ACCEPT_TIMEOUT_MS = 30_000
/** An answer to `signed_tip` costs the node a closed connection, so it is asked for less often. */
const ASK_TIP_EVERY_MS = 300
/** Blocks may take so many times their time on a busy machine. */
const SLOWNESS = 10

/** What the harness acts with. */
export interface HarnessOptions {
  readonly signal: AbortSignal
  /** True when transactions are sent all the time, so that a held block can be asked to have some. */
  readonly hasLoad: boolean
  readonly seed: number
}

/** Actions on this cluster; they reject with the signal's reason when it aborts. */
export function createActions(cluster: Cluster, options: HarnessOptions): ScenarioActions {
  const { signal, hasLoad } = options
  const rpcUrl = cluster.node(SEQUENCER).rpcUrl
  const { blockTimeMs } = cluster.layout
  const buildTimeoutMs = (blocks: number) => SLACK_MS + blocks * blockTimeMs * SLOWNESS
  return {
    ...createRecoveryActions(cluster, options),
    backups: cluster.backups,
    async buildUntil(number) {
      const what = `the sequencer builds block ${String(number)}`
      await waitUntil({ what, timeoutMs: buildTimeoutMs(number), signal }, () =>
        lookForHead(rpcUrl, number)
      )
    },
    async holdAt(step) {
      if (hasLoad) await untilTransactionsWait(rpcUrl, signal)
      return holdSequencer(cluster, step)
    },
    async letGo() {
      cluster.run(SEQUENCER).process.release()
    },
    async untilAccepted(block, backups) {
      await Promise.all(backups.map((backup) => untilTip(cluster, { block, backup }, signal)))
    },
    kill: (node) => cluster.kill(node),
    removeDiffs: (node) => removeDiffs(cluster.node(node)),
    start: (node, flags) => cluster.start(node, signal, flags),
    async cutOff(node) {
      cluster.cut(node)
    },
    connect: (node) => cluster.mend(node, signal),
    silenceObserver: () => cluster.silenceObserver(),
    listenAgain: () => cluster.listenAgain(),
    async untilShutMissing(backups) {
      const what = `the sequencer's gate is shut for want of ${backups.join(', ')}`
      return waitUntil({ what, timeoutMs: SLACK_MS, signal }, () =>
        lookForMissing(cluster, backups)
      )
    },
    staysShut: (milliseconds) => staysShut(cluster, milliseconds, signal),
    async untilShutBecause(node, code) {
      const what = `the gate of ${node} is shut: ${code}`
      return waitUntil({ what, timeoutMs: SLACK_MS, signal }, () =>
        lookForReason(cluster, node, code)
      )
    },
    async untilSecondSigned(blocksCount) {
      const what = `${SECOND} signs ${String(blocksCount)} more blocks`
      const before = cluster.signed.countSignedBy(SECOND)
      await waitUntil({ what, timeoutMs: buildTimeoutMs(blocksCount), signal }, () => {
        const count = cluster.signed.countSignedBy(SECOND) - before
        return count >= blocksCount ? { done: true } : { instead: String(count) }
      })
    },
    async untilBuilding(blocks) {
      const timeoutMs = buildTimeoutMs(blocks)
      const base = await waitUntil({ what: 'the gate opens', timeoutMs, signal }, () =>
        lookForOpenGate(cluster)
      )
      const what = `the sequencer builds ${String(blocks)} blocks on ${String(base)}`
      await waitUntil({ what, timeoutMs, signal }, () => lookForHead(rpcUrl, base + blocks))
    }
  }
}

/** Stands still after this step of the next block. */
export async function holdSequencer(cluster: Cluster, step: HoldStep): Promise<BlockFacts> {
  const { process } = cluster.run(SEQUENCER)
  return process.holdAt(step, HOLD_TIMEOUT_MS)
}

async function lookForHead(rpcUrl: string, number: number): Promise<Look<number>> {
  const head = await readBlockNumber(rpcUrl)
  return head >= number ? { done: head } : { instead: `its head is ${String(head)}` }
}

async function untilTransactionsWait(rpcUrl: string, signal: AbortSignal): Promise<void> {
  const what = 'a transaction waits for the next block'
  await waitUntil({ what, timeoutMs: HOLD_TIMEOUT_MS, signal, everyMs: 10 }, async () => {
    const { pending } = (await callRpc(rpcUrl, 'txpool_status')) as { readonly pending: string }
    return Number(pending) > 0 ? { done: true } : { instead: 'the pool is empty' }
  })
}

async function untilTip(
  cluster: Cluster,
  { block, backup }: { readonly block: BlockFacts; readonly backup: string },
  signal: AbortSignal
): Promise<void> {
  const what = `${backup} shows block ${String(block.number)} ${block.hash}`
  const condition = { what, timeoutMs: ACCEPT_TIMEOUT_MS, signal, everyMs: ASK_TIP_EVERY_MS }
  await waitUntil(condition, async () => {
    const tip = await cluster.tip(backup)
    if (tip?.hash === block.hash) return { done: true }
    return { instead: tip === undefined ? 'nothing' : `block ${String(tip.number)} ${tip.hash}` }
  })
  cluster.timeline.add(backup, 'shows', { block })
}

async function lookForMissing(
  cluster: Cluster,
  backups: readonly string[]
): Promise<Look<StatusWords>> {
  const run = cluster.run(SEQUENCER)
  if (!run.isAlive) return { never: `it ended: ${run.failure ?? 'no reason given'}` }
  if (run.openedMs !== undefined) return { never: 'its gate opened' }
  const status = await callRpc(cluster.node(SEQUENCER).rpcUrl, 'rekindle_status')
  const words = readStatus(status)
  const missing = words?.missing ?? []
  const named = cluster.backups.filter((backup) => {
    const { peerId } = cluster.node(backup)
    return missing.includes(peerId)
  })
  const isShut = words?.isGateOpen === false
  if (words !== undefined && isShut && sameNames(named, backups)) return { done: words }
  const gate = isShut ? 'shut' : 'not shut'
  return { instead: `the gate is ${gate}, missing: ${named.join(', ') || 'nobody'}` }
}

async function lookForReason(
  cluster: Cluster,
  node: string,
  code: string
): Promise<Look<StatusWords>> {
  const run = cluster.run(node)
  if (!run.isAlive) return { never: `it ended: ${run.failure ?? 'no reason given'}` }
  const words = readStatus(await callRpc(cluster.node(node).rpcUrl, 'rekindle_status'))
  if (words === undefined || words.isGateOpen) return { instead: 'its gate is open' }
  const given = [words.reason, ...words.work]
  return given.includes(code) ? { done: words } : { instead: given.join(', ') }
}

/** The height the sequencer stood at once its gate was seen open. */
async function lookForOpenGate(cluster: Cluster): Promise<Look<number>> {
  const run = cluster.run(SEQUENCER)
  if (!run.isAlive) return { never: `it ended: ${run.failure ?? 'no reason given'}` }
  if (run.gateWatch.hasBreach) return { never: 'it builds while its gate is shut' }
  if (!run.isGateOpen) return { instead: 'it is shut' }
  return { done: await readBlockNumber(cluster.node(SEQUENCER).rpcUrl) }
}

/** Throws as soon as the gate opens. */
async function staysShut(
  cluster: Cluster,
  milliseconds: number,
  signal: AbortSignal
): Promise<void> {
  const endMs = performance.now() + milliseconds
  const run = cluster.run(SEQUENCER)
  while (performance.now() < endMs) {
    if (run.isGateOpen) throw new Error('the gate opened, and should have stayed shut')
    if (!run.isAlive) throw new Error(`the sequencer ended: ${run.failure ?? 'no reason given'}`)
    await systemClock.sleep(20, signal)
  }
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name))
}
