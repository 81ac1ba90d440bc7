// What a fake node answers: the request's bytes in, the response's bytes out, every rule kept.
import { BLOCKS_BY_HASH } from '../../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { type VersionedBytes } from '../../../protocols/protocol-def.ts'
import { SIGNED_TIP, type SignedTip } from '../../../protocols/signed-tip/codec.ts'
import { STATE_DIFFS_BY_RANGE } from '../../../protocols/state-diffs-by-range/codec.ts'
import { encodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { STATUS } from '../../../protocols/status/codec.ts'
import { toHex } from '../../../protocols/conformance/block-maker.ts'
import { type ProtocolName } from '../../../protocols/conformance/protocol-facts.ts'
import {
  FAKE_CHAIN_ID,
  FAKE_GENESIS,
  type ChainBlock,
  type FakeBlock,
  headOf
} from './fake-chain.ts'
import { decoded, okChunk, refusal } from './fake-frames.ts'
import { type FakeState } from './fake-state.ts'
import { stateAnswers } from './fake-state-answers.ts'

/** Answers of one fake node. */
export type FakeAnswers = Readonly<Record<ProtocolName, (request: Uint8Array) => Uint8Array>>

/** The status of a fake: a backup that holds the whole chain. */
export function fakeStatus(chain: readonly ChainBlock[]): Uint8Array {
  const head = headOf(chain)
  return STATUS.request.encode({
    chainId: FAKE_CHAIN_ID,
    genesisHash: FAKE_GENESIS,
    forkDigest: new Uint8Array(4),
    role: 'backup',
    unsafeNumber: head.number,
    unsafeHash: head.hash,
    acceptedNumber: head.number,
    acceptedHash: head.hash,
    oldestBlock: 1n,
    oldestState: head.number,
    newestState: head.number,
    oldestDiff: 1n,
    replicatedNumber: undefined,
    clockMs: BigInt(Date.now())
  })
}

/** Sound answers over a chain; `extra` holds blocks that came by gossip. */
export function soundAnswers(
  chain: readonly ChainBlock[],
  extra: ReadonlyMap<bigint, FakeBlock>,
  state: FakeState
): FakeAnswers {
  return {
    ...stateAnswers(state),
    status: (request) =>
      decoded(
        () => STATUS.request.decode(request),
        () => okChunk(fakeStatus(chain))
      ),
    signed_tip: (request) =>
      decoded(
        () => SIGNED_TIP.request.decode(request),
        ({ number, hash }) => {
          const tip = answerTip([...chain, ...extra.values()], number, hash)
          if (tip === undefined) return refusal('unavailable', 'another genesis')
          return okChunk(SIGNED_TIP.chunk.encode(tip).bytes)
        }
      ),
    blocks_by_range: (request) =>
      decoded(
        () => BLOCKS_BY_RANGE.request.decode(request),
        (range) => serveRange(chain, range)
      ),
    blocks_by_hash: (request) =>
      decoded(
        () => BLOCKS_BY_HASH.request.decode(request),
        ({ hashes }) => serveHashes([...chain, ...extra.values()], hashes)
      ),
    state_diffs_by_range: (request) =>
      decoded(
        () => STATE_DIFFS_BY_RANGE.request.decode(request),
        (range) => serveDiffs(chain, range)
      )
  }
}

/** Blocks from start on, within count and bytes. */
export function serveRange(chain: readonly ChainBlock[], range: RangeRequest): Uint8Array {
  const messages = within(chain, range).map(({ message, version }) => ({ bytes: message, version }))
  return serveItems(messages, range.maxBytes)
}

/** Those of the blocks that are held, in the order of the request. */
export function serveHashes(held: readonly FakeBlock[], hashes: readonly Uint8Array[]): Uint8Array {
  const found = hashes.flatMap((hash) => {
    const block = held.find((it) => toHex(it.hash) === toHex(hash))
    return block === undefined ? [] : [{ bytes: block.message, version: block.version }]
  })
  return serveItems(found, Infinity)
}

/** Diffs from start on, within count and bytes. */
export function serveDiffs(chain: readonly ChainBlock[], range: RangeRequest): Uint8Array {
  const diffs = within(chain, range).map(({ diff }) => ({
    bytes: encodeStateDiff(diff),
    version: 0
  }))
  return serveItems(diffs, range.maxBytes)
}

function within(
  chain: readonly ChainBlock[],
  { start, count }: Pick<RangeRequest, 'start' | 'count'>
): readonly ChainBlock[] {
  return chain.filter(({ number }) => number >= start && number < start + count)
}

/** The items that fit, the first one always; result 1 where there is none. */
function serveItems(items: readonly VersionedBytes[], maxBytes: number): Uint8Array {
  if (items.length === 0) return refusal('unavailable', 'not held')
  let sum = 0
  const fitting = items.filter(({ bytes }, at) => {
    sum += bytes.length
    return at === 0 || sum <= maxBytes
  })
  return Buffer.concat(fitting.map(({ bytes, version }) => okChunk(bytes, version)))
}

function answerTip(
  held: readonly FakeBlock[],
  number: bigint,
  hash: Uint8Array
): SignedTip | undefined {
  const asked = toHex(hash)
  if (number === 0n && asked !== toHex(FAKE_GENESIS)) return undefined
  const beside = held.find((block) => block.number === number)
  const highest = held.reduce((one, other) => (other.number > one.number ? other : one))
  if (beside !== undefined && toHex(beside.hash) !== asked)
    return { relation: 'conflict', ...wire(beside) }
  if (highest.number > number) return { relation: 'ahead', ...wire(highest) }
  return beside === undefined ? { relation: 'behind', ...wire(highest) } : { relation: 'same' }
}

function wire({ version, message }: FakeBlock) {
  return { version, message }
}
