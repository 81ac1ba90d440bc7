// Proofs of ranges: ours judged by @ethereumjs/mpt, its own judged by ours, and every tampering refused.
import assert from 'node:assert/strict'
import { createMerkleProof, verifyMerkleRangeProof } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { bytesToHex } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { proveRange } from '../../src/trie/proof.ts'
import { type RangeClaim, RangeProofError, verifyRangeInSteps } from '../../src/trie/range-proof.ts'
import '../support/fast-check-seed.ts'
import {
  buildTrie,
  claimOf,
  type RangeEntry,
  split,
  tampered,
  verifyRange
} from '../support/range-claims.ts'
import { keysOfOneLength, trieValue } from '../support/trie-arbitraries.ts'
import { oracleOf } from '../support/trie-oracle.ts'

/** Entries with hashed keys, ascending, as state tries have them; some values so short that nodes are embedded. */
const entries: fc.Arbitrary<readonly RangeEntry[]> = fc
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

/** Keys with long prefixes in common, whose nodes are branches above branches, and some within their parents. */
const clustered = keysOfOneLength.map((keys) =>
  [...keys]
    .sort((one, other) => Buffer.compare(one, other))
    .map((key, index) => ({ key, value: new Uint8Array(1 + (index % 40)).fill(index + 1) }))
)

/** A stretch of at most 16 of the entries, by index. */
const stretchOf = (among: typeof entries) =>
  fc.tuple(among, fc.nat(), fc.nat(15)).map(([all, one, length]) => {
    const first = one % all.length
    return { all, first, last: Math.min(first + length, all.length - 1) }
  })
const stretch = stretchOf(entries)

const oracle = (all: readonly RangeEntry[]) =>
  oracleOf(all.map(({ key, value }) => [bytesToHex(key), value] as const))

const isRefused = (claim: RangeClaim, what: string) => {
  assert.throws(() => verifyRange(claim), RangeProofError, what)
}

