// Whole nodes in processes of their own: some hold a chain and serve it, one begins with nothing and joins.
import { join } from 'node:path'
import { boundHeapGrowth } from '../../src/base/heap-growth.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { createNode } from '../../src/node/node.ts'
import { type StepEvent } from '../../src/node/step-events.ts'
import { parsePeer } from '../../src/net/peer-address.ts'
import { readPeerKey } from '../../src/net/peer-key.ts'
import { liveConfig } from '../support/live-config.ts'
import { inputEnds, usedSoFar, writeAnswer } from './bench-process.ts'
import { bulkGenesis } from './bulk-chain.ts'

/** One node: its directory, the file of its peer key, and the multiaddrs of those that it knows. */
export interface BulkNodeSpec extends Readonly<Record<string, unknown>> {
  readonly dataDir: string
  readonly peerKeyFile: string
  readonly peers: readonly string[]
  /** Of the genesis. */
  readonly accountsCount: number
}

/** What joining took. */
export interface Joined {
  /** From the start of the node's services to its head at the last block, and all blocks below it. */
  readonly elapsedMs: number
  /** The same in processor time of the whole process. */
  readonly cpuMs: number
  /** The most that was resident, in MiB. */
  readonly residentMiB: number
  /** Where the time went: what passed up to the end of each stage of recovery, in milliseconds. */
  readonly stages: Readonly<Record<string, number>>
  /** The same up to a whole state from peers; undefined where none was taken. */
  readonly state: { readonly elapsedMs: number; readonly cpuMs: number } | undefined
}

/** Serves what is in the directory until its input ends. Answers with its multiaddr. */
export async function serveBulk(spec: BulkNodeSpec): Promise<void> {
  const node = await openNode(spec, silentLog, () => undefined)
  const stop = new AbortController()
  const life = node.run(stop.signal)
  writeAnswer({ multiaddr: node.multiaddrs()[0] })
  await inputEnds()
  stop.abort()
  await life
}

/** Joins with what the directory has, up to a height. Answers with Joined. */
export async function joinBulk({
  height,
  ...spec
}: BulkNodeSpec & { readonly height: number }): Promise<void> {
  const arrived = Promise.withResolvers<undefined>()
  const isThere = { head: false, history: true }
  const look = () => {
    if (isThere.head && isThere.history) arrived.resolve(undefined)
  }
  // One that takes a state begins at its block; those below it count as well.
  const log: Log = {
    ...silentLog,
    info(event, fields) {
      if (event === 'state-fetched') {
        isThere.history = false
        const cpuMs = usedSoFar().cpuMs - before.cpuMs
        state = { elapsedMs: performance.now() - startedMs, cpuMs }
      }
      if (event === 'history-filled' && fields?.first === 1n) isThere.history = true
      look()
    }
  }
  const stages: Record<string, number> = {}
  let state: Joined['state']
  let before = usedSoFar()
  let startedMs = 0
  let endedMs = 0
  const note = (stage: string) => {
    const nowMs = performance.now() - startedMs
    stages[stage] = (stages[stage] ?? 0) + nowMs - endedMs
    endedMs = nowMs
  }
  const node = await openNode(spec, log, (event) => {
    if (event.step === 'recovery-stage') note(event.stage)
    if (event.step === 'head-set' && Number(event.block.number) >= height) isThere.head = true
    look()
  })
  const stop = new AbortController()
  before = usedSoFar()
  startedMs = performance.now()
  const life = node.run(stop.signal)
  await arrived.promise
  note('end')
  const [elapsedMs, after] = [performance.now() - startedMs, usedSoFar()]
  const { residentMiB } = after
  writeAnswer({ elapsedMs, cpuMs: after.cpuMs - before.cpuMs, residentMiB, stages, state })
  stop.abort()
  await life
}

async function openNode(
  { dataDir, peerKeyFile, peers, accountsCount }: BulkNodeSpec,
  log: Log,
  onStep: (event: StepEvent) => void
) {
  boundHeapGrowth() // as the command does for a node
  const genesis = bulkGenesis(accountsCount)
  const { signers, blockTimeMs } = genesis.config
  const config = liveConfig({
    role: 'backup',
    dataDir,
    genesisFile: join(dataDir, 'genesis.json'),
    listen: '/ip4/127.0.0.1/tcp/0',
    signer: undefined,
    history: 'all',
    peers: peers.map(parsePeer)
  })
  const peerKey = await readPeerKey(peerKeyFile)
  const inputs = { config, genesis, peerKey, adminToken: undefined, signers, blockTimeMs }
  return createNode(
    inputs,
    { log },
    {
      async onStep(event) {
        onStep(event)
      }
    }
  )
}
