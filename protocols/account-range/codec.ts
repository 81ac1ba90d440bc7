// account_range: consecutive accounts of one state, with the proof that none was left out (README.md).
import { ContainerType } from '@chainsafe/ssz'
import { type ChunkCodec, type ProtocolDef } from '../protocol-def.ts'
import { assertVersionZero, bytes32, createContainerCodec, uint32 } from '../ssz-container.ts'
import {
  decodeLeaves,
  decodeProved,
  encodeLeaves,
  encodeProved,
  type LeafBounds,
  STATE_ANSWER_MAX_BYTES,
  type StateLeaf
} from '../state-leaves.ts'

/** The accounts of a state from `origin` to the first one that is not below `limit`, as far as fits into `maxBytes`. */
export interface AccountRangeRequest {
  /** Of the state, 32 bytes. */
  readonly root: Uint8Array
  /** The lowest address hash that is asked for; there need not be such an account. */
  readonly origin: Uint8Array
  /** An address hash, at or above `origin`. */
  readonly limit: Uint8Array
  /** Soft limit on the accounts' bytes in sum; u32. The first account comes whatever its size. */
  readonly maxBytes: number
}

/** An answer. */
export interface AccountRange {
  /** By address hash, ascending; the value is the account in slim RLP. One at a time, so that a reader can pause. */
  readonly accounts: Iterable<StateLeaf>
  /** Nodes of the account trie on the way to the origin and to the last account, each once. */
  readonly proof: readonly Uint8Array[]
}

/** A longer body has no account. */
const ACCOUNT_BODY_MAX_BYTES = 128

const CHUNK = 'AccountRange'
const ACCOUNTS: LeafBounds = {
  container: CHUNK,
  field: 'accounts',
  leavesMax: 2 ** 16,
  valueMaxBytes: ACCOUNT_BODY_MAX_BYTES
}

const request = createContainerCodec(
  'AccountRangeRequest',
  new ContainerType({ root: bytes32, origin: bytes32, limit: bytes32, maxBytes: uint32 }),
  ({ origin, limit }) => (Buffer.compare(origin, limit) > 0 ? 'limit' : undefined)
)

/** The bytes of one answer, which encodeAccountRange made and decodeAccountRange reads. */
const chunk: ChunkCodec<Uint8Array> = {
  encode: (bytes) => ({ version: 0, bytes }),
  decode(version, bytes) {
    assertVersionZero(CHUNK, version)
    decodeProved(bytes, CHUNK)
    return bytes
  }
}

/** One chunk an answer: an AccountRange in SSZ. */
export const ACCOUNT_RANGE: ProtocolDef<AccountRangeRequest, Uint8Array> = {
  name: 'account_range',
  version: 1,
  request,
  chunk,
  limits: { requestMaxBytes: 100, chunkMaxBytes: STATE_ANSWER_MAX_BYTES, chunksMax: 1 }
}

/** An answer in SSZ. */
export function encodeAccountRange({ accounts, proof }: AccountRange): Uint8Array {
  return encodeProved(encodeLeaves(accounts), proof)
}

/**
 * An answer out of its bytes. Throws ContainerError for what is wrong with the container and the proof; for what is wrong
 * with an account where the accounts are read.
 */
export function decodeAccountRange(bytes: Uint8Array): AccountRange {
  const { list, proof } = decodeProved(bytes, CHUNK)
  return { accounts: { [Symbol.iterator]: () => decodeLeaves(list, ACCOUNTS) }, proof }
}
