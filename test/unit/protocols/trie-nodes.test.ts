// trie_nodes against its vectors: bytes, and what a client makes of an answer.
import assert from 'node:assert/strict'
import { TRIE_NODES } from '../../../protocols/trie-nodes/codec.ts'
import { SERVED_TRIE_NODES } from '../../../src/sync/protocols/trie-nodes.ts'
import {
  itKeepsProtocol,
  itKeepsRequests,
  type ProtocolVectors,
  type RequestVectors
} from '../../support/protocol-tests.ts'
import { assertFailure, fromHex, readVectors, toHex } from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'
import { assertVerdict, type Decision } from '../../support/state-decisions.ts'

interface RequestFields {
  readonly request: {
    readonly root: string
    readonly paths: readonly { readonly account: string; readonly path: string }[]
    readonly maxBytes: number
  }
}

interface NodesFields {
  readonly nodes: readonly string[]
}

interface TrieNodesVectors extends ProtocolVectors, RequestVectors<RequestFields> {
  readonly answers: readonly (NodesFields & { readonly name: string; readonly hex: string })[]
  readonly response: NodesFields & { readonly hex: string }
  readonly decisions: readonly (Decision & { readonly hashes: readonly string[] })[]
}

const vectors = readVectors('trie-nodes') as TrieNodesVectors

describe('trie_nodes', () => {
  itKeepsProtocol(TRIE_NODES, vectors)
  itKeepsRequests(TRIE_NODES, vectors, ({ request: { root, paths, maxBytes } }) => ({
    root: fromHex(root),
    paths: paths.map(({ account, path }) => ({ account: fromHex(account), path: fromHex(path) })),
    maxBytes
  }))

  it('asks for no path that no trie has', () => {
    const { request } = TRIE_NODES
    const asked = { root: new Uint8Array(32), maxBytes: 0 }
    const account = new Uint8Array(32)
    for (const path of [Uint8Array.of(16), new Uint8Array(65)]) {
      assertFailure(() => request.encode({ ...asked, paths: [{ account, path }] }), 'field-invalid')
    }
    const path = new Uint8Array(64).fill(15)
    const short = [{ account: account.subarray(1), path }]
    assertFailure(() => request.encode({ ...asked, paths: short }), 'field-invalid')
    const most = Array.from({ length: 1024 }, () => ({ account, path }))
    assert.equal(
      request.encode({ ...asked, paths: most }).length,
      TRIE_NODES.limits.requestMaxBytes
    )
    assertFailure(
      () => request.encode({ ...asked, paths: [...most, { account, path }] }),
      'field-invalid'
    )
  })

  for (const { name, nodes, hex } of vectors.answers) {
    it(`encodes and decodes an answer: ${name}`, () => {
      const value = { nodes: nodes.map(fromHex) }
      assert.deepEqual(TRIE_NODES.chunk.encode(value), { version: 0, bytes: fromHex(hex) })
      assert.deepEqual(TRIE_NODES.chunk.decode(0, fromHex(hex)), value)
    })
  }

  it('reads a response of one chunk', () => {
    const [chunk, ...others] = readResponse(TRIE_NODES, fromHex(vectors.response.hex))
    assert.ok(chunk !== undefined && others.length === 0)
    assert.deepEqual(chunk.nodes.map(toHex), vectors.response.nodes)
  })

  for (const decision of vectors.decisions) {
    it(`is judged ${decision.verdict}: ${decision.name}`, async () => {
      const hashes = decision.hashes.map(fromHex)
      const nodes = await assertVerdict(SERVED_TRIE_NODES, decision, { hashes })
      if (decision.verdict === 'false') return
      const sent = TRIE_NODES.chunk.decode(0, fromHex(decision.chunk)).nodes
      assert.deepEqual(
        nodes,
        sent.map((node) => (node.length === 0 ? undefined : node))
      )
    })
  }
})
