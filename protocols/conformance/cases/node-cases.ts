// TN: nodes of the tries of a state, by where they stand.
import { TRIE_PATHS_MAX, type TriePath, type TrieNodesRequest } from '../../trie-nodes/codec.ts'
import { keccak256, toHex } from '../block-maker.ts'
import { type ConformanceCase } from '../conformance-case.ts'
import { accountsOf, nodesOf } from '../served-states.ts'
import { LOWEST_KEY, type NodeQuestion, type StateSurvey } from '../state-survey.ts'
import { byHash, wayAlong } from '../trie-ways.ts'
import { expectRule, requireGiven } from '../verdict.ts'
import { expectRefused, requestsOf } from './refusal.ts'
import {
  checkForm,
  expectCounts,
  type Seen,
  stateAnswerCases,
  type StateProtocol,
  takeValue,
  valuesOf
} from './state-checks.ts'

type Nodes = readonly Uint8Array[]

const NODES: StateProtocol<NodeQuestion, TrieNodesRequest, Nodes> = {
  protocol: 'trie_nodes',
  answers: ({ nodes }) => nodes,
  read: nodesOf,
  rules: {
    ...{ chunk: 'TN-3', bytes: 'TN-4', unavailable: 'TN-7', window: 'TN-8' }
  },
  held: 'several',
  unheld: ['unknown']
}

const OFFSET = 40
const PATH_OFFSET = 36
const NO_NIBBLES = new Uint8Array()

/** Cases of protocols/trie-nodes that ask. */
export const NODE_REQUEST_CASES: readonly ConformanceCase[] = [
  {
    id: 'TN-1 container',
    rules: ['TN-1'],
    title: 'refuses a request with another offset, and one that is cut short',
    run: (subject) =>
      expectRefused(
        subject,
        requestsOf('trie_nodes', [
          ['39 bytes', rawRequest([]).subarray(0, 39)],
          ['offset 41', rawRequest([NO_NIBBLES], { offset: OFFSET + 1 })],
          ['an offset of 37 in a path', rawRequest([NO_NIBBLES], { pathOffset: PATH_OFFSET + 1 })],
          ['35 bytes of a path', rawRequest([NO_NIBBLES]).subarray(0, -1)]
        ])
      )
  },
  {
    id: 'TN-2 paths',
    rules: ['TN-2'],
    title: 'refuses no path, 1025 of them, 65 nibbles, and a nibble of 16',
    run: (subject) =>
      expectRefused(
        subject,
        requestsOf('trie_nodes', [
          ['no path', rawRequest([])],
          ['65 nibbles', rawRequest([new Uint8Array(65)])],
          ['a nibble of 16', rawRequest([Uint8Array.of(16)])],
          ['1025 paths', rawRequest(Array.from({ length: TRIE_PATHS_MAX + 1 }, () => NO_NIBBLES))]
        ])
      )
  }
]

/** Cases of protocols/trie-nodes: what every answer looks like. */
export const NODE_ANSWER_CASES: readonly ConformanceCase[] = [
  ...stateAnswerCases(NODES),
  {
    id: 'TN-4 nodes',
    rules: ['TN-4'],
    title: 'sends at least one node, and none that is too long',
    run: async ({ survey: { state } }) => {
      checkForm(NODES, state, 'field')
    }
  },
  {
    id: 'TN-5 order',
    rules: ['TN-5'],
    title:
      'sends the nodes in the order of the request, and nothing in the place of those that are not there',
    run: async ({ survey: { state } }) => {
      for (const seen of valuesOf(NODES, state)) checkNodes(state, seen)
      takeValue(NODES, state, 'several')
    }
  },
  {
    id: 'TN-6 bytes',
    rules: ['TN-6'],
    title: 'stops before maxBytes is passed, but not before the first node',
    run: async ({ survey: { state } }) => {
      expectCounts([
        ['no bytes', countOf(state, 'no bytes'), 1],
        ['two nodes', countOf(state, 'two'), 2],
        ['a byte less than two nodes', countOf(state, 'less than two'), 1]
      ])
    }
  }
]

/** `paths`: the nibbles of each, in the account trie. */
function rawRequest(
  paths: readonly Uint8Array[],
  { offset = OFFSET, pathOffset = PATH_OFFSET } = {}
): Uint8Array {
  const items = paths.map((path) =>
    Buffer.concat([LOWEST_KEY, Uint8Array.of(pathOffset, 0, 0, 0), path])
  )
  const table = new Uint8Array(4 * items.length)
  const view = new DataView(table.buffer)
  let start = table.length
  for (const [at, { length }] of items.entries()) {
    view.setUint32(4 * at, start, true)
    start += length
  }
  const fixed = [new Uint8Array(32), Uint8Array.of(offset, 0, 0, 0), Uint8Array.of(0, 0, 1, 0)]
  return new Uint8Array(Buffer.concat([...fixed, table, ...items]))
}

/** What stands at a path follows from the nodes that came for the paths above it, and from bodies. */
function checkNodes(
  state: StateSurvey,
  { what, request, value }: Seen<TrieNodesRequest, Nodes>
): void {
  expectRule(value.length <= request.paths.length, `${what}: ${String(value.length)} nodes`)
  for (const [at, node] of value.entries()) {
    const path = requireGiven(request.paths[at], `${what}: a node of no path`)
    const due = hashAt(state, request.root, path)
    if (due === 'unknown') continue
    const got = node.length === 0 ? undefined : toHex(keccak256(node))
    expectRule(
      got === due,
      `${what}: node ${String(at)} is ${String(got)} in place of ${String(due)}`
    )
  }
}

/** Undefined where no node of its own stands there. */
function hashAt(
  state: StateSurvey,
  stateRoot: Uint8Array,
  { account, path }: TriePath
): string | undefined {
  const isState = account.every((byte) => byte === 0)
  const known = state.known.find(({ hash }) => toHex(hash) === toHex(account))
  const root = isState ? stateRoot : known?.storageRoot
  if (root === undefined) return undefined
  const proofs = [...state.accounts.values()].flatMap(
    ({ answer }) => accountsOf(answer)?.value?.proof ?? []
  )
  const way = wayAlong(byHash(proofs), root, path)
  if (path.length === 0) return toHex(root)
  const last = way.at(-1)
  if (last?.encoded === undefined && last?.depth !== path.length) return 'unknown'
  return last.depth === path.length ? last.hash : undefined
}

function countOf(state: StateSurvey, question: NodeQuestion): number {
  return takeValue(NODES, state, question).value.length
}
