// A node with nothing takes the state of a recent block from three others, against the same tries built from the same leaves.
import { type Bench, benchLine } from './bench-line.ts'
import { writeNote } from './bench-process.ts'
import { BulkCluster } from './bulk-cluster.ts'

const TARGET = 2
const SERVERS = 3
/** Accounts; a fifth as many slots of one contract come beside them. */
const SIZES = [1_000, 20_000, 100_000]
/** The chain is long enough for a state from peers to be the way. */
const CHAIN = { blocksCount: 160, blockBytes: 1_000 }
const UNIT = 'ms of processor time'

/**
 * From the start of a node's services to the whole state on disk, every range proved; the joiner and its servers do nothing
 * else. The other side has no proofs, no wire and no peers. Processor time of the joiner: its servers are in its way.
 */
export const joinState: Bench = async function* ({ isSmallest, times }) {
  const nodes = isSmallest ? 1 : SERVERS
  for (const accountsCount of isSmallest ? SIZES.slice(0, 1) : SIZES) {
    const cluster = await BulkCluster.start({ ...CHAIN, accountsCount }, { nodes, bare: 0 })
    try {
      const ours: number[] = []
      const built: number[] = []
      while (ours.length < times) {
        const joined = await cluster.join()
        if (joined.state === undefined) throw new Error('no state was taken from peers')
        ours.push(joined.state.cpuMs)
        const local = await cluster.buildState()
        built.push(local.cpuMs)
        writeNote({ bench: 'join-state', accountsCount, ...joined, local })
      }
      const size = `${String(accountsCount)} accounts, ${String(accountsCount / 5)} slots`
      const target = accountsCount === SIZES.at(-1) ? TARGET : null
      yield benchLine({ bench: 'join-state', size, unit: UNIT, target }, ours, built)
    } finally {
      await cluster.close()
    }
  }
}
