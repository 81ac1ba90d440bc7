// A chain with a large state on the disks of a cluster's nodes, and what two of their states differ in.
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex, compareBytes, EMPTY_BYTES, equalBytes } from '../../../src/base/bytes.ts'
import { silentLog } from '../../../src/base/log.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { createYielder } from '../../../src/base/yielder.ts'
import { PLACES } from '../../../src/config/node-directory.ts'
import { readStartInputs } from '../../../src/config/start-inputs.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../../src/net/peer-address.ts'
import { readPeerKey } from '../../../src/net/peer-key.ts'
import { openChainParts } from '../../../src/node/chain-parts.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { STATE_DATABASE, STATE_PREFIX } from '../../../src/store/keys.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import {
  CHAIN_ID,
  type ClusterLayout,
  type NodeLayout,
  writeLayout
} from '../../../devnet/cluster/cluster-layout.ts'
import { copyData } from '../../../devnet/cluster/directory-copies.ts'
import { buildBlocks } from '../../../devnet/harness/build-chain.ts'
import { loadKeys } from '../../../devnet/load/accounts.ts'
import { LARGE_STATE_GAS_LIMIT, type LargeState, largeStateBlocks } from './large-state.ts'
import { say } from '../criterion.ts'

/** What the last blocks have, and those that follow. */
const GAS_LIMIT = 30_000_000n
/** Blocks that are built before the nodes run were due by then. */
const HEAD_AGE_SECONDS = 60
/** One contract in the state has half of all slots, the others so many. */
const SLOTS_EACH = 1_000
const DIFFERENCES_MAX = 10

/** A chain on disk. */
export interface JoinChainOptions {
  readonly directory: string
  readonly backupsCount: number
  readonly blockTimeMs: number
  readonly seed: number
  /** Blocks in all, at least. */
  readonly blocksMin: number
  readonly state: LargeState
}

/** Half of the slots in one contract, the others in small ones. */
export function slotsCountsOf(slotsCount: number): readonly number[] {
  const large = Math.ceil(slotsCount / 2)
  const smallCount = Math.floor((slotsCount - large) / SLOTS_EACH)
  return [large, ...Array.from({ length: smallCount }, () => SLOTS_EACH)].filter((one) => one > 0)
}

/** All nodes but those named hold it, stopped; these have no directory yet. */
export async function buildJoinChain(
  options: JoinChainOptions,
  joiners: readonly string[]
): Promise<ClusterLayout> {
  const { seed, blocksMin, blockTimeMs, state } = options
  const startedMs = performance.now()
  const made = largeStateBlocks(loadKeys(seed)[0]!, BigInt(CHAIN_ID), state)
  const emptyCount = Math.max(1, blocksMin - made.length)
  const ageSeconds =
    Math.ceil(((made.length + emptyCount) * blockTimeMs) / 1_000) + HEAD_AGE_SECONDS
  const layout = await writeLayout({
    ...options,
    setup: { signedRecord: 'on', quorum: 'auto' },
    genesis: { ageSeconds, accountsCount: 0 }
  })
  const [sequencer, ...others] = layout.nodes
  if (sequencer === undefined) throw new Error('the layout has no sequencer')
  const build = async (blocks: readonly (readonly Uint8Array[])[], gasLimit: bigint) => {
    let next = 0
    await buildBlocks(sequencer.configFile, {
      blocksCount: blocks.length,
      isStateKept: true,
      gasLimit,
      open: () => ({ next: () => [...(blocks[next++] ?? [])] }),
      onBlock: ({ number, header: { gasUsed } }) => {
        if (number % 10_000n === 0n) say(`block ${number.toString()}: ${gasUsed.toString()} gas`)
      }
    })
  }
  await build(made, BigInt(LARGE_STATE_GAS_LIMIT))
  await cp(sequencer.dataDir, earlyCopyOf(layout), { recursive: true })
  await build(
    Array.from({ length: emptyCount }, () => []),
    GAS_LIMIT
  )
  for (const { name, dataDir } of others) {
    if (!joiners.includes(name)) await copyData(sequencer.dataDir, dataDir)
  }
  const seconds = Math.round((performance.now() - startedMs) / 1_000)
  say(`built ${String(made.length + emptyCount)} blocks in ${String(seconds)} s`)
  return layout
}

