// Nodes that break one rule as the ones that dial and ask.
import { decompressBlock } from '../../../protocols/snappy-block.ts'
import { type BrokenNode } from './broken-node.ts'

const STATUS_MAX_BYTES = 173

/** Each breaks the rule of its line. */
export const BROKEN_CLIENTS: readonly BrokenNode[] = [
  { rule: 'ST-9', what: 'dials and sends no status', faults: { client: 'silent' } },
  {
    rule: 'FR-3',
    what: 'does not close its side after a request',
    faults: { client: 'never closing' }
  },
  {
    rule: 'FR-7',
    what: 'reads a status of any version',
    faults: { readAnswer: (bytes) => readLoosely(bytes, [0], [0, 7]) }
  },
  {
    rule: 'FR-11',
    what: 'reads a status of any result',
    faults: { readAnswer: (bytes) => readLoosely(bytes, [0, 9], [0]) }
  },
  ...[
    ['TI-11', 'takes a tip of any signer'],
    ['BR-9', 'takes blocks of heights that it did not ask for'],
    ['BH-6', 'takes blocks of any signer by their hash'],
    ['BH-7', 'takes blocks that it did not ask for']
  ].map(([rule = '', what = '']) => ({ rule, what, faults: { walk: { skipped: [rule] } } }))
]

/** Chain and genesis of one whole chunk with one of these results and versions. */
function readLoosely(bytes: Uint8Array, results: readonly number[], versions: readonly number[]) {
  const [result = 255, version = 255] = bytes
  if (!results.includes(result) || !versions.includes(version) || bytes.length < 6) return undefined
  const length = Buffer.from(bytes).readUInt32LE(2)
  if (length !== bytes.length - 6) return undefined
  try {
    const content = decompressBlock(bytes.subarray(6), STATUS_MAX_BYTES)
    if ((content[44] ?? 2) > 1) return undefined
    return {
      chainId: Buffer.from(content).readBigUInt64LE(0),
      genesisHash: content.slice(8, 40)
    }
  } catch {
    return undefined // no snappy block, or more than a status
  }
}
