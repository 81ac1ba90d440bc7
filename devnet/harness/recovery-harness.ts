// What scenarios of a whole recovery do and see, done to a cluster.
import { systemClock } from '../../src/base/clock.ts'
import { type Cluster } from '../cluster/cluster.ts'
import { SEQUENCER } from '../cluster/cluster-layout.ts'
import { type Look, waitUntil } from '../cluster/condition.ts'
import {
  removeRecord,
  restoreDataDirectory,
  saveDataDirectory
} from '../cluster/directory-copies.ts'
import { readLogFaults } from '../cluster/log-faults.ts'
import { chooseBranch, readConflict, startSequencing } from '../cluster/operator.ts'
import { readOldestBlock, readStages } from '../cluster/recovery-words.ts'
import { EMPTY_RECOVERY } from '../cluster/report.ts'
import { readBlock, type TimedBlock } from '../cluster/rpc-client.ts'
import { type HeardAge, type RecoveryActions } from '../scenarios/recovery-actions.ts'

/** A stage may have to wait for its deadlines: rounds of asking, slow peers. */
const STAGE_TIMEOUT_MS = 60_000
/** Filling a thousand missed slots takes a busy machine so long. */
const CATCH_UP_TIMEOUT_MS = 180_000
/** The present slot and the one before: a block under way is no lag. */
const CAUGHT_UP_SLOTS = 3

/** Actions on this cluster; they reject with the signal's reason when it aborts. */
export function createRecoveryActions(
  cluster: Cluster,
  { signal, seed }: { readonly signal: AbortSignal; readonly seed: number }
): RecoveryActions {
  const { layout, timeline } = cluster
  const { blockTimeMs } = layout
  const processOf = (node: string) => cluster.run(node).process
  const urlOf = (node: string) => cluster.node(node).rpcUrl
  const blocks = async (first: number, last: number) => readBlocks(urlOf(SEQUENCER), first, last)
  return {
    ...createFileActions(cluster),
    ...createJoinActions(cluster, signal),
    async startSequencing(hash) {
      const refusal = await startSequencing(cluster.node(SEQUENCER), hash)
      timeline.add(SEQUENCER, 'sequencing-asked-for', { hash, refusal: refusal ?? null })
      return refusal
    },
    blockTimeMs,
    seed,
    blocks,
    stop: (node) => cluster.stop(node),
    async killAll(nodes) {
      await Promise.all(nodes.map((node) => cluster.kill(node)))
    },
    async untilHeldAt(stage) {
      const what = `the sequencer's recovery is held at ${stage}`
      await waitUntil({ what, timeoutMs: STAGE_TIMEOUT_MS, signal }, () => {
        const { heldStage, isAlive, failure } = cluster.run(SEQUENCER)
        if (!isAlive) return { never: `it ended: ${failure ?? 'no reason given'}` }
        return heldStage === stage ? { done: true } : { instead: 'it goes on' }
      })
    },
    async suspend(node) {
      processOf(node).suspend()
      timeline.add(node, 'suspended')
    },
    async resume(node) {
      processOf(node).resume()
      timeline.add(node, 'resumed')
    },
    async setClock(node, offsetMs) {
      processOf(node).setClock(offsetMs)
      timeline.add(node, 'clock-set', { offsetMs })
    },
    async slow(node, slowness) {
      cluster.slow(node, slowness)
    },
    passTime: (milliseconds) => systemClock.sleep(milliseconds, signal),
    async untilCaughtUp() {
      const what = 'the sequencer fills the missed slots'
      await waitUntil({ what, timeoutMs: CATCH_UP_TIMEOUT_MS, signal }, () =>
        lookForPresent(urlOf(SEQUENCER), blockTimeMs)
      )
    },
    async untilHead(node, number) {
      const what = `${node} has block ${String(number)}`
      await waitUntil({ what, timeoutMs: CATCH_UP_TIMEOUT_MS, signal }, async () => {
        const head = await readHead(urlOf(node))
        return head.number >= number ? { done: true } : { instead: String(head.number) }
      })
    },
    place: (node) => cluster.node(node),
    until: (what, look) => untilFound({ what, look }, signal),
    head: (node) => readHead(urlOf(node)),
    recovery: () => cluster.run(SEQUENCER).recovery ?? EMPTY_RECOVERY,
    heard: async (first, last) => heardAges(cluster, await blocks(first, last)),
    blamed: () => findBlamed(cluster)
  }
}

