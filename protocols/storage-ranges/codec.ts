// storage_ranges: the slots of several accounts of one state, the last of them with a proof where they are a part (README.md).
import { ContainerType, ListCompositeType } from '@chainsafe/ssz'
import { type ChunkCodec, type ProtocolDef } from '../protocol-def.ts'
import { assertVersionZero, bytes32, createContainerCodec, uint32 } from '../ssz-container.ts'
import {
  decodeItems,
  decodeLeaves,
  decodeProved,
  encodeItems,
  encodeLeaves,
  encodeProved,
  HASH_BYTES,
  type LeafBounds,
  STATE_ANSWER_MAX_BYTES,
  type StateLeaf
} from '../state-leaves.ts'

/** The storage of these accounts in a state, as far as fits into `maxBytes`; of one account, a part of it. */
export interface StorageRangesRequest {
  /** Of the state, 32 bytes. */
  readonly root: Uint8Array
  /** Address hashes, 1 to 1,024, ascending, none twice. */
  readonly accounts: readonly Uint8Array[]
  /** The lowest slot hash that is asked for; zeros where there is more than one account. */
  readonly origin: Uint8Array
  /** A slot hash, at or above `origin`; ff bytes where there is more than one account. */
  readonly limit: Uint8Array
  /** Soft limit on the slots' bytes in sum; u32. The first slot comes whatever its size. */
  readonly maxBytes: number
}

/** An answer. */
export interface StorageRanges {
  /** Of each account in the order of the request, by slot hash, ascending; a value has no leading zeros. */
  readonly slots: readonly Iterable<StateLeaf>[]
  /** Nodes of the last account's storage trie; none where its slots are the whole storage. */
  readonly proof: readonly Uint8Array[]
}

/** Most accounts of one request. */
export const STORAGE_ACCOUNTS_MAX = 1024

const SLOT_VALUE_MAX_BYTES = 32
const FIXED_BYTES = 104
const CHUNK = 'StorageRanges'
const LISTS: Pick<LeafBounds, 'container' | 'field' | 'leavesMax'> = {
  container: CHUNK,
  field: 'slots',
  leavesMax: STORAGE_ACCOUNTS_MAX
}
const SLOTS: LeafBounds = { ...LISTS, leavesMax: 2 ** 16, valueMaxBytes: SLOT_VALUE_MAX_BYTES }

const request = createContainerCodec(
  'StorageRangesRequest',
  new ContainerType({
    root: bytes32,
    accounts: new ListCompositeType(bytes32, STORAGE_ACCOUNTS_MAX),
    origin: bytes32,
    limit: bytes32,
    maxBytes: uint32
  }),
  ({ accounts, origin, limit }) => {
    const isAscending = accounts.every(
      (account, at) => at === 0 || Buffer.compare(accounts[at - 1]!, account) < 0
    )
    if (accounts.length === 0 || !isAscending) return 'accounts'
    if (accounts.length > 1 && origin.some((byte) => byte !== 0)) return 'origin'
    const isPart = limit.some((byte) => byte !== 0xff)
    if (accounts.length > 1 && isPart) return 'limit'
    return Buffer.compare(origin, limit) > 0 ? 'limit' : undefined
  }
)

/** The bytes of one answer, which encodeStorageRanges made and decodeStorageRanges reads. */
const chunk: ChunkCodec<Uint8Array> = {
  encode: (bytes) => ({ version: 0, bytes }),
  decode(version, bytes) {
    assertVersionZero(CHUNK, version)
    decodeStorageRanges(bytes)
    return bytes
  }
}

/** One chunk an answer: a StorageRanges in SSZ. */
export const STORAGE_RANGES: ProtocolDef<StorageRangesRequest, Uint8Array> = {
  name: 'storage_ranges',
  version: 1,
  request,
  chunk,
  limits: {
    requestMaxBytes: FIXED_BYTES + HASH_BYTES * STORAGE_ACCOUNTS_MAX,
    chunkMaxBytes: STATE_ANSWER_MAX_BYTES,
    chunksMax: 1
  }
}

/** An answer in SSZ. */
export function encodeStorageRanges({ slots, proof }: StorageRanges): Uint8Array {
  return encodeProved(encodeItems(slots.map(encodeLeaves)), proof)
}

/**
 * An answer out of its bytes. Throws ContainerError for what is wrong with the container, the list of lists and the proof;
 * for what is wrong with a slot where the slots are read.
 */
export function decodeStorageRanges(bytes: Uint8Array): StorageRanges {
  const { list, proof } = decodeProved(bytes, CHUNK)
  const slots = Array.from(decodeItems(list, LISTS), (slotsBytes) => ({
    [Symbol.iterator]: () => decodeLeaves(slotsBytes, SLOTS)
  }))
  return { slots, proof }
}
