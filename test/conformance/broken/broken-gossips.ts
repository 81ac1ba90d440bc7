// Nodes that break one rule of gossip.
import { decompressBlock } from '../../../protocols/snappy-block.ts'
import { type BrokenNode } from './broken-node.ts'
import { sha256 } from './fake-gossip.ts'

/** Each breaks the rule of its line. */
export const BROKEN_GOSSIPS: readonly BrokenNode[] = [
  { rule: 'GO-1', what: 'leaves a topic out', faults: { gossip: { topicVersions: [1, 2, 3] } } },
  {
    rule: 'GO-3',
    what: 'passes messages on as its own',
    faults: {
      gossip: { passOn: ({ topic, data }) => ({ topic, data, from: Uint8Array.of(0, 1, 1) }) }
    }
  },
  {
    rule: 'GO-6',
    what: 'computes message ids without the topic',
    faults: {
      gossip: {
        idOf: ({ data }) => {
          const domain = Uint8Array.of(1, 0, 0, 0)
          return sha256(Buffer.concat([domain, decompressBlock(data, 2 ** 24)])).subarray(0, 20)
        }
      }
    }
  },
  {
    rule: 'BM-7',
    what: 'takes extraData of more than 32 bytes',
    faults: { gossip: { skipped: ['BM-7'] } }
  },
  ...['GO-9', 'GO-11', 'GO-12', 'GO-13', 'GO-14', 'GO-15', 'GO-21', 'GO-22'].map((rule) => ({
    rule,
    what: 'does not look at it',
    faults: { gossip: { skipped: [rule] } }
  }))
]
