// trie_nodes as this node speaks it: nodes of the tries of one readable state by place (protocols/trie-nodes).
import {
  TRIE_NODES,
  type TrieNodes,
  type TrieNodesRequest
} from '../../../protocols/trie-nodes/codec.ts'
import { equalBytes } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { falseState, type StateChecks } from './state-checks.ts'
import { requireHeld, type StateSource } from './state-source.ts'

/** What tells whether nodes are those that were asked for. */
export interface NodeChecks extends StateChecks {
  /** The hash of each node of the request, as its parent in the same state names it; for a root, the root. */
  readonly hashes: readonly Uint8Array[]
}

/** Nodes by place; undefined where the peer has none. There may be fewer than were asked for. */
export const SERVED_TRIE_NODES: CheckedProtocol<
  TrieNodesRequest,
  TrieNodes,
  StateSource,
  NodeChecks,
  readonly (Uint8Array | undefined)[]
> = {
  def: TRIE_NODES,
  costTokens: 10,
  lane: 'bulk',
  deadlines: DEADLINES,
  isNeeded: true,
  async *serve({ state }, asked, context) {
    const turns = await state.beginTurns(context)
    yield { nodes: requireHeld(await state.ranges.trieNodes(asked, turns)) }
  },
  async *check({ peer, request }, chunks, checks) {
    const answered = { peer, protocol: TRIE_NODES.name }
    for await (const { nodes } of chunks) {
      if (nodes.length > request.paths.length) {
        const reason = `${String(nodes.length)} nodes`
        throw falseState(checks, { code: 'state-unrequested', ...answered, reason })
      }
      const index = nodes.findIndex(
        (node, at) => node.length > 0 && !equalBytes(keccak256(node), checks.hashes[at]!)
      )
      if (index !== -1) {
        const reason = `node ${String(index)} has another hash`
        throw falseState(checks, { code: 'state-false', ...answered, reason })
      }
      yield nodes.map((node) => (node.length === 0 ? undefined : node))
    }
  }
}
