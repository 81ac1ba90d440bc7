// Blocks from one peer: each message verified for signer, hash and height before it counts as a block.
import { type Hex, hexToBytes } from '../../base/bytes.ts'
import { type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import {
  type BlockChecks,
  falseBlock,
  requestChecked,
  type RequestChunks
} from '../protocols/asking.ts'
import { SERVED_BLOCKS_BY_HASH } from '../protocols/blocks-by-hash.ts'
import { SERVED_BLOCKS_BY_RANGE } from '../protocols/blocks-by-range.ts'
import { SERVED_SIGNED_TIP, type VerifiedTip } from '../protocols/signed-tip.ts'

/** Dependencies of requests for blocks. */
export interface PeerBlocksDeps extends BlockChecks {
  readonly request: RequestChunks
}

/** The consecutive blocks from `start`, at most `count`, as the peer serves them. */
export function requestBlocks(
  deps: PeerBlocksDeps,
  peer: string,
  question: { readonly start: bigint; readonly count: bigint; readonly maxBytes: number },
  signal: AbortSignal
): AsyncGenerator<SignedBlock> {
  return requestChecked(deps, SERVED_BLOCKS_BY_RANGE, { peer, question }, signal)
}

/** Those of the blocks that the peer holds, in the order of the request; at most 128 hashes, all different. */
export function requestBlocksByHash(
  deps: PeerBlocksDeps,
  peer: string,
  hashes: readonly Hex[],
  signal: AbortSignal
): AsyncGenerator<SignedBlock> {
  const question = { hashes: hashes.map((hash) => hexToBytes(hash)) }
  return requestChecked(deps, SERVED_BLOCKS_BY_HASH, { peer, question }, signal)
}

/** Asks what the peer holds beside or above our head; a claim that its block does not bear out is false. */
export async function requestTip(
  deps: PeerBlocksDeps,
  peer: string,
  head: BlockRef,
  signal: AbortSignal
): Promise<VerifiedTip> {
  const question = { number: head.number, hash: hexToBytes(head.hash) }
  const tips = requestChecked(deps, SERVED_SIGNED_TIP, { peer, question }, signal)
  for await (const tip of tips) return tip
  throw falseBlock(deps, { code: 'answer-empty', peer })
}
