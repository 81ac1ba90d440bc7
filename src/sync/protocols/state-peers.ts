// Asking peers for parts of a state: one request a call, resolved with what is verified and with nothing else.
import { type TriePath } from '../../../protocols/trie-nodes/codec.ts'
import { SERVED_ACCOUNT_RANGE, type ProvedAccounts } from './account-range.ts'
import { requestChecked, type RequestChunks } from './asking.ts'
import { SERVED_BYTE_CODES } from './byte-codes.ts'
import { falseState, type StateChecks } from './state-checks.ts'
import { SERVED_STORAGE_RANGES, type ProvedSlots } from './storage-ranges.ts'
import { SERVED_TRIE_NODES } from './trie-nodes.ts'

/** A stretch of the keys of one state; all but its bounds is up to the peer. */
export interface StateStretch {
  /** Of the state. */
  readonly root: Uint8Array
  readonly origin: Uint8Array
  readonly limit: Uint8Array
}

/** An account whose storage is asked for. */
export interface StorageOwner {
  /** Of its address. */
  readonly hash: Uint8Array
  /** As its proved body has it. */
  readonly storageRoot: Uint8Array
}

/** A node that is asked for. */
export interface WantedNode extends TriePath {
  /** Of the node, as its parent in the same state names it. */
  readonly hash: Uint8Array
}

/** What can be asked; each call throws RequestError and FalseStateError. */
export interface StatePeers {
  accounts(peer: string, asked: StateStretch, signal: AbortSignal): Promise<ProvedAccounts>
  /** Owners ascending by hash; with more than one of them, the whole of their storage. */
  slots(
    peer: string,
    asked: StateStretch & { readonly accounts: readonly StorageOwner[] },
    signal: AbortSignal
  ): Promise<ProvedSlots>
  /** Each is one of those asked for, in order, some of them missing. */
  codes(
    peer: string,
    hashes: readonly Uint8Array[],
    signal: AbortSignal
  ): Promise<readonly Uint8Array[]>
  /** One for each of the first of those asked for; undefined where the peer has none there. */
  nodes(
    peer: string,
    root: Uint8Array,
    wanted: readonly WantedNode[],
    signal: AbortSignal
  ): Promise<readonly (Uint8Array | undefined)[]>
}

/** Bytes of an answer: what is checked in a tenth of a second, and lost when a peer fails. */
const ASKED_MAX_BYTES = 512 * 1_024

/** Requests with their checks. */
export function createStatePeers(
  deps: StateChecks & { readonly request: RequestChunks }
): StatePeers {
  const maxBytes = ASKED_MAX_BYTES
  return {
    async accounts(peer, asked, signal) {
      const question = { ...asked, maxBytes }
      const answers = requestChecked(deps, SERVED_ACCOUNT_RANGE, { peer, question }, signal)
      return only(deps, { peer, protocol: SERVED_ACCOUNT_RANGE.def.name }, answers)
    },
    async slots(peer, { accounts, ...stretch }, signal) {
      const question = { ...stretch, accounts: accounts.map(({ hash }) => hash), maxBytes }
      const needs = { ...deps, storageRoots: accounts.map(({ storageRoot }) => storageRoot) }
      const answers = requestChecked(needs, SERVED_STORAGE_RANGES, { peer, question }, signal)
      return only(deps, { peer, protocol: SERVED_STORAGE_RANGES.def.name }, answers)
    },
    async codes(peer, hashes, signal) {
      const question = { hashes, maxBytes }
      const answers = requestChecked(deps, SERVED_BYTE_CODES, { peer, question }, signal)
      return only(deps, { peer, protocol: SERVED_BYTE_CODES.def.name }, answers)
    },
    async nodes(peer, root, wanted, signal) {
      const paths = wanted.map(({ account, path }) => ({ account, path }))
      const needs = { ...deps, hashes: wanted.map(({ hash }) => hash) }
      const question = { root, paths, maxBytes }
      const answers = requestChecked(needs, SERVED_TRIE_NODES, { peer, question }, signal)
      return only(deps, { peer, protocol: SERVED_TRIE_NODES.def.name }, answers)
    }
  }
}

/** The one chunk of an answer; the frame allows no second one. Throws FalseStateError where it ends before it. */
async function only<Item>(
  checks: StateChecks,
  answered: { readonly peer: string; readonly protocol: string },
  answers: AsyncIterable<Item>
): Promise<Item> {
  let answer: { readonly item: Item } | undefined
  for await (const item of answers) answer = { item }
  if (answer !== undefined) return answer.item
  const reason = 'the answer ended before its one chunk'
  throw falseState(checks, { code: 'state-answer-empty', ...answered, reason })
}
