// Which block we hold above, or instead of, the asker's head (protocols/signed-tip). Pure over the store.
import { type SignedTip, type SignedTipRequest } from '../../../protocols/signed-tip/codec.ts'
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'

/** What a node shows of its accepted blocks. Set-aside blocks are not in it. */
export interface HeldBlocks {
  /** The highest block that counts: accepted, signed by the schedule's signer, not set aside. */
  highest(): BlockRef | undefined
  /** Every held block of a height that counts, our canonical one first. */
  at(number: bigint): readonly BlockRef[]
  message(hash: Hex): VersionedMessage | undefined
  genesisHash: Hex
  /** True while the store is being filled from nothing: then silence would mean nothing. */
  isJoining(): boolean
  /** True while it is known that blocks above the highest were held once: then silence means nothing either. */
  hasLost(): boolean
}

/** The answer, or why there is none: "cannot say" never counts as agreement. */
export type TipReply = SignedTip | { readonly relation: 'unavailable'; readonly reason: string }

/** Precedence: conflict, ahead, same, behind. */
export function answerTip(held: HeldBlocks, request: SignedTipRequest): TipReply {
  const asked: BlockRef = { number: request.number, hash: bytesToHex(request.hash) }
  if (held.isJoining()) return { relation: 'unavailable', reason: 'joining' }
  const highest = held.highest()
  const hasLost = held.hasLost()
  if (highest === undefined) {
    if (!hasLost && asked.number === 0n && asked.hash === held.genesisHash)
      return { relation: 'same' }
    return { relation: 'unavailable', reason: 'this node holds only genesis' }
  }
  const beside = asked.number === 0n ? [] : held.at(asked.number)
  const other = beside.find(({ hash }) => hash !== asked.hash)
  if (other !== undefined) return withMessage(held, 'conflict', other)
  if (asked.number === 0n && asked.hash !== held.genesisHash) {
    return { relation: 'unavailable', reason: 'another genesis' }
  }
  if (highest.number > asked.number) return withMessage(held, 'ahead', highest)
  if (hasLost) return { relation: 'unavailable', reason: 'blocks that were held are lost' }
  if (beside.length > 0) return { relation: 'same' }
  return withMessage(held, 'behind', highest)
}

function withMessage(
  held: HeldBlocks,
  relation: 'behind' | 'ahead' | 'conflict',
  { hash }: BlockRef
): TipReply {
  const found = held.message(hash)
  if (found === undefined) return { relation: 'unavailable', reason: 'the message is not kept' }
  return { relation, ...found }
}
