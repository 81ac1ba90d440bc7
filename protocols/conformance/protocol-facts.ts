// The protocols of the suite, one row each: the definition on the wire, and the facts that cases about all of them use.
import { ACCOUNT_RANGE } from '../account-range/codec.ts'
import { BLOCKS_BY_HASH } from '../blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../blocks-by-range/codec.ts'
import { BYTE_CODES } from '../byte-codes/codec.ts'
import { type ProtocolDef, type ProtocolLimits } from '../protocol-def.ts'
import { SIGNED_TIP } from '../signed-tip/codec.ts'
import { STATE_DIFFS_BY_RANGE } from '../state-diffs-by-range/codec.ts'
import { STATUS } from '../status/codec.ts'
import { STORAGE_RANGES } from '../storage-ranges/codec.ts'
import { TRIE_NODES } from '../trie-nodes/codec.ts'

/** What a sound request is made of. */
interface Asker {
  readonly genesisHash: Uint8Array
  /** A sound status of the asker. */
  readonly ownStatus: () => Uint8Array
}

interface ProtocolFacts {
  readonly def: Pick<ProtocolDef<unknown, unknown>, 'name' | 'limits'>
  /** The rule of its page on the bytes of a request. */
  readonly requestRule: string
  /** A whole request, whatever it asks for. */
  readonly sample: (asker: Asker) => Uint8Array
  /** True for the sizes that a whole request can have; left out where that is the largest alone. */
  readonly isWhole?: (length: number) => boolean
  /** Where the answers have block messages, which rules of their own hold for; left out where there are none. */
  readonly messages?: 'each chunk' | 'in the tip'
}

const HASH_BYTES = 32
const OFFSET_BYTES = 4
const STORAGE_FIXED_BYTES = 104
const CODES_FIXED_BYTES = 8
/** One path of no nibbles. */
const NODES_BYTES_MIN = 80
const KEYS = { origin: new Uint8Array(HASH_BYTES), limit: new Uint8Array(HASH_BYTES).fill(0xff) }
const RANGE = { start: 1n, count: 1n, maxBytes: 2 ** 23 }

const FACTS = {
  status: {
    def: STATUS,
    requestRule: 'ST-1',
    sample: ({ ownStatus }: Asker) => ownStatus()
  },
  signed_tip: {
    def: SIGNED_TIP,
    requestRule: 'TI-1',
    sample: ({ genesisHash }: Asker) =>
      SIGNED_TIP.request.encode({ number: 0n, hash: genesisHash }),
    messages: 'in the tip'
  },
  blocks_by_range: {
    def: BLOCKS_BY_RANGE,
    requestRule: 'BR-1',
    sample: () => BLOCKS_BY_RANGE.request.encode(RANGE),
    messages: 'each chunk'
  },
  blocks_by_hash: {
    def: BLOCKS_BY_HASH,
    requestRule: 'BH-1',
    sample: ({ genesisHash }: Asker) => BLOCKS_BY_HASH.request.encode({ hashes: [genesisHash] }),
    isWhole: (length: number) => isWithHashes(length, OFFSET_BYTES),
    messages: 'each chunk'
  },
  state_diffs_by_range: {
    def: STATE_DIFFS_BY_RANGE,
    requestRule: 'SD-1',
    sample: () => STATE_DIFFS_BY_RANGE.request.encode(RANGE)
  },
  account_range: {
    def: ACCOUNT_RANGE,
    requestRule: 'AR-1',
    sample: ({ genesisHash }: Asker) =>
      ACCOUNT_RANGE.request.encode({ root: genesisHash, ...KEYS, maxBytes: 0 })
  },
  storage_ranges: {
    def: STORAGE_RANGES,
    requestRule: 'SR-1',
    sample: ({ genesisHash }: Asker) =>
      STORAGE_RANGES.request.encode({
        ...{ root: genesisHash, accounts: [genesisHash], ...KEYS, maxBytes: 0 }
      }),
    isWhole: (length: number) => isWithHashes(length, STORAGE_FIXED_BYTES)
  },
  byte_codes: {
    def: BYTE_CODES,
    requestRule: 'BC-1',
    sample: ({ genesisHash }: Asker) =>
      BYTE_CODES.request.encode({ hashes: [genesisHash], maxBytes: 0 }),
    isWhole: (length: number) => isWithHashes(length, CODES_FIXED_BYTES)
  },
  trie_nodes: {
    def: TRIE_NODES,
    requestRule: 'TN-1',
    sample: ({ genesisHash }: Asker) =>
      TRIE_NODES.request.encode({
        ...{ root: genesisHash, maxBytes: 0 },
        paths: [{ account: KEYS.origin, path: new Uint8Array() }]
      }),
    isWhole: (length: number) => length >= NODES_BYTES_MIN
  }
} as const satisfies Readonly<Record<string, ProtocolFacts>>

function isWithHashes(length: number, fixedBytes: number): boolean {
  return length > fixedBytes && (length - fixedBytes) % HASH_BYTES === 0
}

/** The protocols of the suite. */
export type ProtocolName = keyof typeof FACTS

/** All of them. */
export const PROTOCOLS = Object.keys(FACTS) as readonly ProtocolName[]

/** What its page says that a request must be. */
export function requestRuleOf(protocol: ProtocolName): string {
  return FACTS[protocol].requestRule
}

/** The limits of its page. */
export function limitsOf(protocol: ProtocolName): ProtocolLimits {
  return FACTS[protocol].def.limits
}

/** A whole request, to be cut short or sent as it is. */
export function sampleRequest(protocol: ProtocolName, asker: Asker): Uint8Array {
  return FACTS[protocol].sample(asker)
}

/** Where the answers have block messages; undefined where there are none. */
export function messagesIn(protocol: ProtocolName): ProtocolFacts['messages'] {
  const facts: ProtocolFacts = FACTS[protocol]
  return facts.messages
}

/** True for the sizes that a whole request can have. */
export function isWholeSize(protocol: ProtocolName, length: number): boolean {
  const { isWhole, def }: ProtocolFacts = FACTS[protocol]
  const { requestMaxBytes } = def.limits
  return isWhole === undefined
    ? length === requestMaxBytes
    : isWhole(length) && length <= requestMaxBytes
}
