// One look at a running cluster from outside: chains, heads and balances by JSON-RPC, with the sequencer held still.
import { type Hex } from '../../src/base/bytes.ts'
import { type CheckResult, type ScenarioReport } from '../cluster/report.ts'
import {
  checkAnnouncedKept,
  checkBuiltOnN,
  checkHeadsEqual,
  checkStateRoots
} from '../checks/checks.ts'
import { type Cluster } from '../cluster/cluster.ts'
import { SEQUENCER } from '../cluster/cluster-layout.ts'
import { describeError, orAbort, waitUntil } from '../cluster/condition.ts'
import { holdSequencer } from './harness.ts'
import { type TransferLoad } from '../load/transfer-load.ts'
import { readBlock, readChain, type RpcBlock } from '../cluster/rpc-client.ts'
import { type LostBlock } from '../scenarios/scenario.ts'

/** How long backups may take to have the block that the sequencer stands at. */
const SETTLE_TIMEOUT_MS = 30_000

/** What one look found. */
export interface Findings {
  readonly checks: readonly CheckResult[]
  readonly heads: ScenarioReport['heads']
}

/** What there is to look at. */
export interface LookOptions {
  readonly lost: LostBlock | undefined
  /** What an operator gave up by name. */
  readonly setAside: readonly Hex[]
  /** Undefined where it was never deployed: then balances cannot be compared, and their check fails. */
  readonly load: TransferLoad | undefined
  readonly signal: AbortSignal
}

/** Looks at all nodes that run. What keeps it from seeing one is found by the checks; rejects when aborted. */
export async function lookAt(cluster: Cluster, options: LookOptions): Promise<Findings> {
  const { lost, setAside, load, signal } = options
  const names = cluster.names.filter((name) => cluster.isAlive(name))
  const sequencer = names.includes(SEQUENCER) ? cluster.run(SEQUENCER) : undefined
  try {
    if (sequencer?.isGateOpen === true) {
      await attempt(cluster, orAbort(holdSequencer(cluster, 'head-set'), signal))
    }
    await attempt(cluster, untilSettled(cluster, names, signal))
    for (const name of names) await attempt(cluster, cluster.tip(name))
    const announced = cluster.signed.announced()
    const chains = await readChains(cluster, names)
    const balances = await readBalances(cluster, chains, load)
    const heads = [...chains].flatMap(([name, chain]) => {
      const head = chain.get(Math.max(...chain.keys()))
      return head === undefined ? [] : [[name, { number: head.number, hash: head.hash }] as const]
    })
    const checks = [
      checkAnnouncedKept(announced, chains, lost, setAside),
      checkBuiltOnN(lost, chains),
      checkHeadsEqual(chains),
      checkStateRoots(chains, balances)
    ]
    return { checks, heads: Object.fromEntries(heads) }
  } finally {
    sequencer?.process.release()
  }
}

/** Waits until every node has the same head. Branches that differ stay apart: a backup keeps what it accepted first. */
async function untilSettled(
  cluster: Cluster,
  names: readonly string[],
  signal: AbortSignal
): Promise<void> {
  const what = 'all nodes have one head'
  const urls = names.map((name) => cluster.node(name).rpcUrl)
  await waitUntil({ what, timeoutMs: SETTLE_TIMEOUT_MS, signal }, async () => {
    const heads = await Promise.all(urls.map((url) => readBlock(url, 'latest')))
    if (new Set(heads.map((head) => head?.hash)).size <= 1) return { done: true }
    const lowest = Math.min(...heads.map((head) => head?.number ?? 0))
    const shared = await Promise.all(urls.map((url) => readBlock(url, lowest)))
    if (new Set(shared.map((block) => block?.hash)).size > 1) {
      return { never: `they differ at height ${String(lowest)}` }
    }
    return { instead: names.map((name, at) => `${name} ${String(heads[at]?.number)}`).join(', ') }
  })
}

async function readChains(
  cluster: Cluster,
  names: readonly string[]
): Promise<ReadonlyMap<string, ReadonlyMap<number, RpcBlock>>> {
  const chains = new Map<string, ReadonlyMap<number, RpcBlock>>()
  await Promise.all(
    names.map(async (name) => {
      const chain = await attempt(cluster, readChain(cluster.node(name).rpcUrl))
      if (chain !== undefined) chains.set(name, chain)
    })
  )
  return chains
}

/** At the highest block that every node has. */
async function readBalances(
  cluster: Cluster,
  chains: ReadonlyMap<string, ReadonlyMap<number, RpcBlock>>,
  load: TransferLoad | undefined
): Promise<ReadonlyMap<string, string>> {
  const balances = new Map<string, string>()
  const number = Math.min(...[...chains.values()].map((chain) => Math.max(...chain.keys())))
  for (const name of load === undefined ? [] : chains.keys()) {
    const sums = load?.balances(cluster.node(name).rpcUrl, BigInt(number))
    const text = sums && (await attempt(cluster, sums))
    if (text !== undefined) balances.set(name, text)
  }
  return balances
}

/** What cannot be seen is in the timeline, and missing where the checks look for it. */
async function attempt<T>(cluster: Cluster, seen: Promise<T>): Promise<T | undefined> {
  try {
    return await seen
  } catch (thrown) {
    cluster.timeline.add('observer', 'not-seen', { reason: describeError(thrown) })
    return undefined
  }
}
