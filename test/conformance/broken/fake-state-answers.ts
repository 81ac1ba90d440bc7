// The four protocols of state as a fake answers them: the request's bytes in, the response's bytes out.
import {
  ACCOUNT_RANGE,
  type AccountRangeRequest,
  encodeAccountRange
} from '../../../protocols/account-range/codec.ts'
import { BYTE_CODES } from '../../../protocols/byte-codes/codec.ts'
import { encodeStorageRanges, STORAGE_RANGES } from '../../../protocols/storage-ranges/codec.ts'
import { TRIE_NODES } from '../../../protocols/trie-nodes/codec.ts'
import { decoded, okChunk, refusal } from './fake-frames.ts'
import { codesIn, type FakeState, nodesIn, rangeOf, slotsIn } from './fake-state.ts'

/** Protocols of state. */
export type StateProtocolName = 'account_range' | 'storage_ranges' | 'byte_codes' | 'trie_nodes'

/** Sound answers. */
export function stateAnswers(
  state: FakeState
): Readonly<Record<StateProtocolName, (request: Uint8Array) => Uint8Array>> {
  return {
    account_range: (request) =>
      decoded(
        () => ACCOUNT_RANGE.request.decode(request),
        (asked) => serveAccounts(state, asked)
      ),
    storage_ranges: (request) =>
      decoded(
        () => STORAGE_RANGES.request.decode(request),
        (asked) => {
          const served = slotsIn(state, asked)
          return served === undefined ? unheld() : okChunk(encodeStorageRanges(served))
        }
      ),
    byte_codes: (request) =>
      decoded(
        () => BYTE_CODES.request.decode(request),
        (asked) => {
          const codes = codesIn(state, asked)
          return codes.length === 0 ? unheld() : okChunk(BYTE_CODES.chunk.encode({ codes }).bytes)
        }
      ),
    trie_nodes: (request) =>
      decoded(
        () => TRIE_NODES.request.decode(request),
        (asked) => {
          const nodes = nodesIn(state, asked)
          return nodes === undefined ? unheld() : okChunk(TRIE_NODES.chunk.encode({ nodes }).bytes)
        }
      )
  }
}

/** An answer to account_range, whatever the request asks for. */
export function serveAccounts(state: FakeState, asked: AccountRangeRequest): Uint8Array {
  const served = rangeOf(state, asked)
  return served === undefined ? unheld() : okChunk(encodeAccountRange(served))
}

function unheld(): Uint8Array {
  return refusal('unavailable', 'not held')
}
