// Nodes that break one rule of state_diffs_by_range.
import { RLP } from '@ethereumjs/rlp'
import { type StateDiff } from '../../../protocols/state-diffs-by-range/state-diff.ts'
import { encodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { keccak256 } from '../../../protocols/conformance/block-maker.ts'
import { answering, type BrokenNode, changed } from './broken-node.ts'
import { serveDiffs } from './fake-answers.ts'
import { okChunk } from './fake-frames.ts'

const REQUEST_BYTES = 20
const CLEARED_AT = 36
const VALUE_AT = 36

/** Serves diffs that were changed before they were encoded, so that their form can still be right. */
function rewriting(
  rule: string,
  what: string,
  rewrite: (diff: StateDiff) => Partial<StateDiff>
): BrokenNode {
  return answering(rule, what, 'state_diffs_by_range', (request, sound, chain) => {
    const [first] = sound.state_diffs_by_range(request)
    if (first !== 0) return sound.state_diffs_by_range(request)
    return serveDiffs(
      chain.map((block) => ({ ...block, diff: { ...block.diff, ...rewrite(block.diff) } })),
      rangeOf(request)
    )
  })
}

/** Serves the diff of one block with other bytes, which its form does not allow; alone, whatever was asked. */
function corrupting(
  rule: string,
  what: string,
  number: bigint,
  corrupt: (bytes: Uint8Array, diff: StateDiff) => Uint8Array
): BrokenNode {
  return answering(rule, what, 'state_diffs_by_range', (request, sound, chain) => {
    const bytes = sound.state_diffs_by_range(request)
    if (bytes[0] !== 0) return bytes
    const range = rangeOf(request)
    const isAll = range.start === 1n && range.count === 1024n
    if (!isAll) return bytes
    return Buffer.concat(
      chain.map(({ diff }) => {
        const sent = encodeStateDiff(diff)
        return okChunk(diff.number === number ? corrupt(sent, diff) : sent)
      })
    )
  })
}

function rangeOf(request: Uint8Array) {
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength)
  return {
    start: view.getBigUint64(0, true),
    count: view.getBigUint64(8, true),
    maxBytes: view.getUint32(16, true)
  }
}

/** The two accounts of every diff of the fakes, and the contract's slots, which it has but in the fourth. */
function partsOf({ accounts: [plain, contract, ...others] }: StateDiff) {
  if (plain === undefined || contract === undefined) throw new Error('a fake diff has two accounts')
  const [low, high] = contract.slots
  return { plain, contract, others, low: low?.slotHash, high: high?.slotHash }
}

/** Two stretches of the same length change places. */
function swapped(
  bytes: Uint8Array,
  one: Uint8Array | undefined,
  other: Uint8Array | undefined
): Uint8Array {
  if (one === undefined || other === undefined) throw new Error('there is nothing to swap')
  const copy = Uint8Array.from(bytes)
  copy.set(other, Buffer.from(bytes).indexOf(one))
  copy.set(one, Buffer.from(bytes).indexOf(other))
  return copy
}

/** Each breaks the rule of its line. */
export const BROKEN_DIFFS: readonly BrokenNode[] = [
  answering('SD-1', 'takes a request of 19 bytes', 'state_diffs_by_range', (request, sound) => {
    const isShort = request.length === REQUEST_BYTES - 1
    return sound.state_diffs_by_range(isShort ? Uint8Array.of(...request, 0) : request)
  }),
  answering('SD-2', 'serves from genesis on', 'state_diffs_by_range', (request, sound) => {
    const isFromGenesis =
      request.length === REQUEST_BYTES && request.subarray(0, 8).every((it) => it === 0)
    return sound.state_diffs_by_range(isFromGenesis ? changed(request, 0, 1) : request)
  }),
  answering('SD-3', 'takes a count of 1025', 'state_diffs_by_range', (request, sound) => {
    const isOver = request.length === REQUEST_BYTES && request[8] === 1 && request[9] === 4
    return sound.state_diffs_by_range(isOver ? changed(request, 8, 0) : request)
  }),
  answering('SD-4', 'sends a diff with version 3', 'state_diffs_by_range', (request, sound) => {
    const bytes = sound.state_diffs_by_range(request)
    return bytes[0] === 0 ? changed(bytes, 1, 3) : bytes
  }),
  corrupting('SD-5', 'leaves a byte between its lists', 2n, (bytes) => changed(bytes, 104, 117)),
  corrupting('SD-6', 'sends a diff of genesis', 2n, (bytes) => changed(bytes, 0, 0)),
  corrupting('SD-7', 'does not sort accounts', 4n, (bytes, diff) => {
    const { plain, contract } = partsOf(diff)
    return swapped(bytes, plain.addressHash, contract.addressHash)
  }),
  corrupting('SD-7', 'does not sort slots', 2n, (bytes, diff) => {
    const { contract, low, high } = partsOf(diff)
    const at = Buffer.from(bytes).indexOf(contract.addressHash) + contract.addressHash.length
    const slots = swapped(bytes.subarray(at), low, high)
    return Uint8Array.of(...bytes.subarray(0, at), ...slots)
  }),
  corrupting('SD-8', 'does not clear what it deletes', 4n, (bytes, diff) => {
    const { contract } = partsOf(diff)
    return changed(bytes, Buffer.from(bytes).indexOf(contract.addressHash) + CLEARED_AT, 0)
  }),
  corrupting('SD-9', 'does not trim a value', 2n, (bytes, diff) => {
    const { high = new Uint8Array() } = partsOf(diff)
    return changed(bytes, Buffer.from(bytes).lastIndexOf(high) + VALUE_AT, 0)
  }),
  rewriting('SD-10', 'writes the empty root out', (diff) => {
    const { plain, contract, others } = partsOf(diff)
    const emptyRoot = keccak256(RLP.encode(new Uint8Array()))
    const body = RLP.encode([1, 1, emptyRoot, new Uint8Array()])
    return { accounts: [{ ...plain, body }, contract, ...others] }
  }),
  rewriting('SD-11', 'leaves new codes out', ({ number, codes }) => ({
    codes: number === 5n ? [] : codes
  })),
  rewriting('SD-11', 'sends a code of nobody', ({ number, codes }) => ({
    codes: number === 3n ? [Uint8Array.of(0xfe)] : codes
  })),
  answering('SD-12', 'leaves a diff out', 'state_diffs_by_range', (request, sound, chain) => {
    const bytes = sound.state_diffs_by_range(request)
    if (bytes[0] !== 0 || rangeOf(request).count !== 1024n) return bytes
    return serveDiffs(
      chain.filter(({ number }) => number !== 3n),
      rangeOf(request)
    )
  }),
  answering('SD-13', 'passes over maxBytes', 'state_diffs_by_range', (request, sound) =>
    sound.state_diffs_by_range(request.length === REQUEST_BYTES ? changed(request, 19, 1) : request)
  ),
  answering(
    'SD-14',
    'answers nothing where it has none',
    'state_diffs_by_range',
    (request, sound) => {
      const bytes = sound.state_diffs_by_range(request)
      return bytes[0] === 1 ? new Uint8Array() : bytes
    }
  ),
  rewriting('SD-16', 'names another state root', ({ number, stateRoot }) => ({
    stateRoot: number === 3n ? keccak256(stateRoot) : stateRoot
  })),
  rewriting('SD-17', 'leaves receipts out', () => ({ receipts: [] })),
  rewriting('SD-18', 'leaves changes out', ({ number, accounts }) => ({
    accounts: number === 3n ? [] : accounts
  }))
]
