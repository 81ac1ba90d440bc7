// trie_nodes as this node speaks it: nodes of the tries of one readable state by place (protocols/trie-nodes).
import {
  NODE_OVERHEAD_BYTES,
  TRIE_NODES,
  type TrieNodes,
  type TrieNodesRequest
} from '../../../protocols/trie-nodes/codec.ts'
import { equalBytes } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { createYielder } from '../../base/yielder.ts'
import { type CheckedProtocol, DEADLINES } from '../../reqresp/served-protocol.ts'
import { AnswerRoom, judged, type StateChecks } from './state-checks.ts'
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
    for await (const { nodes } of chunks) {
      const answered = { peer, protocol: TRIE_NODES.name }
      await judged(checks, answered, () => checkNodes(request, nodes, checks.hashes))
      yield nodes.map((node) => (node.length === 0 ? undefined : node))
    }
  }
}

/** Throws RangeError where a node has another hash, and for more of them, or more bytes, than were asked for. */
async function checkNodes(
  { maxBytes }: TrieNodesRequest,
  nodes: readonly Uint8Array[],
  hashes: readonly Uint8Array[]
): Promise<void> {
  const room = new AnswerRoom(maxBytes)
  const yielder = createYielder()
  for (const [at, node] of nodes.entries()) {
    const hash = hashes[at]
    if (hash === undefined) throw new RangeError('more nodes than were asked for')
    room.take(node.length + NODE_OVERHEAD_BYTES)
    if (node.length > 0 && !equalBytes(keccak256(node), hash)) {
      throw new RangeError(`node ${String(at)} has another hash`)
    }
    const pause = yielder.maybeYield()
    if (pause !== undefined) await pause
  }
}
