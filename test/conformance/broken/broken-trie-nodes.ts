// Nodes that break one rule of trie_nodes.
import { TRIE_NODES, type TrieNodesRequest } from '../../../protocols/trie-nodes/codec.ts'
import { type BrokenNode } from './broken-node.ts'
import { type FakeState, nodesIn } from './fake-state.ts'
import { brokenFrames, readingOther, sendingOther } from './served-chunk.ts'

const FIXED_BYTES = 40

type Nodes = readonly Uint8Array[]

function rewriting(
  rule: string,
  what: string,
  rewrite: (nodes: Nodes, asked: TrieNodesRequest, state: FakeState) => Nodes
): BrokenNode {
  return sendingOther('trie_nodes', rule, what, (content, request, state) => {
    const { nodes } = TRIE_NODES.chunk.decode(0, content)
    const asked = TRIE_NODES.request.decode(request)
    return TRIE_NODES.chunk.encode({ nodes: rewrite(nodes, asked, state) }).bytes
  })
}

/** A sound request for the root of the account trie, with the root of this one. */
function rootOnly(request: Uint8Array): Uint8Array {
  const path = { account: new Uint8Array(32), path: new Uint8Array() }
  return TRIE_NODES.request.encode({ root: request.slice(0, 32), paths: [path], maxBytes: 0 })
}

/** Each breaks the rule of its line. */
export const BROKEN_TRIE_NODES: readonly BrokenNode[] = [
  readingOther('trie_nodes', 'TN-1', 'does not look at the offset', (request) => {
    const bytes = Uint8Array.from(request)
    if (request.length > FIXED_BYTES) bytes[32] = FIXED_BYTES
    return bytes
  }),
  readingOther('trie_nodes', 'TN-2', 'takes a nibble of 16', (request) =>
    request.length === FIXED_BYTES + 41 && request.at(-1) === 16 ? rootOnly(request) : request
  ),
  readingOther('trie_nodes', 'TN-2', 'takes any number of paths', (request) =>
    request.length > 2 ** 15 ? rootOnly(request) : request
  ),
  ...brokenFrames(
    'trie_nodes',
    { chunk: 'TN-3', bytes: 'TN-4', unavailable: 'TN-7', window: 'TN-8' },
    TRIE_NODES.chunk.encode({ nodes: [new Uint8Array()] }).bytes
  ),
  sendingOther('trie_nodes', 'TN-4', 'sends no node at all', () => Uint8Array.of(4, 0, 0, 0)),
  rewriting('TN-5', 'leaves out what is missing', (nodes) => {
    const found = nodes.filter(({ length }) => length > 0)
    return found.length === 0 ? nodes : found
  }),
  rewriting('TN-5', 'sends another node', (nodes) =>
    nodes.map((node, at) => (at > 1 ? nodes[0]! : node))
  ),
  rewriting('TN-6', 'passes over maxBytes', (nodes, asked, state) =>
    asked.paths.length > 1 ? (nodesIn(state, { ...asked, maxBytes: 2 ** 21 }) ?? nodes) : nodes
  )
]
