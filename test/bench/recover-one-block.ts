// From process start to open gate with the last block lost, against the same with nothing lost.
import { type Bench, benchLine } from './bench-line.ts'
import { RecoveryCluster } from './recovery-cluster.ts'

const TARGET = 1.15
/** Blocks below the lost one, and the transactions of each; the target is for 200. */
const SIZES = [50, 200, 800].map((transactionsPerBlock) => ({
  blocksCount: 20,
  transactionsPerBlock
}))
const SMALLEST = { blocksCount: 4, transactionsPerBlock: 5 }

/** Record on, three backups; the process was killed, so the last block's state is lost in both cases. */
export const recoverOneBlock: Bench = async function* ({ isSmallest, times }) {
  for (const size of isSmallest ? [SMALLEST] : SIZES) {
    const shape = { ...size, calldataBytes: 0 }
    const cluster = await RecoveryCluster.build(shape, 1)
    try {
      await cluster.keep('behind')
      await cluster.extend({ ...shape, blocksCount: 1 }, { isStateKept: false })
      await cluster.keep('level')
      await cluster.startBackups()
      const ours: number[] = []
      const baseline: number[] = []
      while (ours.length < times) {
        const behind = await cluster.startSequencer('behind')
        if (behind.recovery.lastBlock !== size.blocksCount + 1) {
          throw new Error(`the lost block was not taken: ${JSON.stringify(behind.recovery)}`)
        }
        ours.push(behind.startToGateMs)
        const level = await cluster.startSequencer('level')
        baseline.push(level.startToGateMs)
      }
      const words = `${String(size.transactionsPerBlock)} transactions`
      const facts = { bench: 'recover-one-block', size: words, unit: 'ms', target: TARGET }
      yield benchLine(facts, ours, baseline)
    } finally {
      await cluster.close()
    }
  }
}
