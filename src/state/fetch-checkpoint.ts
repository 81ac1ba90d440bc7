// How far a state that is fetched in ranges has come: one entry of the database, written with what it is about.
import { z } from 'zod'
import { bytesToHex, type Hex, hexToBytes } from '../base/bytes.ts'
import { openValue, sealValue } from '../store/checked-value.ts'
import { type BatchOperation, type KeyValueReader } from '../store/key-value-store.ts'
import { soleKey, STATE_PREFIX } from '../store/keys.ts'

/** The key space of hashes is split in so many, by the first nibble. */
export const SEGMENTS_COUNT = 16

/** For each segment the lowest hash that is wanted next; undefined when it is whole. */
export type SegmentsLeft = readonly (Uint8Array | undefined)[]

/** An account whose storage is too large to come with it. */
export interface LargeStorage {
  readonly addressHash: Uint8Array
  readonly left: SegmentsLeft
}

/** What is there, and what is to be done. */
export interface FetchCheckpoint {
  readonly accounts: SegmentsLeft
  readonly large: readonly LargeStorage[]
  /** Every leaf came, and the tries are made of them: what is not that of the newest block is replaced. */
  readonly isAssembled: boolean
  /** Storages that were begun to be replaced before their accounts: each is held against its account in the end. */
  readonly unsettled: readonly Uint8Array[]
}

const CHECKPOINT_VERSION = 1
const KEY = soleKey(STATE_PREFIX.join)
const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
const segments = z.array(hash.nullable()).length(SEGMENTS_COUNT)
const schema = z.object({
  version: z.literal(CHECKPOINT_VERSION),
  accounts: segments,
  large: z.array(z.object({ addressHash: hash, left: segments })),
  isAssembled: z.boolean(),
  unsettled: z.array(hash)
})

/** Nothing is there yet. */
export const FETCH_BEGUN: FetchCheckpoint = {
  accounts: wholeKeySpace(),
  large: [],
  isAssembled: false,
  unsettled: []
}

/** Every segment from its lowest hash on. */
function wholeKeySpace(): SegmentsLeft {
  return Array.from({ length: SEGMENTS_COUNT }, (_, segment) => {
    const lowest = new Uint8Array(32)
    lowest[0] = segment << 4
    return lowest
  })
}

/** The highest hash of a segment. */
export function segmentEnd(segment: number): Uint8Array {
  const highest = new Uint8Array(32).fill(0xff)
  highest[0] = (segment << 4) | 15
  return highest
}

/** The hash after this one; undefined after the last one of the segment. */
export function hashAfter(hash: Uint8Array, segment: number): Uint8Array | undefined {
  const next = Uint8Array.from(hash)
  for (let at = next.length - 1; at >= 0; at--) {
    next[at] = (next[at]! + 1) & 0xff
    if (next[at] !== 0) break
  }
  return next[0]! >> 4 === segment && next.some((byte) => byte !== 0) ? next : undefined
}

/** What part of all key spaces is there, from 0 to 1: that of accounts, and that of each large storage which is known. */
export function shareFetched({ accounts, large }: Pick<FetchCheckpoint, 'accounts' | 'large'>) {
  const spaces = [accounts, ...large.map(({ left }) => left)]
  return spaces.reduce((sum, left) => sum + shareOf(left), 0) / spaces.length
}

/** What is left of the key space when everything up to this hash is there, or nothing at all. */
export function leftAfter(hash: Uint8Array | undefined): SegmentsLeft {
  if (hash === undefined) return wholeKeySpace()
  const reached = hash[0]! >> 4
  return wholeKeySpace().map((lowest, segment) => {
    if (segment > reached) return lowest
    return segment < reached ? undefined : hashAfter(hash, segment)
  })
}

/** What part of the key space is there, from 0 to 1. */
export function shareOf(left: SegmentsLeft): number {
  const parts = left.map((next, segment) => {
    if (next === undefined) return 1
    return new DataView(next.buffer, next.byteOffset).getUint32(0) / 2 ** 28 - segment
  })
  return parts.reduce((sum, part) => sum + part, 0) / SEGMENTS_COUNT
}

/** True while a state was begun that is not whole; also where the entry is damaged. */
export function isFetchUnderWay(store: Pick<KeyValueReader, 'get'>): boolean {
  return store.get(KEY) !== undefined
}

/** Undefined when there is none, or none that can be gone on from. */
export function readCheckpoint(store: Pick<KeyValueReader, 'get'>): FetchCheckpoint | undefined {
  const value = store.get(KEY)
  const body = value && openValue(KEY, value)
  if (body === undefined) return undefined
  const { data } = schema.safeParse(JSON.parse(Buffer.from(body).toString('utf8')))
  if (data === undefined) return undefined
  return {
    accounts: data.accounts.map(toHash),
    large: data.large.map(({ addressHash, left }) => ({
      addressHash: hexToBytes(addressHash as Hex),
      left: left.map(toHash)
    })),
    isAssembled: data.isAssembled,
    unsettled: data.unsettled.map((one) => hexToBytes(one as Hex))
  }
}

/** The write of it. */
export function checkpointOperation({
  accounts,
  large,
  isAssembled,
  unsettled
}: FetchCheckpoint): BatchOperation {
  const json = {
    version: CHECKPOINT_VERSION,
    accounts: accounts.map(toText),
    large: large.map(({ addressHash, left }) => ({
      addressHash: bytesToHex(addressHash),
      left: left.map(toText)
    })),
    isAssembled,
    unsettled: unsettled.map((one) => bytesToHex(one))
  }
  const body = new Uint8Array(Buffer.from(JSON.stringify(json), 'utf8'))
  return { type: 'put', key: KEY, value: sealValue(KEY, body) }
}

/** The state is whole. */
export function checkpointRemoval(): BatchOperation {
  return { type: 'del', key: KEY }
}

function toHash(text: string | null): Uint8Array | undefined {
  return text === null ? undefined : hexToBytes(text)
}

function toText(next: Uint8Array | undefined): Hex | null {
  return next === undefined ? null : bytesToHex(next)
}
