// The trie tests that Ethereum publishes: in one batch, committed after each step, read anew for each step, in any order.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { bytesToNibbles } from '../../../src/trie/nibbles.ts'
import { TrieBuilder } from '../../../src/trie/trie-builder.ts'
import { createTrie, EMPTY_ROOT } from '../../../src/trie/trie.ts'
import { iterateEntries, walkTrie } from '../../../src/trie/trie-walk.ts'
import { MemoryNodes } from '../../support/memory-nodes.ts'
import { projectPath } from '../../support/project-root.ts'

interface PublishedTest {
  readonly file: string
  readonly name: string
  readonly keys: 'plain' | 'hashed'
  readonly root: Hex
  readonly in: readonly (readonly [key: string, value: string | null])[]
}

/** Undefined deletes. */
type Step = readonly [key: Uint8Array, value: Uint8Array | undefined]

const PATH = projectPath('test', 'fixtures', 'trie-tests.json')
const { tests } = JSON.parse(readFileSync(PATH, 'utf8')) as {
  readonly tests: readonly PublishedTest[]
}

describe('the published trie tests', () => {
  it('are all there', () => {
    assert.equal(tests.length, 23)
    assert.ok(tests.some(({ in: steps }) => steps.some(([, value]) => value === null)))
  })

  for (const published of tests) {
    const { file, name, root } = published
    it(`${file} ${name}`, () => {
      const steps = toSteps(published)
      for (const order of file.startsWith('trieanyorder') ? ordersOf(steps) : [steps]) {
        for (const commitEvery of [order.length, 1]) {
          for (const isKept of [true, false]) {
            const { nodes, got } = carryOut(order, { commitEvery, isKept })
            assert.equal(bytesToHex(got), root)
            assertHolds(nodes, got, steps)
          }
        }
      }
    })
  }
})

function carryOut(
  steps: readonly Step[],
  { commitEvery, isKept }: { readonly commitEvery: number; readonly isKept: boolean }
): { readonly nodes: MemoryNodes; readonly got: Uint8Array } {
  const nodes = new MemoryNodes()
  let got = EMPTY_ROOT
  let trie = createTrie(nodes, got)
  for (const [index, [key, value]] of steps.entries()) {
    if (value === undefined) trie.delete(key)
    else trie.put(key, value)
    if ((index + 1) % commitEvery !== 0 && index + 1 < steps.length) continue
    const commit = trie.commit()
    nodes.apply(commit)
    got = commit.root
    if (!isKept) trie = createTrie(nodes, got)
  }
  return { nodes, got }
}

/** The entries that are left, in key order, in exactly the nodes that are stored; built from them the root is the same. */
function assertHolds(nodes: MemoryNodes, root: Uint8Array, steps: readonly Step[]): void {
  const left = new Map<string, Uint8Array>()
  for (const [key, value] of steps) {
    if (value === undefined) left.delete(bytesToHex(key))
    else left.set(bytesToHex(key), value)
  }
  const sorted = [...left].sort(([one], [other]) => (one < other ? -1 : 1))
  const entries = [...iterateEntries(nodes, root)].map(({ key, value }) => [bytesToHex(key), value])
  assert.deepEqual(entries, sorted)
  const walked = [...walkTrie(nodes, root)].filter(({ kind }) => kind === 'node')
  assert.equal(walked.length, nodes.size)
  const builder = new TrieBuilder()
  for (const [key, value] of sorted) builder.add(bytesToNibbles(hexToBytes(key)), value)
  assert.deepEqual(builder.finish(), root)
}

function toSteps({ keys, in: steps }: PublishedTest): readonly Step[] {
  return steps.map(([key, value]) => {
    const bytes = toBytes(key)
    return [
      keys === 'hashed' ? keccak256(bytes) : bytes,
      value === null ? undefined : toBytes(value)
    ]
  })
}

function toBytes(text: string): Uint8Array {
  return text.startsWith('0x') ? hexToBytes(text) : new TextEncoder().encode(text)
}

function ordersOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  if (steps.length <= 1) return [steps]
  return steps.flatMap((first, at) =>
    ordersOf(steps.filter((_, other) => other !== at)).map((rest) => [first, ...rest])
  )
}
