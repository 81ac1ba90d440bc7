// Damaged entries asked for of peers: a liar is told of and passed over, and what nobody has is nobody's fault.
import assert from 'node:assert/strict'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type EntrySource } from '../../../src/state/entry-source.ts'
import { FetchPool } from '../../../src/sync/fetching/fetch-pool.ts'
import { createEntrySource } from '../../../src/sync/fetching/mend-entries.ts'
import { type FalseState } from '../../../src/sync/protocols/state-checks.ts'
import { createStatePeers } from '../../../src/sync/protocols/state-peers.ts'
import { BYTE_CODES } from '../../../protocols/byte-codes/codec.ts'
import { type TrieNodesRequest } from '../../../protocols/trie-nodes/codec.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'

const NODES = [1, 2, 3].map((byte) => new Uint8Array(40).fill(byte))
const CODE = Uint8Array.of(0x60, 1)
const ROOT = new Uint8Array(32).fill(9)

/** What a peer answers in place of the truth; `lacks` names nodes by their path. */
interface Answer {
  readonly nodes?: readonly Uint8Array[]
  readonly codes?: readonly Uint8Array[]
  readonly lacks?: readonly number[]
}
type Answers = Readonly<Record<string, Answer>>

describe('a source of damaged entries', () => {
  let told: FalseState[] = []
  beforeEach(() => {
    told = []
  })

  function sourceOf(answers: Answers): EntrySource {
    const request = async function* (peer: string, def: unknown, asked: unknown) {
      const own = answers[peer]
      await Promise.resolve()
      if (def === BYTE_CODES) yield { codes: own?.codes ?? [CODE] }
      else yield { nodes: own?.nodes ?? trueNodes(asked as TrieNodesRequest, own?.lacks) }
    }
    const onFalse = (failure: FalseState) => void told.push(failure)
    return createEntrySource({
      pool: new FetchPool({ clock: createManualClock(), onSlow: () => undefined }),
      peers: createStatePeers({ request: asRequestChunks(request), onFalse }),
      serving: () => Object.keys(answers),
      isAlone: () => false,
      newerRoots: () => []
    })
  }

  const trueNodes = ({ paths }: TrieNodesRequest, lacks: readonly number[] = []) =>
    paths.map(
      ({ path: [at = 0] }) => (lacks.includes(at) ? undefined : NODES[at]) ?? new Uint8Array()
    )
  const wanted = NODES.map((node, at) => ({
    owner: undefined,
    path: Uint8Array.of(at),
    hash: keccak256(node)
  }))
  const { signal } = new AbortController()

  it('takes nothing of a liar, tells who it was, and has the entry of another peer', async () => {
    const source = sourceOf({ liar: { nodes: [NODES[1]!], codes: [Uint8Array.of(1)] }, honest: {} })
    assert.deepEqual(await source.nodes(ROOT, wanted, signal), NODES)
    assert.deepEqual(await source.code(keccak256(CODE), signal), CODE)
    assert.ok(told.length > 0)
    assert.deepEqual([...new Set(told.map(({ peer }) => peer))], ['liar'])
  })

  it('asks one peer for what another one lacks, and blames neither', async () => {
    const source = sourceOf({ first: { lacks: [1, 2] }, second: { lacks: [0, 1] } })
    assert.deepEqual(await source.nodes(ROOT, wanted, signal), [NODES[0], undefined, NODES[2]])
    assert.deepEqual(told, [])
  })

  it('has nothing where nobody is there to be asked, and knows no more than that', async () => {
    const source = sourceOf({})
    assert.deepEqual(await source.nodes(ROOT, wanted, signal), [undefined, undefined, undefined])
    assert.equal(await source.code(keccak256(CODE), signal), undefined)
  })

  it('has nothing where nobody has it, and nobody is blamed', async () => {
    const source = sourceOf({ one: { lacks: [0] }, other: { lacks: [0] } })
    assert.deepEqual(await source.nodes(ROOT, wanted.slice(0, 1), signal), [undefined])
    assert.deepEqual(told, [])
  })
})
