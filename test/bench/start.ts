// From the start of a process to a node that serves, whatever the length of its chain.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildChain, extendChain } from '../../devnet/harness/build-chain.ts'
import { type NodeLayout, SEQUENCER } from '../../devnet/cluster/cluster-layout.ts'
import { copyData } from '../../devnet/cluster/directory-copies.ts'
import { NODE_ENTRY_FILE } from '../../devnet/cluster/node-process.ts'
import { type Bench, benchLine } from './bench-line.ts'
import { timeStart } from './timed-start.ts'

const TARGET = 1.2
const SEED = 1
/** The baseline's blocks. */
const SHORT_BLOCKS = 100
const SIZES = [1_000, 10_000, 100_000]
const SMALLEST = { short: 5, long: 50 }
const SHAPE = { transactionsPerBlock: 1, calldataBytes: 0 }
/** Slots of the chain lie in the past; short, so that they do not reach far. */
const BLOCK_TIME_MS = 1_000

/** A backup starts on a chain of each length, and on the short one in turn. */
export const start: Bench = async function* ({ isSmallest, times }) {
  const shortBlocks = isSmallest ? SMALLEST.short : SHORT_BLOCKS
  const sizes = isSmallest ? [SMALLEST.long] : SIZES
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
  try {
    const { layout } = await buildChain({
      directory: join(directory, 'cluster'),
      backupsCount: 1,
      blockTimeMs: BLOCK_TIME_MS,
      seed: SEED,
      setup: { signedRecord: 'off', quorum: 'auto' },
      shape: { ...SHAPE, blocksCount: shortBlocks },
      laterBlocks: Math.max(...sizes),
      accountsCount: 0
    })
    const sequencer = layout.nodes.find(({ name }) => name === SEQUENCER)
    const backup = layout.nodes.find((node) => node !== sequencer)
    if (sequencer === undefined || backup === undefined) throw new Error('a node is missing')
    const kept = join(directory, 'short')
    await cp(sequencer.dataDir, kept, { recursive: true })
    let height = shortBlocks
    for (const blocksCount of sizes) {
      const shape = { ...SHAPE, blocksCount: blocksCount - height }
      await extendChain(sequencer.configFile, shape, { seed: SEED, isStateKept: true })
      height = blocksCount
      const ours: number[] = []
      const baseline: number[] = []
      while (ours.length < times) {
        ours.push(await startOn(sequencer.dataDir, backup))
        baseline.push(await startOn(kept, backup))
      }
      const size = `${String(blocksCount)} blocks, ${String(shortBlocks)} beside them`
      yield benchLine({ bench: 'start', size, unit: 'ms', target: TARGET }, ours, baseline)
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Milliseconds until the node says that it is ready, on a copy of the directory. */
async function startOn(dataDir: string, backup: NodeLayout): Promise<number> {
  await copyData(dataDir, backup.dataDir)
  return timeStart(backup, NODE_ENTRY_FILE)
}
