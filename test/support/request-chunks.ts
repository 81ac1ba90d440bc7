// Stub peers in the place of the requester.
import { type RequestChunks } from '../../src/sync/protocols/asking.ts'

/**
 * A stub as the requester. What a request yields follows from the protocol it is made with, which the type of a stub
 * that answers several, or any, cannot say: hence the cast.
 */
export function asRequestChunks(
  stub: (peer: string, protocol: unknown, question: never, signal: AbortSignal) => AsyncGenerator
): RequestChunks {
  return stub as unknown as RequestChunks
}
