// Resident memory of a backup that joins: bounded, and no more for a long chain than for a short one.
import { type Bench, benchLine } from './bench-line.ts'
import { writeNote } from './bench-process.ts'
import { BulkCluster } from './bulk-cluster.ts'

/** What the whole process may take, in MiB. */
const RECEIVING_MAX_MIB = 300
const SERVERS = 3
const BLOCK_BYTES = 10_000
const SIZES = [160, 2_000, 10_000]

/** The most that was resident up to the last block; the baseline is the bound. */
export const receivingMemory: Bench = async function* ({ isSmallest, times }) {
  const nodes = isSmallest ? 1 : SERVERS
  for (const blocksCount of isSmallest ? SIZES.slice(0, 1) : SIZES) {
    const shape = { blocksCount, blockBytes: BLOCK_BYTES }
    const cluster = await BulkCluster.start(shape, { nodes, bare: 0 })
    try {
      const ours: number[] = []
      while (ours.length < times) {
        const joined = await cluster.join()
        ours.push(joined.residentMiB)
        writeNote({ bench: 'memory', blocksCount, ...joined })
      }
      const size = `receiving ${String(blocksCount)} blocks of 10 KB`
      const facts = { bench: 'memory', size, unit: 'MiB', target: 1 }
      yield benchLine(facts, ours, [RECEIVING_MAX_MIB])
    } finally {
      await cluster.close()
    }
  }
}
