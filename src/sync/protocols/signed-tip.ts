// signed_tip as this node speaks it: the block held above, or instead of, the asker's head (protocols/signed-tip).
import {
  SIGNED_TIP,
  type SignedTip,
  type SignedTipRequest
} from '../../../protocols/signed-tip/codec.ts'
import { bytesToHex } from '../../base/bytes.ts'
import { type BlockRef, type SignedBlock } from '../../chain/blocks/block.ts'
import { RequestRefused, type ServeContext } from '../../reqresp/responder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { type answerTip, type HeldBlocks } from './answer-tip.ts'
import { type BlockChecks, falseBlock, verifyFrom } from './asking.ts'

/** What the answer is made of. */
export interface TipSource {
  readonly held: HeldBlocks
  readonly answerTip: typeof answerTip
  /** Resolves once all is stored that the asker's older connections brought: the last block of a dead process. */
  readonly takeInFlight: (context: ServeContext) => Promise<void>
}

/** A verified answer to signed_tip. */
export type VerifiedTip =
  | { readonly relation: 'same' }
  | { readonly relation: 'behind' | 'ahead' | 'conflict'; readonly block: SignedBlock }

/** One answer, whose block has to bear out what is claimed. */
export const SERVED_SIGNED_TIP: CheckedProtocol<
  SignedTipRequest,
  SignedTip,
  TipSource,
  BlockChecks,
  VerifiedTip
> = {
  def: SIGNED_TIP,
  costTokens: 5,
  lane: 'small',
  deadlines: DEADLINES,
  isNeeded: true,
  async *serve({ held, answerTip: answer, takeInFlight }, asked, context) {
    await takeInFlight(context)
    const reply = answer(held, asked)
    if (reply.relation === 'unavailable') throw new RequestRefused('unavailable', reply.reason)
    yield reply
  },
  async *check({ peer, request }, tips, checks) {
    const head = { number: request.number, hash: bytesToHex(request.hash) }
    for await (const tip of tips) {
      if (tip.relation === 'same') {
        yield tip
        continue
      }
      const block = verifyFrom(checks, peer, tip)
      if (tip.relation !== relationTo(head, block)) {
        throw falseBlock(checks, { code: 'relation-false', peer, relation: tip.relation })
      }
      yield { relation: tip.relation, block }
    }
  }
}

function relationTo(head: BlockRef, block: BlockRef): string {
  if (block.number > head.number) return 'ahead'
  if (block.number < head.number) return 'behind'
  return block.hash === head.hash ? 'same' : 'conflict'
}
