// Ranges of generated tries with the proofs that we make, and everything that a liar may change of one.
import {
  type RangeClaim,
  type RangeVerdict,
  verifyRangeInSteps
} from '../../src/trie/range-proof.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { proveRange } from '../../src/trie/proof.ts'
import { createTrie, EMPTY_ROOT } from '../../src/trie/trie.ts'
import { MemoryNodes } from './memory-nodes.ts'

/** One entry of a trie. */
export interface RangeEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** The nodes and the root of a trie with these entries. */
export function buildTrie(all: readonly RangeEntry[]) {
  const nodes = new MemoryNodes()
  const trie = createTrie(nodes, EMPTY_ROOT)
  for (const { key, value } of all) trie.put(key, value)
  const commit = trie.commit()
  nodes.apply(commit)
  return { nodes, root: commit.root }
}

/** An honest claim over the entries from `first` to `last`, from the key of the first on. */
export function claimOf(
  all: readonly RangeEntry[],
  { first, last }: { readonly first: number; readonly last: number }
): RangeClaim {
  const { nodes, root } = buildTrie(all)
  const sent = all.slice(first, last + 1)
  const origin = sent[0]?.key ?? new Uint8Array(32).fill(0xff)
  const proof = proveRange(nodes, root, { origin, last: sent.at(-1)?.key })
  return { root, origin, proof, ...split(sent) }
}

/** Keys and values apart, as a claim has them. */
export function split(entries: readonly RangeEntry[]) {
  return { keys: entries.map(({ key }) => key), values: entries.map(({ value }) => value) }
}

/** Every change of one leaf and of one node, by what it is. None of them is a true claim. */
export function* tampered(
  claim: RangeClaim
): Generator<readonly [what: string, claim: RangeClaim], void, undefined> {
  const { keys, values, proof } = claim
  for (const [index, value] of values.entries()) {
    const longer = Uint8Array.of(...value, 1)
    yield [`value ${index}`, { ...claim, values: values.with(index, longer) }]
    yield [`no value ${index}`, { ...claim, values: values.with(index, new Uint8Array(0)) }]
    yield [`key ${index}`, { ...claim, keys: keys.with(index, beside(keys[index]!)) }]
    yield [
      `twice ${index}`,
      {
        ...claim,
        keys: keys.toSpliced(index, 0, keys[index]!),
        values: values.toSpliced(index, 0, value)
      }
    ]
    const added = Buffer.compare(beside(keys[index]!), keys[index]!) > 0 ? index + 1 : index
    yield [
      `added ${index}`,
      {
        ...claim,
        keys: keys.toSpliced(added, 0, beside(keys[index]!)),
        values: values.toSpliced(added, 0, value)
      }
    ]
    // Without its last entries a claim is another true one, of a shorter range, but for its proof.
    const isLast = index === keys.length - 1
    const isAlone = keys.length === 1
    if (isLast && !isAlone) continue
    yield [
      `left out ${index}`,
      { ...claim, keys: keys.toSpliced(index, 1), values: values.toSpliced(index, 1) }
    ]
  }
  for (const [index, node] of proof.entries()) {
    for (const at of [0, node.length >> 1, node.length - 1]) {
      const bent = Uint8Array.from(node)
      bent[at]! ^= 1
      yield [`node ${index} at ${at}`, { ...claim, proof: proof.with(index, bent) }]
    }
    yield [`node ${index} twice`, { ...claim, proof: [...proof, node] }]
    if (proof.length > 1) yield [`no node ${index}`, { ...claim, proof: proof.toSpliced(index, 1) }]
  }
  yield ['a node too many', { ...claim, proof: [...proof, keccak256(Uint8Array.of(1))] }]
}

function beside(key: Uint8Array): Uint8Array {
  const other = Uint8Array.from(key)
  other[other.length - 1]! ^= 1
  return other
}

/** Checks a claim at once. Throws RangeProofError. */
export function verifyRange(claim: RangeClaim): RangeVerdict {
  const steps = verifyRangeInSteps(claim)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}
