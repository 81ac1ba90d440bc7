// Peers that serve blocks from lists, behind the port that the request engine satisfies.
import {
  BLOCKS_BY_HASH,
  type BlocksByHashRequest
} from '../../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { SIGNED_TIP, type SignedTip } from '../../../protocols/signed-tip/codec.ts'
import { bytesToHex, type Hex } from '../../../src/base/bytes.ts'
import { type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import { verifyBlockMessage } from '../../../src/chain/blocks/verify-message.ts'
import { type PeerBlocksDeps } from '../../../src/sync/fetching/peer-blocks.ts'
import { type PeerBlocksFailure } from '../../../src/sync/protocols/asking.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'
import { TEST_CHAIN_ID, TEST_SIGNER } from '../../support/signed-chain.ts'

/** What a peer sends for a range of blocks; it may throw on the way. */
export type ServeRange = (
  request: RangeRequest,
  signal: AbortSignal
) => Iterable<VersionedMessage> | AsyncIterable<VersionedMessage>

/** A peer by what it serves. */
export interface StubPeer {
  readonly range?: ServeRange
  readonly byHash?: (hashes: readonly Hex[]) => Iterable<VersionedMessage>
  readonly tip?: () => Iterable<SignedTip>
}

/** What fetching needs, over these peers, and what came of it. */
export interface StubPeers extends PeerBlocksDeps {
  /** "a 1+3": whom, from which block, how many; "a 0x12345678": the block with a hash that begins so. */
  readonly asked: string[]
  readonly blamed: PeerBlocksFailure[]
}

/** Blocks are verified as a node does. */
export function createStubPeers(peers: Readonly<Record<string, StubPeer>>): StubPeers {
  const asked: string[] = []
  const blamed: PeerBlocksFailure[] = []
  const schedule = createSignerSchedule([{ fromBlock: 0n, address: TEST_SIGNER }])
  const request = async function* (
    peer: string,
    def: unknown,
    question: unknown,
    signal: AbortSignal
  ): AsyncGenerator {
    const stub = peers[peer]
    if (stub === undefined) throw new Error(`${peer} is not connected`)
    if (def === SIGNED_TIP) {
      yield* stub.tip?.() ?? []
    } else if (def === BLOCKS_BY_RANGE) {
      const range = question as RangeRequest
      asked.push(`${peer} ${range.start}+${range.count}`)
      yield* stub.range?.(range, signal) ?? []
    } else if (def === BLOCKS_BY_HASH) {
      const hashes = (question as BlocksByHashRequest).hashes.map(bytesToHex)
      asked.push(`${peer} ${hashes.map((hash) => hash.slice(0, 10)).join(' ')}`)
      yield* stub.byHash?.(hashes) ?? []
    }
  }
  return {
    asked,
    blamed,
    request: asRequestChunks(request),
    verify: ({ version, message }) =>
      verifyBlockMessage({ chainId: TEST_CHAIN_ID, schedule }, version, message),
    onFalse: (failure) => void blamed.push(failure)
  }
}

/** Serves what it holds of the range, until a block is missing, at most so many in one answer. */
export function serving(blocks: readonly SignedBlock[], { answerMax = 1024 } = {}): ServeRange {
  return function* ({ start, count }) {
    for (let offset = 0n; offset < count && offset < answerMax; offset++) {
      const block = blocks.find(({ number }) => number === start + offset)
      if (block === undefined) return
      yield block
    }
  }
}

/** Serves what it holds of the blocks asked for. */
export function servingByHash(blocks: readonly SignedBlock[]): NonNullable<StubPeer['byHash']> {
  return (hashes) => hashes.flatMap((hash) => blocks.filter((block) => block.hash === hash))
}
