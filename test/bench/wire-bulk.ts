// Blocks of a megabyte by blocks_by_range: received, verified, stored, each against a bare stream with the same work.
import { type Bench, benchLine } from './bench-line.ts'
import { type BulkDepth } from './bulk-client.ts'
import { BulkCluster } from './bulk-cluster.ts'

/** Rates against the bare ones; a line's ratio is of times. */
const RATES: readonly (readonly [depth: BulkDepth, rate: number])[] = [
  ['received', 0.8],
  ['verified', 0.95],
  ['stored', 0.7]
]
const BLOCK_BYTES = 1_000_000
const SIZES = [8, 64, 256]

/**
 * From one server, over one connection. Received: ranges against a stream to its end. Verified: the checks of a message
 * beside both. Stored: as accepted blocks with their index, against one synced batch of the messages for each 64.
 * Processor time of the receiver.
 */
export const wireBulk: Bench = async function* ({ isSmallest, times }) {
  for (const blocksCount of isSmallest ? SIZES.slice(0, 1) : SIZES) {
    const shape = { blocksCount, blockBytes: BLOCK_BYTES }
    const cluster = await BulkCluster.start(shape, { nodes: 0, bare: 1 })
    try {
      for (const [depth, rate] of RATES) {
        const ours: number[] = []
        const bare: number[] = []
        while (ours.length < times) {
          ours.push((await cluster.receive({ way: 'ranges', depth })).cpuMs)
          bare.push((await cluster.receive({ way: 'bare', depth })).cpuMs)
        }
        const size = `${String(blocksCount)} blocks of 1 MB, ${depth}`
        const target = blocksCount === SIZES.at(-1) ? 1 / rate : null
        const facts = { bench: 'wire-bulk', size, unit: 'ms of processor time', target }
        yield benchLine(facts, ours, bare)
      }
    } finally {
      await cluster.close()
    }
  }
}
