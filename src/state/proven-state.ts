// What is handed to a state that is being fetched: proven leaves with the nodes above them, and who brings more.
import { type AssembledNode } from './assemble-trie.ts'
import { type FetchNodes } from './heal-trie.ts'
import { type TrieOwner } from './trie-ranges.ts'

/** A node of a proven range. All below it is in the range too. */
export type ProvenNode = AssembledNode

/** Proven leaves, ascending, and the nodes between the edges of their range. */
export interface ProvenAccounts {
  readonly accounts: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[]
  readonly nodes: readonly ProvenNode[]
}

/** The same of one account's storage. Values without leading zeros. */
export interface ProvenSlots {
  readonly slots: readonly { readonly hash: Uint8Array; readonly value: Uint8Array }[]
  readonly nodes: readonly ProvenNode[]
}

/** An account whose slots are too many to come at once, and the first of them, one or more. */
export interface LargeBegun {
  readonly addressHash: Uint8Array
  readonly first: ProvenSlots
}

/** Asks for nodes of the account trie, or of an account's storage trie. */
export type FetchTrieNodes = (
  owner: TrieOwner,
  ...wanted: Parameters<FetchNodes>
) => ReturnType<FetchNodes>

/** What healing needs besides nodes. */
export interface HealSources {
  readonly fetchNodes: FetchTrieNodes
  /** Codes that are not stored yet; each is put when it resolves. */
  readonly fetchCodes: (hashes: readonly Uint8Array[]) => Promise<void>
}
