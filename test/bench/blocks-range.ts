// An empty backup catches up from three others: against the bare path of the same bytes, and against payload_by_number.
import { type Bench, benchLine } from './bench-line.ts'
import { BulkCluster } from './bulk-cluster.ts'
import { writeNote } from './bench-process.ts'

/** Half of the bare path's rate. */
const TARGET_BARE = 2
/** Three times the rate of payload_by_number. */
const TARGET_PAYLOADS = 1 / 3
const SERVERS = 3
const BLOCK_BYTES = 10_000
const SIZES = [160, 2_000, 10_000]
const UNIT = 'ms of processor time'

/**
 * Blocks verified and stored with their receipts, in a whole node, which takes the state of a recent block from its peers
 * and the older blocks behind it: no state is made by diffs, but of blocks that come meanwhile. The bare path: their
 * messages over one stream, signatures recovered, one synced batch for each 64. By payload_by_number: no rate limit, 16 in
 * flight over the same three, hashes checked, batches as there. Processor time of the receiver: on two processors its
 * servers are in its way.
 */
export const blocksRange: Bench = async function* ({ isSmallest, times }) {
  const servers = isSmallest ? 1 : SERVERS
  for (const blocksCount of isSmallest ? SIZES.slice(0, 1) : SIZES) {
    const shape = { blocksCount, blockBytes: BLOCK_BYTES }
    const cluster = await BulkCluster.start(shape, { nodes: servers, bare: servers })
    try {
      const ours: number[] = []
      const bare: number[] = []
      const payloads: number[] = []
      while (ours.length < times) {
        const joined = await cluster.join()
        ours.push(joined.cpuMs)
        writeNote({ bench: 'blocks-range', blocksCount, ...joined })
        bare.push((await cluster.receive({ way: 'bare', depth: 'recovered-and-stored' }, 1)).cpuMs)
        payloads.push((await cluster.receive({ way: 'payloads', depth: 'stored' })).cpuMs)
      }
      const facts = { bench: 'blocks-range', unit: UNIT }
      const size = `${String(blocksCount)} blocks of 10 KB`
      const isCounted = blocksCount === SIZES.at(-1)
      const target = (value: number) => (isCounted ? value : null)
      yield benchLine({ ...facts, size, target: target(TARGET_BARE) }, ours, bare)
      yield benchLine(
        { ...facts, size: `${size}, by payload_by_number`, target: target(TARGET_PAYLOADS) },
        ours,
        payloads
      )
    } finally {
      await cluster.close()
    }
  }
}
