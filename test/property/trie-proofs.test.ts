// Proofs of keys and of ranges: ours judged by @ethereumjs/mpt, its own judged by ours, and every tampering refused.
import assert from 'node:assert/strict'
import { createMerkleProof, verifyMerkleProof, verifyMerkleRangeProof } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { bytesToHex, equalBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { proveKey, proveRange } from '../../src/trie/proof.ts'
import { RangeProofError, verifyRange } from '../../src/trie/range-proof.ts'
import { createTrie, EMPTY_ROOT } from '../../src/trie/trie.ts'
import { MemoryNodes } from '../support/memory-nodes.ts'
import '../support/fast-check-seed.ts'
import { trieValue } from '../support/trie-arbitraries.ts'
import { oracleOf } from '../support/trie-oracle.ts'

interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Entries with hashed keys, ascending, as state tries have them. */
const entries: fc.Arbitrary<readonly Entry[]> = fc
  .uniqueArray(fc.tuple(fc.nat(500), trieValue), {
    minLength: 1,
    maxLength: 40,
    selector: ([number]) => number
  })
  .map((pairs) =>
    pairs
      .map(([number, value]) => ({ key: keccak256(Uint8Array.of(number >> 8, number)), value }))
      .sort((one, other) => Buffer.compare(one.key, other.key))
  )

function build(all: readonly Entry[]): { readonly nodes: MemoryNodes; readonly root: Uint8Array } {
  const nodes = new MemoryNodes()
  const trie = createTrie(nodes, EMPTY_ROOT)
  for (const { key, value } of all) trie.put(key, value)
  const commit = trie.commit()
  nodes.apply(commit)
  return { nodes, root: commit.root }
}

const keysOf = (all: readonly Entry[]) => all.map(({ key }) => key)
const valuesOf = (all: readonly Entry[]) => all.map(({ value }) => value)
const oracle = (all: readonly Entry[]) =>
  oracleOf(all.map(({ key, value }) => [bytesToHex(key), value] as const))

describe('a proof of one key', () => {
  it('is that of @ethereumjs/mpt, for keys that are there and keys that are not', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.nat(600), async (all, absent) => {
        const { nodes, root } = build(all)
        const trie = await oracle(all)
        const keys = [...keysOf(all), keccak256(Uint8Array.of(absent >> 8, absent, 1))]
        for (const key of keys) {
          const proof = proveKey(nodes, root, key)
          assert.deepEqual(
            proof.map(bytesToHex),
            (await createMerkleProof(trie, key)).map(bytesToHex)
          )
          const proven = await verifyMerkleProof(key, proof, { useKeyHashingFunction: keccak256 })
          const expected = all.find((entry) => equalBytes(entry.key, key))?.value
          assert.deepEqual(proven && bytesToHex(proven), expected ? bytesToHex(expected) : null)
        }
      }),
      { numRuns: 40 }
    )
  })

  it('is empty for an empty trie', () => {
    assert.deepEqual(proveKey(new MemoryNodes(), EMPTY_ROOT, keccak256(Uint8Array.of(1))), [])
  })
})

/** A stretch of the entries, by index. */
const stretch = fc.tuple(entries, fc.nat(), fc.nat()).map(([all, one, other]) => {
  const [first = 0, last = 0] = [one % all.length, other % all.length].sort((a, b) => a - b)
  return { all, first, last }
})

