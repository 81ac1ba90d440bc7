// The importing process: how long blocks of ERC-20 transfers hold its event loop, and whether a flush makes them wait.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Block } from '../../src/chain/blocks/block.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../src/net/peer-address.ts'
import { readPeerKey } from '../../src/net/peer-key.ts'
import { type ChainParts, openChainParts } from '../../src/node/chain-parts.ts'
import { readStartInputs } from '../../src/config/start-inputs.ts'
import { createValuePacker } from '../../src/state/pack-values.ts'
import { type StateStore } from '../../src/state/state-store.ts'
import { writeLayout } from '../../devnet/cluster/cluster-layout.ts'
import { loadKeys } from '../../devnet/load/accounts.ts'
import { type Criterion } from './criterion.ts'
import { buildTokenBlocks } from './token-blocks.ts'

const TRANSFERS_PER_BLOCK = 200
/** Enough for a few full buffers, and for as many blocks beside their flushes. */
const BLOCKS = 150
/** The deployment and the shares, what the compiler has not seen yet, and what building left to collect. */
const WARM_UP_BLOCKS = 20
/** What every block's layer is given on top, so that so few blocks fill a buffer of the size that a node has. */
const FILLING_ENTRIES = 6_500
/** About as long as a trie node. */
const FILLING_VALUE_BYTES = 110
const DELAY_P99_MAX_MS = 50
/** A block may take so many times as long while a flush runs: it shares one core with it. */
const SLOWER_MAX = 1.5
/** And the slowest of them so many times as long as the slow ones (p99) beside: none may wait for the flush. */
const SLOWEST_MAX = 2
const PAUSE_MS = 5
const ACCOUNTS = 20_000

interface Import {
  readonly elapsedMs: number
  /** True when LevelDB was taking a full buffer meanwhile. */
  readonly isDuringFlush: boolean
}

/** Builds the blocks in one data directory and imports them into another one. */
export async function measureImport({
  seed
}: {
  readonly seed: number
}): Promise<readonly Criterion[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-import-'))
  try {
    const layout = await writeLayout({
      directory: join(directory, 'cluster'),
      backupsCount: 1,
      blockTimeMs: 1_000,
      seed,
      setup: { signedRecord: 'off', quorum: 'auto' },
      genesis: { ageSeconds: 10 * BLOCKS, accountsCount: ACCOUNTS }
    })
    const { configFile } = layout.nodes[1]!
    const building = await openAt(configFile, join(directory, 'built'))
    const blocks = await buildTokenBlocks(building, {
      blocksCount: BLOCKS,
      transfersPerBlock: TRANSFERS_PER_BLOCK,
      chainId: layout.chainId,
      keys: loadKeys(seed)
    })
    await building.stores.close()
    return await importAll(await openAt(configFile, join(directory, 'imported')), blocks)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function openAt(configFile: string, dataDir: string): Promise<ChainParts> {
  const sources = {
    configFile,
    flags: { dataDir },
    strayArguments: [],
    env: {},
    cwd: process.cwd()
  }
  const inputs = await readStartInputs(
    sources,
    {},
    { parseAdvertised, parseListen, parsePeer, readPeerKey }
  )
  return openChainParts(inputs, {
    clock: systemClock,
    log: silentLog,
    onStep: () => Promise.resolve(),
    stateLimits: { diffLayersMax: 2 }
  })
}

async function importAll(
  chain: ChainParts,
  blocks: readonly Block[]
): Promise<readonly Criterion[]> {
  const { state } = chain.stores
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const imports: Import[] = []
  let fullBytes = 0
  for (const block of blocks) {
    const isFlushing = () => state.flushProgress !== undefined
    const wasFlushing = isFlushing()
    delay.enable()
    const startedMs = performance.now()
    await chain.applier.apply(block)
    const elapsedMs = performance.now() - startedMs
    await sleep(PAUSE_MS)
    delay.disable()
    imports.push({ elapsedMs, isDuringFlush: wasFlushing || isFlushing() })
    fullBytes = Math.max(fullBytes, state.bufferedBytes)
    fill(state, block.number)
  }
  await chain.stores.state.idle()
  await chain.stores.close()
  const timesOf = (isMeant: boolean) =>
    imports
      .slice(WARM_UP_BLOCKS)
      .filter(({ isDuringFlush }) => isDuringFlush === isMeant)
      .map(({ elapsedMs }) => elapsedMs)
      .sort((a, b) => a - b)
  return [delayCriterion(delay), ...flushCriteria(timesOf(true), timesOf(false), fullBytes)]
}

/** Flat entries of accounts that no trie knows, in the newest layer, packed as a layer's values are. */
function fill(state: StateStore, number: bigint): void {
  const newest = [...state.layers()].at(-1)
  const entries = newest?.content.entries as Map<string, Uint8Array> | undefined
  const packer = createValuePacker(FILLING_ENTRIES * FILLING_VALUE_BYTES)
  const value = new Uint8Array(FILLING_VALUE_BYTES).fill(1)
  for (let count = 0; count < FILLING_ENTRIES; count++) {
    const key = `A${String(number)}/${String(count)}`.padEnd(33, '.')
    entries?.set(key, packer.pack(value))
  }
}

function delayCriterion(delay: ReturnType<typeof monitorEventLoopDelay>): Criterion {
  const p99Ms = delay.percentile(99) / 1e6
  return {
    criterion: `state: event-loop delay p99 in ms, importing blocks of ${String(TRANSFERS_PER_BLOCK)} ERC-20 transfers`,
    ok: p99Ms <= DELAY_P99_MAX_MS,
    value: { p99: round(p99Ms), max: round(delay.max / 1e6), samples: delay.count },
    limit: DELAY_P99_MAX_MS
  }
}

/** Times in ascending order. */
function flushCriteria(
  during: readonly number[],
  beside: readonly number[],
  bufferBytes: number
): readonly Criterion[] {
  const ratio = rank(during, 0.5) / rank(beside, 0.5)
  const slowest = rank(during, 1) / rank(beside, 0.99)
  return [
    {
      criterion: 'state: a block while a full buffer is flushed, as a multiple of one beside',
      ok: ratio <= SLOWER_MAX,
      value: { ratio: round(ratio), during: marks(during), beside: marks(beside), bufferBytes },
      limit: SLOWER_MAX
    },
    {
      criterion:
        'state: the slowest block while a full buffer is flushed, as a multiple of p99 beside',
      ok: slowest <= SLOWEST_MAX,
      value: { slowest: round(slowest), slowestMs: during.slice(-5).map(round) },
      limit: SLOWEST_MAX
    }
  ]
}

/** In ms; of nothing there are none, and what is computed of them meets no limit. */
function marks(ascending: readonly number[]) {
  const [median, p99, max] = [0.5, 0.99, 1].map((share) => round(rank(ascending, share)))
  return { blocks: ascending.length, median, p99, max }
}

/** The nearest rank. */
function rank(ascending: readonly number[], share: number): number {
  return ascending[Math.ceil(share * ascending.length) - 1] ?? NaN
}

function round(value: number): number {
  return Math.round(100 * value) / 100
}
