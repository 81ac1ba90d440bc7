// What a lying backup answers to `signed_tip`: false claims in turn, none of which the sequencer's key ever signed.
import { type VersionedMessage } from '../../protocols/block-message/message-chunk.ts'
import { SIGNATURE_BYTES } from '../../protocols/block-message/codec.ts'
import { type SignedTipRequest } from '../../protocols/signed-tip/codec.ts'
import { type HeldBlocks, type TipReply } from '../../src/sync/protocols/answer-tip.ts'

/** Blocks below the highest that are shown as if they were above. */
const OLD_BLOCKS = 3n

/** Answers with the next lie each time: an invented block above, an invented conflict, an old block, silence. */
export function createLiar(): (held: HeldBlocks, request: SignedTipRequest) => TipReply {
  const lies = [inventAbove, inventConflict, showOldAsAhead, showOwnAsConflict, hideAll]
  let toldCount = 0
  return (held, request) => {
    const lie = lies[toldCount % lies.length] ?? hideAll
    toldCount += 1
    return lie(held, request)
  }
}

/** A block above, whose signature is not the sequencer's. */
function inventAbove(held: HeldBlocks): TipReply {
  const real = messageAt(held, 0n)
  return real === undefined ? hideAll() : { relation: 'ahead', ...withWrongSignature(real) }
}

function inventConflict(held: HeldBlocks): TipReply {
  const real = messageAt(held, 0n)
  return real === undefined ? hideAll() : { relation: 'conflict', ...withWrongSignature(real) }
}

function showOldAsAhead(held: HeldBlocks): TipReply {
  const old = messageAt(held, OLD_BLOCKS)
  return old === undefined ? hideAll() : { relation: 'ahead', ...old }
}

/** The asker's own block, or the highest, as if it were another one at that height. */
function showOwnAsConflict(held: HeldBlocks, { number }: SignedTipRequest): TipReply {
  const [own] = held.at(number)
  const message = own === undefined ? messageAt(held, 0n) : held.message(own.hash)
  return message === undefined ? hideAll() : { relation: 'conflict', ...message }
}

function hideAll(): TipReply {
  return { relation: 'same' }
}

/** So far below the highest block that is held. */
function messageAt(held: HeldBlocks, below: bigint): VersionedMessage | undefined {
  const highest = held.highest()
  if (highest === undefined) return undefined
  const [block] = held.at(highest.number - below)
  return block === undefined ? undefined : held.message(block.hash)
}

function withWrongSignature({ version, message }: VersionedMessage): VersionedMessage {
  const changed = message.slice()
  for (let at = 0; at < SIGNATURE_BYTES - 1; at++) changed[at]! ^= 0x5a
  return { version, message: changed }
}
