// Fetching, linking and applying a gap: the cost of a block, whatever the length of the gap and of the chain.
import { type Bench, benchLine } from './bench-line.ts'
import { RecoveryCluster, type SequencerStart } from './recovery-cluster.ts'

/** Linear, as measured: a block of a long gap costs no more than one of a short gap. */
const TARGET = 1.25
const SHAPE = { transactionsPerBlock: 10, calldataBytes: 0 }
/** Blocks below every gap. */
const BASE_BLOCKS = 100
const GAPS = [10, 100, 1_000]
/** Below the gap of the last line, which is as long as the middle one. */
const LONG_BASE_BLOCKS = 3_000

/** Each gap is held against the next shorter one; then a gap in a long chain against one in a short chain. */
export const recoverGap: Bench = async function* ({ isSmallest, times }) {
  const gaps = isSmallest ? [2, 4] : GAPS
  const baseBlocks = isSmallest ? 4 : BASE_BLOCKS
  const longBlocks = isSmallest ? 8 : LONG_BASE_BLOCKS
  const [shortest = 1, middle = 1] = gaps
  const short = await prepare(baseBlocks, gaps)
  try {
    const long = await prepare(longBlocks, [middle])
    try {
      const costs = new Map<string, number[]>()
      for (let round = 0; round < times; round++) {
        for (const gap of gaps) add(costs, String(gap), await cost(short, gap))
        add(costs, 'long', await cost(long, middle))
      }
      const line = (size: string, ours: string, baseline: number) =>
        benchLine(
          { bench: 'recover-gap', size, unit: 'ms per block', target: TARGET },
          costs.get(ours) ?? [],
          costs.get(String(baseline)) ?? []
        )
      let shorter = shortest
      for (const gap of gaps.slice(1)) {
        yield line(`${String(gap)} blocks`, String(gap), shorter)
        shorter = gap
      }
      yield line(`${String(middle)} blocks on ${String(longBlocks)}`, 'long', middle)
    } finally {
      await long.close()
    }
  } finally {
    await short.close()
  }
}

/** A cluster with the sequencer's directory kept at each distance from the head. */
async function prepare(baseBlocks: number, gaps: readonly number[]): Promise<RecoveryCluster> {
  const longestFirst = gaps.toSorted((one, other) => other - one)
  const laterBlocks = longestFirst[0] ?? 0
  const cluster = await RecoveryCluster.build({ ...SHAPE, blocksCount: baseBlocks }, laterBlocks)
  for (const [index, gap] of longestFirst.entries()) {
    await cluster.keep(String(gap))
    const blocksCount = gap - (longestFirst[index + 1] ?? 0)
    await cluster.extend({ ...SHAPE, blocksCount }, { isStateKept: true })
  }
  await cluster.startBackups()
  return cluster
}

/** Milliseconds for a block of the gap, of the stages that take its blocks in. */
async function cost(cluster: RecoveryCluster, gap: number): Promise<number> {
  const { recovery }: SequencerStart = await cluster.startSequencer(String(gap))
  const { firstBlock, lastBlock, stages } = recovery
  if (firstBlock === null || lastBlock === null || lastBlock - firstBlock + 1 !== gap) {
    throw new Error(`the gap was not taken: ${JSON.stringify(recovery)}`)
  }
  const elapsedMs = stages
    .filter(({ name }) => name === 'fetch-blocks' || name === 'apply-blocks')
    .reduce((sum, stage) => sum + stage.elapsedMs, 0)
  return elapsedMs / gap
}

function add(costs: Map<string, number[]>, name: string, value: number): void {
  const known = costs.get(name)
  if (known === undefined) costs.set(name, [value])
  else known.push(value)
}
