// Why a gossiped message is refused, and which fault of the table (peer/blame.ts) that is.
import { type GossipFailure } from '../../protocols/gossip/codec.ts'
import { type MessageFailure } from '../chain/blocks/verify-message.ts'
import { type Fault } from '../peer/blame.ts'

/** What is wrong with the message itself. Which of these are rejected, and which ignored, block-validation.ts says. */
export type FalseMessage = (GossipFailure | MessageFailure)['code']

/** A sound block that is not for us now. */
export type NotForUs = 'too-old' | 'too-early' | 'repeat' | 'too-many-at-height'

/** For what the peer that passed a message on answers: rejected, or sent too often. */
export type RejectReason = FalseMessage | 'repeated-too-often'

/** The fault of a rejected message; what is ignored is nobody's. */
export function gossipFault(reason: RejectReason): Fault {
  switch (reason) {
    case 'repeated-too-often':
      return 'over-limit'
    // A signer of the schedule made it, and only it can: the peers that passed it on are not to blame.
    case 'block-hash-false':
    case 'blob-field-not-zero':
    case 'block-number-too-large':
    case 'block-number-zero':
    case 'withdrawals-not-empty':
      return 'signers-doing'
    case 'snappy-invalid':
    case 'compressed-too-large':
    case 'decompressed-too-large':
    case 'decompressed-too-small':
    case 'signature-unrecoverable':
    case 'message-malformed':
    case 'signer-not-scheduled':
    case 'signer-of-other-heights':
    case 'transaction-empty':
      return 'false-block'
  }
}
