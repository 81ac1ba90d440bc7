// Blocks from one peer: each message verified for signer, hash and height before it counts as a block.
import { BLOCKS_BY_HASH } from '../../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../../protocols/blocks-by-range/codec.ts'
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { type ProtocolDef } from '../../../protocols/protocol-def.ts'
import { SIGNED_TIP } from '../../../protocols/signed-tip/codec.ts'
import { type Hex, hexToBytes } from '../../base/bytes.ts'
import { NodeError } from '../../base/node-error.ts'
import { type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import { isSendersFault, MessageError } from '../../chain/blocks/verify-message.ts'

/** Sends one request and yields the decoded chunks; the request engine satisfies it. */
export type RequestChunks = <Request, Chunk>(
  peer: string,
  def: ProtocolDef<Request, Chunk>,
  request: Request,
  signal: AbortSignal
) => AsyncIterable<Chunk>

/** Decodes a message, checks its hash, and that the schedule names its signer. Throws otherwise. */
export type VerifyMessage = (message: VersionedMessage) => SignedBlock

/** What a peer served that is of no use. */
export type PeerBlocksFailure =
  | { readonly code: 'block-false'; readonly peer: string; readonly reason: string }
  /** Its signer made it so: the peer may know a fork that is not known here. */
  | { readonly code: 'block-unusable'; readonly peer: string; readonly reason: string }
  /** An answer that must have one chunk ended before it. */
  | { readonly code: 'answer-empty'; readonly peer: string }
  | { readonly code: 'block-unrequested'; readonly peer: string; readonly number: bigint }
  /** More than `maxBytes` in more than one block. */
  | { readonly code: 'answer-too-large'; readonly peer: string; readonly maxBytes: number }
  | { readonly code: 'relation-false'; readonly peer: string; readonly relation: string }

/** Thrown when a peer's blocks are false; the blocks before the false one were still good. */
export class PeerBlocksError extends NodeError<PeerBlocksFailure> {}

/** Hears of each false block, to score the peer. */
export type OnFalse = (failure: PeerBlocksFailure) => void

/** Dependencies of requests for blocks. */
export interface PeerBlocksDeps {
  readonly request: RequestChunks
  readonly verify: VerifyMessage
  readonly onFalse: OnFalse
}

/** A verified answer to signed_tip. */
export type VerifiedTip =
  | { readonly relation: 'same' }
  | { readonly relation: 'behind' | 'ahead' | 'conflict'; readonly block: SignedBlock }

/** The consecutive blocks from `start`, at most `count`, as the peer serves them. */
export async function* requestBlocks(
  { request, verify, onFalse }: PeerBlocksDeps,
  peer: string,
  range: { readonly start: bigint; readonly count: bigint; readonly maxBytes: number },
  signal: AbortSignal
): AsyncGenerator<SignedBlock> {
  let expected = range.start
  let bytes = 0
  for await (const chunk of request(peer, BLOCKS_BY_RANGE, range, signal)) {
    bytes += chunk.message.length
    if (bytes > range.maxBytes && expected > range.start) {
      throw falseBlock(onFalse, { code: 'answer-too-large', peer, maxBytes: range.maxBytes })
    }
    const block = verifyFrom(peer, chunk, verify, onFalse)
    if (block.number !== expected || expected >= range.start + range.count) {
      throw falseBlock(onFalse, { code: 'block-unrequested', peer, number: block.number })
    }
    yield block
    expected += 1n
  }
}

/** Those of the blocks that the peer holds, in the order of the request; at most 128 hashes, all different. */
export async function* requestBlocksByHash(
  { request, verify, onFalse }: PeerBlocksDeps,
  peer: string,
  hashes: readonly Hex[],
  signal: AbortSignal
): AsyncGenerator<SignedBlock> {
  const question = { hashes: hashes.map((hash) => hexToBytes(hash)) }
  let lastIndex = -1
  for await (const chunk of request(peer, BLOCKS_BY_HASH, question, signal)) {
    const block = verifyFrom(peer, chunk, verify, onFalse)
    const index = hashes.indexOf(block.hash)
    if (index <= lastIndex) {
      throw falseBlock(onFalse, { code: 'block-unrequested', peer, number: block.number })
    }
    lastIndex = index
    yield block
  }
}

/** Asks what the peer holds beside or above our head; a claim that its block does not bear out is false. */
export async function requestTip(
  { request, verify, onFalse }: PeerBlocksDeps,
  peer: string,
  head: BlockRef,
  signal: AbortSignal
): Promise<VerifiedTip> {
  const question = { number: head.number, hash: hexToBytes(head.hash) }
  for await (const tip of request(peer, SIGNED_TIP, question, signal)) {
    if (tip.relation === 'same') return tip
    const block = verifyFrom(peer, tip, verify, onFalse)
    if (tip.relation !== relationTo(head, block)) {
      throw falseBlock(onFalse, { code: 'relation-false', peer, relation: tip.relation })
    }
    return { relation: tip.relation, block }
  }
  throw falseBlock(onFalse, { code: 'answer-empty', peer })
}

function relationTo(head: BlockRef, block: BlockRef): string {
  if (block.number > head.number) return 'ahead'
  if (block.number < head.number) return 'behind'
  return block.hash === head.hash ? 'same' : 'conflict'
}

function verifyFrom(
  peer: string,
  message: VersionedMessage,
  verify: VerifyMessage,
  onFalse: OnFalse
): SignedBlock {
  try {
    return verify(message)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw falseBlock(onFalse, { code: blockFailureCode(thrown), peer, reason }, thrown)
  }
}

/**
 * Who serves a block answers for its signer, also for one of other heights: what is served was chosen, not just
 * passed on.
 */
function blockFailureCode(thrown: unknown): 'block-false' | 'block-unusable' {
  if (!(thrown instanceof MessageError)) return 'block-false'
  const { failure } = thrown
  const isOthers = isSendersFault(failure) || failure.code === 'signer-of-other-heights'
  return isOthers ? 'block-false' : 'block-unusable'
}

function falseBlock(onFalse: OnFalse, failure: PeerBlocksFailure, cause?: unknown) {
  onFalse(failure)
  return new PeerBlocksError(failure, { cause })
}