/** What is seen of a node that joined further up. */
function createJoinActions(
  cluster: Cluster,
  signal: AbortSignal
): Pick<RecoveryActions, 'untilHistory' | 'stages'> {
  const urlOf = (node: string) => cluster.node(node).rpcUrl
  return {
    async untilHistory(node) {
      const what = `${node} has all blocks down to the first`
      await waitUntil({ what, timeoutMs: CATCH_UP_TIMEOUT_MS, signal }, async () => {
        const oldest = await readOldestBlock(urlOf(node))
        return oldest === undefined ? { done: true } : { instead: `block ${oldest} is the oldest` }
      })
    },
    stages: (node) => readStages(urlOf(node))
  }
}

/** What an operator does to the files of nodes that are down. */
function createFileActions(
  cluster: Cluster
): Pick<RecoveryActions, 'saveData' | 'restoreData' | 'loseRecord' | 'conflict' | 'chooseBranch'> {
  const { layout, timeline } = cluster
  return {
    async saveData(node, label) {
      await saveDataDirectory(layout, cluster.node(node), label)
      timeline.add(node, 'data-saved', { label })
    },
    async restoreData(node, label, owner = node) {
      await restoreDataDirectory(layout, cluster.node(node), { owner: { name: owner }, label })
      timeline.add(node, 'data-restored', { label, owner })
    },
    conflict: () => readConflict(cluster.node(SEQUENCER).rpcUrl),
    async chooseBranch(branch, other) {
      const choice = await chooseBranch(cluster.node(SEQUENCER), { branch, other })
      timeline.add(SEQUENCER, 'branch-chosen', { branch, other, ...choice })
      return choice
    },
    async loseRecord() {
      await removeRecord(cluster.node(SEQUENCER))
      timeline.add(SEQUENCER, 'record-lost')
    }
  }
}

async function untilFound<T>(
  { what, look }: { readonly what: string; readonly look: () => Promise<T | undefined> },
  signal: AbortSignal
): Promise<T> {
  return waitUntil({ what, timeoutMs: STAGE_TIMEOUT_MS, signal }, async () => {
    const found = await look()
    return found === undefined ? { instead: 'nothing' } : { done: found }
  })
}

async function readHead(url: string): Promise<TimedBlock> {
  const head = await readBlock(url, 'latest')
  if (head === undefined) throw new Error(`${url} has no head`)
  return head
}

async function readBlocks(
  url: string,
  first: number,
  last: number
): Promise<readonly TimedBlock[]> {
  const blocks: TimedBlock[] = []
  for (let number = first; number <= last; number++) {
    const block = await readBlock(url, number)
    if (block === undefined) throw new Error(`${url} has no block ${String(number)}`)
    blocks.push(block)
  }
  return blocks
}

async function lookForPresent(url: string, blockTimeMs: number): Promise<Look<true>> {
  const { number, timestamp } = await readHead(url)
  const behindMs = systemClock.nowMs() - 1_000 * timestamp
  if (behindMs < CAUGHT_UP_SLOTS * blockTimeMs + 1_000) return { done: true }
  return { instead: `block ${String(number)} is ${String(Math.round(behindMs))} ms old` }
}

function heardAges({ heardAtMs }: Cluster, blocks: readonly TimedBlock[]): readonly HeardAge[] {
  return blocks.flatMap(({ number, timestamp }) => {
    const heardMs = heardAtMs.get(number)
    return heardMs === undefined ? [] : [{ number, ageMs: heardMs - 1_000 * timestamp }]
  })
}

async function findBlamed(cluster: Cluster): Promise<readonly string[]> {
  const faults = await Promise.all(
    cluster.layout.nodes.map(async ({ name, logFile }) =>
      (await readLogFaults(logFile)).map(({ event, peer }) => {
        const node = cluster.layout.nodes.find(({ peerId }) => peerId === peer)?.name ?? peer
        return `${name}: ${event} ${node ?? ''}`
      })
    )
  )
  const rejections = cluster.rejections.map(
    ({ reason, from }) => `observer: rejected ${from}: ${reason}`
  )
  return [...faults.flat(), ...rejections]
}