describe('a proof of a range', () => {
  it('holds for every stretch, by our check and by that of @ethereumjs/mpt', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ all, first, last }) => {
        const claim = claimOf(all, { first, last })
        const hasMore = last + 1 < all.length
        assert.deepEqual(verifyRange(claim), { hasMore })
        const { root, origin, keys, values, proof } = claim
        const verdict = await verifyMerkleRangeProof(
          root,
          origin,
          keys.at(-1)!,
          [...keys],
          [...values],
          [...proof],
          keccak256
        )
        assert.equal(verdict, hasMore)
      }),
      { numRuns: 110 }
    )
  })

  it('takes the proof that @ethereumjs/mpt makes', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ all, first, last }) => {
        const trie = await oracle(all)
        const sent = split(all.slice(first, last + 1))
        const nodes = new Map<string, Uint8Array>()
        for (const key of [sent.keys[0]!, sent.keys.at(-1)!]) {
          for (const node of await createMerkleProof(trie, key)) nodes.set(bytesToHex(node), node)
        }
        const claim = { root: trie.root(), origin: sent.keys[0]!, ...sent }
        const verdict = verifyRange({ ...claim, proof: [...nodes.values()] })
        assert.deepEqual(verdict, { hasMore: last + 1 < all.length })
      }),
      { numRuns: 40 }
    )
  })

  it('is refused with any leaf changed, left out, added or moved, and any node changed, missing or too many', () => {
    fc.assert(
      fc.property(stretch, ({ all, first, last }) => {
        for (const [what, claim] of tampered(claimOf(all, { first, last }))) isRefused(claim, what)
      }),
      { numRuns: 110 }
    )
  })

  it('has both edges with keys that share prefixes and nodes within nodes, and no lie passes there either', () => {
    fc.assert(
      fc.property(stretchOf(clustered), ({ all, first, last }) => {
        const claim = claimOf(all, { first, last })
        assert.deepEqual(verifyRange(claim), { hasMore: last + 1 < all.length })
        for (const [what, lie] of tampered(claim)) isRefused(lie, what)
      }),
      { numRuns: 40 }
    )
  })

  it('begins at any origin at or below its first key, and proves that nothing lies between', () => {
    fc.assert(
      fc.property(stretch, ({ all, first, last }) => {
        if (first === 0) return
        const { nodes, root } = buildTrie(all)
        const origin = Uint8Array.from(all[first - 1]!.key)
        origin[31]! += origin[31] === 0xff ? 0 : 1
        if (Buffer.compare(origin, all[first - 1]!.key) === 0) return
        const sent = split(all.slice(first, last + 1))
        const proof = proveRange(nodes, root, { origin, last: sent.keys.at(-1) })
        assert.deepEqual(verifyRange({ root, origin, proof, ...sent }), {
          hasMore: last + 1 < all.length
        })
        if (first === last) return
        const cut = split(all.slice(first + 1, last + 1))
        isRefused({ root, origin, proof, ...cut }, 'the first one is left out')
      }),
      { numRuns: 60 }
    )
  })

  it('proves that nothing follows an origin', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const { nodes, root } = buildTrie(all)
        const origin = new Uint8Array(32).fill(0xff)
        const proof = proveRange(nodes, root, { origin, last: undefined })
        const claim = { root, origin, keys: [], values: [], proof }
        assert.deepEqual(verifyRange(claim), { hasMore: false })
        isRefused({ ...claim, origin: new Uint8Array(32) }, 'an origin before the first key')
      }),
      { numRuns: 40 }
    )
  })

  it('is not needed for the whole trie', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const { root } = buildTrie(all)
        const whole = { root, origin: new Uint8Array(32), proof: [] }
        assert.deepEqual(verifyRange({ ...whole, ...split(all) }), { hasMore: false })
        isRefused({ ...whole, ...split(all.slice(1)) }, 'the first one is left out')
      }),
      { numRuns: 40 }
    )
  })

  it('of an empty trie has no entries and no nodes', () => {
    const { nodes, root } = buildTrie([])
    const origin = new Uint8Array(32)
    const claim = { root, origin, keys: [], values: [], proof: [] }
    assert.deepEqual(proveRange(nodes, root, { origin, last: undefined }), [])
    assert.deepEqual(verifyRange(claim), { hasMore: false })
    isRefused({ ...claim, ...split([{ key: origin, value: origin }]) }, 'an entry')
    isRefused({ ...claim, proof: [Uint8Array.of(0x80)] }, 'a node')
  })

  it('is refused before it is hashed when it has more nodes than two edges can have', () => {
    const claim = claimOf([{ key: new Uint8Array(32), value: Uint8Array.of(1) }], {
      first: 0,
      last: 0
    })
    const many = Array.from({ length: 131 }, (_, index) => Uint8Array.of(index))
    assert.throws(() => verifyRange({ ...claim, proof: many }), /proof-nodes-unused unusedCount=1$/)
  })

  it('is checked in many small steps, however long it is', () => {
    const count = 3_000
    const all = Array.from({ length: count }, (_, index) => ({
      key: keccak256(Uint8Array.of(index >> 8, index)),
      value: new Uint8Array(70).fill(index)
    })).sort((one, other) => Buffer.compare(one.key, other.key))
    for (const claim of [
      claimOf(all, { first: 0, last: count - 1 }),
      { ...claimOf(all, { first: 0, last: count - 1 }), proof: [] }
    ]) {
      const steps = verifyRangeInSteps(claim)
      let stepsCount = 0
      while (steps.next().done !== true) stepsCount += 1
      // Once over all entries for their order, and once for their hashes.
      assert.ok(stepsCount > (2 * count) / 150, `${stepsCount} steps`)
    }
  })

  it('is refused with a key below the origin, or two at or behind the limit', () => {
    const all = [1, 2, 3, 4].map((number) => ({
      key: new Uint8Array(32).fill(number),
      value: Uint8Array.of(number)
    }))
    const { nodes, root } = buildTrie(all)
    const [one, two, three] = split(all).keys
    const claim = (origin: Uint8Array) => ({
      root,
      origin,
      ...split(all.slice(0, 3)),
      proof: proveRange(nodes, root, { origin, last: three })
    })
    assert.throws(() => verifyRange(claim(two!)), /range-key-before-origin/)
    assert.throws(() => verifyRange({ ...claim(one!), limit: one! }), /range-key-past-limit/)
    assert.deepEqual(verifyRange({ ...claim(one!), limit: three! }), { hasMore: true })
  })
})
