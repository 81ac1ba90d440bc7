// The state of lost layers again: from stored diffs, merged, against executing their blocks once more.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bench, benchLine } from './bench-line.ts'
import { LevelChain } from './level-chain.ts'
import { TransferGenesis, type TransferShape } from './transfer-genesis.ts'

/** A tenth of re-execution. */
const TARGET = 0.1
/** Lost layers. Few of them share few accounts, so that merging saves less: they show how cost grows. */
const SIZES = [8, 32, 128]
/** What stays in memory, and so what a kill loses; the target is for it. */
const TARGET_LAYERS = 128
/** What the target is for. */
const SHAPE: TransferShape = { accountsCount: 10_000, blockTransactions: 200 }
const SMALLEST: TransferShape = { accountsCount: 100, blockTransactions: 10 }

/** Blocks and diffs are on disk, and of the states only that of genesis: what a killed process leaves. */
export const recoverState: Bench = async function* ({ isSmallest, times }) {
  const shape = isSmallest ? SMALLEST : SHAPE
  const transfers = await TransferGenesis.create('transfers', shape)
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
  try {
    for (const layersCount of isSmallest ? SIZES.slice(0, 1) : SIZES) {
      await extendTo(layersCount, directory, transfers)
      const ours: number[] = []
      const baseline: number[] = []
      while (ours.length < times) {
        ours.push(await timed(directory, transfers, fromDiffs))
        baseline.push(await timed(directory, transfers, byExecution))
      }
      const size = `${String(layersCount)} layers of ${String(shape.blockTransactions)} transactions`
      const target = layersCount === TARGET_LAYERS ? TARGET : null
      yield benchLine({ bench: 'recover-state-128', size, unit: 'ms', target }, ours, baseline)
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Makes the chain that long. The states in memory are let go of, as by a kill, when it is closed. */
async function extendTo(
  blocksCount: number,
  directory: string,
  transfers: TransferGenesis
): Promise<void> {
  const chain = await LevelChain.open(directory, transfers.genesis)
  try {
    const first = chain.applier.head().number + 1n
    if (first > 1n) await byExecution(chain)
    for (let number = first; number <= BigInt(blocksCount); number++) {
      await chain.build(transfers.nextTransactions())
    }
  } finally {
    await chain.close()
  }
}

/** Milliseconds until the head's state is there again, in a process that has just opened its stores. */
async function timed(
  directory: string,
  { genesis }: TransferGenesis,
  rebuild: (chain: LevelChain) => Promise<void>
): Promise<number> {
  const chain = await LevelChain.open(directory, genesis)
  try {
    const { hash, stateRoot } = chain.applier.head()
    const { state } = chain.stores
    assert.equal(state.isReadable(hash), false, 'the state is lost')
    const startMs = performance.now()
    await rebuild(chain)
    const elapsedMs = performance.now() - startMs
    assert.equal(state.view(hash)?.root, stateRoot, 'the state is there')
    return elapsedMs
  } finally {
    await chain.close()
  }
}

async function fromDiffs({ stores, applier }: LevelChain): Promise<void> {
  await applier.replayDiffs({
    from: stores.genesis,
    to: applier.head().number,
    signal: new AbortController().signal
  })
}

async function byExecution({ applier }: LevelChain): Promise<void> {
  for (let number = 1n; number <= applier.head().number; number++) await applier.replay(number)
}
