// Asking a peer and checking its answer: requests as a port, and what a peer served that is of no use.
import { type ProtocolDef } from '../../../protocols/protocol-def.ts'
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { NodeError } from '../../base/node-error.ts'
import { type SignedBlock } from '../../chain/blocks/block.ts'
import { isSendersFault, MessageError } from '../../chain/blocks/verify-message.ts'
import { type CheckedProtocol } from '../../reqresp/served-protocol.ts'

/** Sends one request and yields the decoded chunks; the request engine satisfies it. */
export type RequestChunks = <Request, Chunk>(
  peer: string,
  def: ProtocolDef<Request, Chunk>,
  request: Request,
  signal: AbortSignal
) => AsyncIterable<Chunk>

/** Sends one request and yields what its answer stands for. Throws what the request and the checks throw. */
export function requestChecked<Request, Chunk, Needs, Item>(
  deps: Needs & { readonly request: RequestChunks },
  protocol: CheckedProtocol<Request, Chunk, never, Needs, Item>,
  { peer, question }: { readonly peer: string; readonly question: Request },
  signal: AbortSignal
): AsyncGenerator<Item> {
  const chunks = deps.request(peer, protocol.def, question, signal)
  return protocol.check({ peer, request: question }, chunks, deps)
}

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

/** What checks of blocks need. */
export interface BlockChecks {
  readonly verify: VerifyMessage
  /** Hears of each false block, to score the peer. */
  readonly onFalse: (failure: PeerBlocksFailure) => void
}

/** The block of a message that the peer served. Throws PeerBlocksError. */
export function verifyFrom(
  { verify, onFalse }: BlockChecks,
  peer: string,
  message: VersionedMessage
): SignedBlock {
  return verifiedFrom({ onFalse }, peer, () => verify(message))
}

/** What `verify` makes of something that the peer served. Throws PeerBlocksError where it throws; `codeOf` says of whose doing. */
export function verifiedFrom<Verified>(
  { onFalse }: Pick<BlockChecks, 'onFalse'>,
  peer: string,
  verify: () => Verified,
  codeOf: (thrown: unknown) => 'block-false' | 'block-unusable' = blockFailureCode
): Verified {
  try {
    return verify()
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw falseBlock({ onFalse }, { code: codeOf(thrown), peer, reason }, thrown)
  }
}

/** The error to throw; the peer's failure has been told by then. */
export function falseBlock(
  { onFalse }: Pick<BlockChecks, 'onFalse'>,
  failure: PeerBlocksFailure,
  cause?: unknown
): PeerBlocksError {
  onFalse(failure)
  return new PeerBlocksError(failure, { cause })
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
