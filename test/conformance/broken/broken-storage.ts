// Nodes that break one rule of storage_ranges.
import {
  decodeStorageRanges,
  encodeStorageRanges,
  STORAGE_RANGES,
  type StorageRangesRequest
} from '../../../protocols/storage-ranges/codec.ts'
import { type StateLeaf } from '../../../protocols/state-leaves.ts'
import { answering, type BrokenNode } from './broken-node.ts'
import { okChunk } from './fake-frames.ts'
import { type FakeState, proofOf, slotsIn } from './fake-state.ts'
import { brokenFrames, readingOther, sendingOther } from './served-chunk.ts'

const FIXED_BYTES = 104
const HASH_BYTES = 32

interface Sent {
  readonly slots: readonly (readonly StateLeaf[])[]
  readonly proof: readonly Uint8Array[]
}

function rewriting(
  rule: string,
  what: string,
  rewrite: (sent: Sent, asked: StorageRangesRequest, state: FakeState) => Partial<Sent>
): BrokenNode {
  return sendingOther('storage_ranges', rule, what, (content, request, state) => {
    const { slots, proof } = decodeStorageRanges(content)
    const sent = { slots: slots.map((list) => [...list]), proof }
    const asked = STORAGE_RANGES.request.decode(request)
    return encodeStorageRanges({ ...sent, ...rewrite(sent, asked, state) })
  })
}

/** Answers a sound request as if it were another one. */
function taking(
  rule: string,
  what: string,
  change: (asked: StorageRangesRequest) => Partial<StorageRangesRequest>
): BrokenNode {
  return answering(rule, what, 'storage_ranges', (request, sound, _, state) => {
    const answer = sound.storage_ranges(request)
    if (answer[0] !== 0) return answer
    const asked = STORAGE_RANGES.request.decode(request)
    const served = slotsIn(state, { ...asked, ...change(asked) })
    return served === undefined ? answer : okChunk(encodeStorageRanges(served))
  })
}

/** The list of the one account that was asked for, changed. */
function ofOne(
  rule: string,
  what: string,
  change: (list: readonly StateLeaf[]) => readonly StateLeaf[]
): BrokenNode {
  return rewriting(rule, what, ({ slots }, { accounts }) => ({
    slots: accounts.length === 1 ? slots.map(change) : slots
  }))
}

/** Makes a sound request out of one that is whole but for its accounts or its stretch. */
function loosened(request: Uint8Array): Uint8Array {
  const isWhole = request.length >= FIXED_BYTES && (request.length - FIXED_BYTES) % HASH_BYTES === 0
  if (!isWhole || request[32] !== FIXED_BYTES) return request
  const accounts = request.slice(FIXED_BYTES, FIXED_BYTES + HASH_BYTES)
  if (accounts.length === 0) accounts.set(new Uint8Array(HASH_BYTES))
  const bytes = Uint8Array.of(...request.subarray(0, FIXED_BYTES), ...accounts)
  bytes.fill(0, 36, 68).fill(0xff, 68, 100)
  return bytes
}

/** Each breaks the rule of its line. */
export const BROKEN_STORAGE: readonly BrokenNode[] = [
  readingOther('storage_ranges', 'SR-1', 'does not look at the offset', (request) => {
    const bytes = Uint8Array.from(request)
    if (request.length > FIXED_BYTES) bytes[32] = FIXED_BYTES
    return bytes
  }),
  readingOther('storage_ranges', 'SR-2', 'takes accounts in any order', (request) =>
    request.length >= FIXED_BYTES + 2 * HASH_BYTES && isWholeKeySpace(request)
      ? loosened(request)
      : request
  ),
  readingOther('storage_ranges', 'SR-3', 'takes any stretch', (request) =>
    request.length > FIXED_BYTES && !isWholeKeySpace(request) && request[0] === 0
      ? loosened(request)
      : request
  ),
  ...brokenFrames(
    'storage_ranges',
    { chunk: 'SR-4', bytes: 'SR-5', unavailable: 'SR-10', window: 'SR-11' },
    encodeStorageRanges({ slots: [], proof: [] })
  ),
  ofOne('SR-6', 'does not sort slots', (list) => list.toReversed()),
  ofOne('SR-6', 'does not trim a value', (list) =>
    list.map(({ hash, value }, at) => ({
      hash,
      value: at > 1 ? Uint8Array.of(0, ...value) : value
    }))
  ),
  ofOne('SR-7', 'leaves a slot out', (list) => (list.length > 3 ? list.toSpliced(2, 1) : list)),
  ofOne('SR-7', 'changes a value', (list) =>
    list.map(({ hash }, at) => ({ hash, value: Uint8Array.of(at + 99) }))
  ),
  taking('SR-7', 'goes on behind the limit', () => ({ limit: new Uint8Array(32).fill(0xff) })),
  rewriting('SR-7', 'leaves accounts without storage out', ({ slots, proof }) => ({
    slots: slots.length > 1 ? slots.filter((list) => list.length > 0) : slots,
    proof
  })),
  taking('SR-8', 'passes over maxBytes', ({ maxBytes }) => ({
    maxBytes: maxBytes === 0 ? 0 : 2 ** 21
  })),
  rewriting('SR-8', 'sends no slot without bytes for it', (sent, asked, state) => {
    const [owner] = asked.accounts
    const account = state.accounts.find(
      ({ hash }) => Buffer.compare(hash, owner ?? new Uint8Array()) === 0
    )
    if (asked.maxBytes > 0 || account === undefined) return sent
    return { slots: [[]], proof: proofOf(state, account.storageRoot, [asked.origin]) }
  }),
  rewriting('SR-9', 'proves a whole storage too', ({ slots, proof }, { accounts }, state) => {
    const account = state.accounts.find(
      ({ hash }) => Buffer.compare(hash, accounts[slots.length - 1] ?? new Uint8Array()) === 0
    )
    if (proof.length > 0 || account === undefined || account.slots.length === 0) return { proof }
    return {
      proof: proofOf(state, account.storageRoot, [new Uint8Array(32), account.slots.at(-1)?.hash])
    }
  }),
  rewriting('SR-9', 'sends a node twice', ({ proof: [first, ...others] }) => ({
    proof: first === undefined ? [] : [first, first, ...others]
  }))
]

function isWholeKeySpace(request: Uint8Array): boolean {
  const isFromStart = request.subarray(36, 68).every((byte) => byte === 0)
  return isFromStart && request.subarray(68, 100).every((byte) => byte === 0xff)
}
