// The importing process: how long blocks of ERC-20 transfers hold its event loop, and whether a flush makes them wait.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Block } from '../../src/chain/block.ts'
import { parseListen, parsePeer } from '../../src/net/peer-address.ts'
import { readPeerKey } from '../../src/net/peer-key.ts'
import { type ChainParts, openChainParts } from '../../src/node/chain-parts.ts'
import { readStartInputs } from '../../src/node/start-inputs.ts'
import { STATE_DEFAULTS, type StateStore } from '../../src/state/state-store.ts'
import { writeLayout } from '../../devnet/cluster-layout.ts'
import { loadKeys } from '../../devnet/load/accounts.ts'
import { type Criterion } from './criterion.ts'
import { buildTokenBlocks } from './token-blocks.ts'

const TRANSFERS_PER_BLOCK = 200
/** The buffer is full after about two thirds of them. */
const BLOCKS = 75
/** What every block's layer is given on top, so that so few blocks fill a buffer of the size that a node has. */
const FILLING_BYTES = 1.3 * 2 ** 20
const FILLING_VALUE_BYTES = 64
const DELAY_P99_MAX_MS = 50
/** A block may take so many times as long while a flush runs: it shares one core with it. */
const SLOWER_MAX = 1.5
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
  const inputs = await readStartInputs(sources, {}, { parseListen, parsePeer, readPeerKey })
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
  const { writeBufferMaxBytes } = STATE_DEFAULTS
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const imports: Import[] = []
  let flushedFrom: bigint | undefined
  let fullBytes = 0
  for (const block of blocks) {
    delay.enable()
    const startedMs = performance.now()
    await chain.applier.apply(block)
    const elapsedMs = performance.now() - startedMs
    await sleep(PAUSE_MS)
    delay.disable()
    const persisted = state.persistedPoint()?.number
    const isDuringFlush = flushedFrom !== undefined && flushedFrom === persisted
    imports.push({ elapsedMs, isDuringFlush })
    fullBytes = Math.max(fullBytes, state.bufferedBytes)
    if (flushedFrom === undefined && state.bufferedBytes >= writeBufferMaxBytes) {
      flushedFrom = persisted
    }
    if (flushedFrom === undefined) fill(state, block.number)
  }
  const last = state.persistedPoint()?.number ?? 0n
  await chain.stores.state.idle()
  await chain.stores.close()
  const timesOf = (isMeant: boolean) =>
    imports
      .slice(1) // the deployment
      .filter(({ isDuringFlush }) => isDuringFlush === isMeant)
      .map(({ elapsedMs }) => elapsedMs)
  return toCriteria({
    during: timesOf(true),
    beside: timesOf(false),
    isFlushed: last > 0n,
    fullBytes,
    delay
  })
}

/** Flat entries of accounts that no trie knows, in the newest layer. */
function fill(state: StateStore, number: bigint): void {
  const newest = [...state.layers()].at(-1)
  const entries = newest?.content.entries as Map<string, Uint8Array> | undefined
  const value = new Uint8Array(FILLING_VALUE_BYTES).fill(1)
  for (let count = 0; count * 2 * FILLING_VALUE_BYTES < FILLING_BYTES; count++) {
    entries?.set(`A${String(number)}/${String(count)}`.padEnd(33, '.'), value)
  }
}

function toCriteria({
  during,
  beside,
  isFlushed,
  fullBytes,
  delay
}: {
  readonly during: readonly number[]
  readonly beside: readonly number[]
  readonly isFlushed: boolean
  readonly fullBytes: number
  readonly delay: ReturnType<typeof monitorEventLoopDelay>
}): readonly Criterion[] {
  const p99Ms = delay.percentile(99) / 1e6
  const ratio = median(during) / median(beside)
  return [
    {
      criterion: `state: event-loop delay p99 in ms, importing blocks of ${String(TRANSFERS_PER_BLOCK)} ERC-20 transfers`,
      ok: p99Ms <= DELAY_P99_MAX_MS,
      value: { p99: round(p99Ms), max: round(delay.max / 1e6), samples: delay.count },
      limit: DELAY_P99_MAX_MS
    },
    {
      criterion: 'state: a block while a full buffer is flushed, as a multiple of one beside',
      ok: isFlushed && during.length > 0 && ratio <= SLOWER_MAX,
      value: {
        ratio: round(ratio),
        duringMs: during.map(round),
        besideMs: round(median(beside)),
        bufferBytes: fullBytes
      },
      limit: SLOWER_MAX
    }
  ]
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN
}

function round(value: number): number {
  return Math.round(100 * value) / 100
}