/** What nodes had when the state was large and all empty blocks were still to come. */
export function earlyCopyOf({ directory }: Pick<ClusterLayout, 'directory'>): string {
  return join(directory, 'early')
}

/** Writes the head's state of a stopped node to its disk, which then holds no other. */
export async function settleState({ configFile }: NodeLayout): Promise<number> {
  const sources = { configFile, flags: {}, strayArguments: [], env: {}, cwd: process.cwd() }
  const readers = { parseAdvertised, parseListen, parsePeer, readPeerKey }
  const inputs = await readStartInputs(sources, {}, readers)
  const onStep = () => Promise.resolve()
  const chain = await openChainParts(inputs, { clock: systemClock, log: silentLog, onStep })
  try {
    const { number, hash } = chain.applier.head()
    await chain.stores.state.flushAll(hash)
    return Number(number)
  } finally {
    await chain.stores.close()
  }
}

/** What two stopped nodes' states differ in. */
export interface StateComparison {
  readonly leavesCount: number
  readonly entriesCount: number
  /** The first of them, by their keys. */
  readonly differences: readonly string[]
}

/** Each entry of both states, leaf by leaf and node by node. Codes that only one of them has are no difference: nothing leads to them. */
export async function compareStates(one: string, other: string): Promise<StateComparison> {
  const open = (dataDir: string) =>
    openLevelStore(join(dataDir, PLACES.state), STATE_DATABASE, { mustExist: true })
  const first = await open(one)
  try {
    const second = await open(other)
    try {
      return await compareStores(first, second)
    } finally {
      await second.close()
    }
  } finally {
    await first.close()
  }
}

type Entry = readonly [Uint8Array, Uint8Array]
const NOTHING: Entry = [EMPTY_BYTES, EMPTY_BYTES]

async function compareStores(one: KeyValueStore, other: KeyValueStore): Promise<StateComparison> {
  const differences: string[] = []
  let leavesCount = 0
  let entriesCount = 0
  const yielder = createYielder()
  const differ = (key: Uint8Array, what: string) => {
    if (differences.length < DIFFERENCES_MAX) differences.push(`${bytesToHex(key)} ${what}`)
  }
  for (const prefix of Object.values(STATE_PREFIX)) {
    if (prefix === STATE_PREFIX.code) continue
    const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
    const [left, right] = [entriesOf(one, range), entriesOf(other, range)]
    let [a, b] = [await left.next(), await right.next()]
    while (a.done !== true || b.done !== true) {
      await yielder.maybeYield()
      const order = compareEntries(a.value, b.value)
      const [key, value] = (order <= 0 ? a.value : b.value) ?? NOTHING
      if (order !== 0) differ(key, order < 0 ? 'only in the first' : 'only in the second')
      else if (!equalBytes(value, b.value?.[1] ?? EMPTY_BYTES)) differ(key, 'differs')
      entriesCount += 1
      if (prefix === STATE_PREFIX.account || prefix === STATE_PREFIX.slot) leavesCount += 1
      if (order <= 0) a = await left.next()
      if (order >= 0) b = await right.next()
    }
  }
  return { leavesCount, entriesCount, differences }
}

async function* entriesOf(
  store: KeyValueStore,
  range: { readonly start: Uint8Array; readonly end: Uint8Array }
): AsyncGenerator<Entry, undefined> {
  for await (const [key, value] of store.iterate(range)) yield [key, value]
  return undefined
}

function compareEntries(a: Entry | undefined, b: Entry | undefined): number {
  if (a === undefined) return 1
  return b === undefined ? -1 : compareBytes(a[0], b[0])
}