describe('a proof of a range', () => {
  it('holds for every stretch, by our check and by that of @ethereumjs/mpt', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ all, first, last }) => {
        const { nodes, root } = build(all)
        const sent = all.slice(first, last + 1)
        const origin = sent[0]!.key
        const lastKey = sent.at(-1)!.key
        const proof = proveRange(nodes, root, origin, lastKey)
        const claim = { root, origin, keys: keysOf(sent), values: valuesOf(sent), proof }
        assert.deepEqual(verifyRange(claim), { hasMore: last + 1 < all.length })
        const hasMore = await verifyMerkleRangeProof(
          root,
          origin,
          lastKey,
          keysOf(sent),
          valuesOf(sent),
          proof,
          keccak256
        )
        assert.equal(hasMore, last + 1 < all.length)
      }),
      { numRuns: 60 }
    )
  })

  it('takes the proof that @ethereumjs/mpt makes', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ all, first, last }) => {
        const trie = await oracle(all)
        const sent = all.slice(first, last + 1)
        const nodes = new Map<string, Uint8Array>()
        for (const { key } of [sent[0]!, sent.at(-1)!]) {
          for (const node of await createMerkleProof(trie, key)) nodes.set(bytesToHex(node), node)
        }
        const verdict = verifyRange({
          root: trie.root(),
          origin: sent[0]!.key,
          keys: keysOf(sent),
          values: valuesOf(sent),
          proof: [...nodes.values()]
        })
        assert.deepEqual(verdict, { hasMore: last + 1 < all.length })
      }),
      { numRuns: 40 }
    )
  })

  it('proves that nothing follows an origin', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const { nodes, root } = build(all)
        const origin = new Uint8Array(32).fill(0xff)
        const claim = { root, origin, keys: [], values: [], proof: proveRange(nodes, root, origin) }
        assert.deepEqual(verifyRange(claim), { hasMore: false })
        const before = { ...claim, origin: new Uint8Array(32) }
        assert.throws(() => verifyRange(before), RangeProofError)
      }),
      { numRuns: 40 }
    )
  })

  it('needs no proof for the whole trie', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const { root } = build(all)
        const whole = { root, origin: new Uint8Array(32), proof: [] }
        const verdict = verifyRange({ ...whole, keys: keysOf(all), values: valuesOf(all) })
        assert.deepEqual(verdict, { hasMore: false })
        if (all.length === 1) return
        const cut = all.slice(1)
        assert.throws(
          () => verifyRange({ ...whole, keys: keysOf(cut), values: valuesOf(cut) }),
          RangeProofError
        )
      }),
      { numRuns: 40 }
    )
  })

  it('refuses an entry left out, changed, added or moved, and a node changed, missing or too many', () => {
    fc.assert(
      fc.property(stretch, fc.nat(), fc.nat(255), ({ all, first, last }, pick, salt) => {
        const { nodes, root } = build(all)
        const sent = all.slice(first, last + 1)
        const origin = sent[0]!.key
        const proof = proveRange(nodes, root, origin, sent.at(-1)!.key)
        const refuse = (what: string, tampered: readonly Entry[], nodesSent = proof) => {
          const claim = { root, origin, keys: keysOf(tampered), values: valuesOf(tampered) }
          assert.throws(() => verifyRange({ ...claim, proof: nodesSent }), RangeProofError, what)
        }
        const index = pick % sent.length
        const chosen = sent[index]!
        const value = Uint8Array.of(...chosen.value, salt)
        refuse('changed value', sent.with(index, { ...chosen, value }))
        refuse('empty value', sent.with(index, { ...chosen, value: new Uint8Array(0) }))
        const key = Uint8Array.from(chosen.key)
        key[31]! ^= 1
        refuse('changed key', sent.with(index, { ...chosen, key }))
        refuse('twice', [...sent, chosen])
        if (index > 0 && index < sent.length - 1) refuse('left out', sent.toSpliced(index, 1))
        if (sent.length > 1) refuse('out of order', sent.toReversed())
        const node = pick % proof.length
        const bent = Uint8Array.from(proof[node]!)
        bent[bent.length - 1]! ^= 1
        refuse('bent node', sent, proof.with(node, bent))
        refuse('node too many', sent, [...proof, Uint8Array.of(0xc0, salt)])
        if (proof.length > 1) refuse('node missing', sent, proof.toSpliced(node, 1))
      }),
      { numRuns: 60 }
    )
  })

  it('refuses a key below the origin or behind the limit', () => {
    const all = [1, 2, 3, 4].map((number) => ({
      key: new Uint8Array(32).fill(number),
      value: Uint8Array.of(number)
    }))
    const { nodes, root } = build(all)
    const [one, two, three] = keysOf(all)
    const claim = (first: Uint8Array, last: Uint8Array, sent: readonly Entry[]) => ({
      root,
      origin: first,
      keys: keysOf(sent),
      values: valuesOf(sent),
      proof: proveRange(nodes, root, first, last)
    })
    assert.throws(
      () => verifyRange(claim(two!, three!, all.slice(0, 3))),
      /range-key-before-origin/
    )
    const bounded = claim(one!, three!, all.slice(0, 3))
    assert.throws(() => verifyRange({ ...bounded, limit: one! }), /range-key-past-limit/)
    assert.deepEqual(verifyRange({ ...bounded, limit: three! }), { hasMore: true })
  })
})
