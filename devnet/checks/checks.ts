// The checks: pure over what was seen from outside. Each names the invariant it holds, and can fail.
import { type Hex } from '../../src/base/bytes.ts'
import { type CheckResult } from '../cluster/report.ts'
import { type RpcBlock } from '../cluster/rpc-client.ts'
import { type LostBlock } from '../scenarios/scenario.ts'
import { type SeenBlock, type SignedBlocks } from '../cluster/signed-blocks.ts'

/** A node's canonical chain by height, from its RPC. */
export type RpcChains = ReadonlyMap<string, ReadonlyMap<number, RpcBlock>>

/**
 * Invariant 1: of two blocks at one height at most one ever reaches another node. It cannot hold for two processes
 * that sign with one key; heights at which each of them signed one block are counted apart, and named.
 */
export function checkNoEquivocation(
  signed: SignedBlocks,
  lost: LostBlock | undefined
): CheckResult {
  const name = 'no-equivocation'
  const doubles = new Map(signed.doubles('announced'))
  for (const [number, blocks] of signed.doubles('signed')) {
    // A block that only its dead signer knew may be replaced; one in the record may not.
    const isForgotten = lost?.number === number && !lost.announced && !lost.recorded
    if (!isForgotten) doubles.set(number, blocks)
  }
  if (signed.count === 0) return { name, ok: false, detail: 'no signed block was seen at all' }
  const apart = [...doubles].filter(([, blocks]) => isOfTwoSequencers(blocks))
  const first = [...doubles].find((double) => !apart.some(([number]) => number === double[0]))
  if (first === undefined) {
    const detail = `${String(signed.count)} signed blocks, one at each height`
    return { name, ok: true, detail: detail + describeApart(apart) }
  }
  const [number, blocks] = first
  return {
    name,
    ok: false,
    detail: `invariant 1 broke: our key signed ${String(blocks.length)} blocks at height ${String(number)}: ${describe(blocks)}`
  }
}

/**
 * Invariant 2: what a backup accepted stays canonical, on every node. What an operator gave up by name is counted
 * apart; to be canonical anywhere would break it.
 */
export function checkAnnouncedKept(
  announced: readonly SeenBlock[],
  chains: RpcChains,
  lost: LostBlock | undefined,
  setAside: readonly Hex[] = []
): CheckResult {
  const name = 'announced-kept'
  const isGivenUp = ({ hash }: SeenBlock) => setAside.includes(hash)
  const givenUp = announced.filter(isGivenUp)
  const wanted: { readonly number: number; readonly hash: Hex }[] = announced.filter(
    (block) => !isGivenUp(block)
  )
  if (lost !== undefined && (lost.announced || lost.recorded)) wanted.push(lost)
  if (wanted.length === 0) return { name, ok: false, detail: 'no announced block was seen at all' }
  for (const { number, hash } of wanted) {
    for (const [node, chain] of chains) {
      const canonical = chain.get(number)?.hash
      if (canonical === hash) continue
      const detail = `invariant 2 broke: block ${String(number)} (${hash}) was to be kept, ${node} has ${canonical ?? 'none'} there`
      return { name, ok: false, detail }
    }
  }
  for (const { number, hash } of givenUp) {
    const back = [...chains].find(([, chain]) => chain.get(number)?.hash === hash)
    if (back === undefined) continue
    const detail = `invariant 2 broke: block ${String(number)} (${hash}) was given up, ${back[0]} has it`
    return { name, ok: false, detail }
  }
  const kept = `${String(wanted.length)} announced blocks are canonical everywhere`
  const apart = `; counted apart: ${String(givenUp.length)} that an operator gave up by name`
  return { name, ok: true, detail: givenUp.length === 0 ? kept : kept + apart }
}

/** Invariants 2 and 5: N is as it was announced, and its child was built on it. */
export function checkBuiltOnN(lost: LostBlock | undefined, chains: RpcChains): CheckResult {
  const name = 'built-on-n'
  if (lost === undefined) return { name, ok: true, detail: 'no block was lost' }
  const mustBeKept = lost.announced || lost.recorded
  for (const [node, chain] of chains) {
    const block = chain.get(lost.number)
    const child = chain.get(lost.number + 1)
    const broke = (number: number, what: string): CheckResult => {
      const place = `${node} at height ${String(lost.number)}`
      return { name, ok: false, detail: `invariant ${String(number)} broke: ${place}: ${what}` }
    }
    if (block === undefined || child === undefined) {
      return broke(5, 'the block or its child is missing')
    }
    if (mustBeKept && block.hash !== lost.hash) {
      return broke(2, `${block.hash} instead of ${lost.hash}`)
    }
    if (child.parentHash !== block.hash) return broke(5, `the child builds on ${child.parentHash}`)
  }
  const kept = mustBeKept ? 'as announced' : 'anew: nobody had it'
  return { name, ok: true, detail: `block ${String(lost.number)} ${kept}, its child builds on it` }
}

/** Invariant 5: all nodes end in the same chain, up to the highest block. */
export function checkHeadsEqual(chains: RpcChains): CheckResult {
  const name = 'heads-equal'
  const heads = [...chains].map(([node, chain]) => ({ node, head: Math.max(...chain.keys(), 0) }))
  const heights = new Set(heads.map(({ head }) => head))
  if (chains.size < 2) return { name, ok: false, detail: 'fewer than two nodes answered' }
  if (heights.size > 1) {
    const list = heads.map(({ node, head }) => `${node} ${String(head)}`).join(', ')
    return { name, ok: false, detail: `invariant 5 broke: heads differ: ${list}` }
  }
  const difference = findDifference(chains, ({ hash }) => hash)
  if (difference !== undefined) {
    return { name, ok: false, detail: `invariant 5 broke: ${difference}` }
  }
  return { name, ok: true, detail: `${String(chains.size)} nodes at ${String(heads[0]?.head)}` }
}

/** Invariant 4 from outside: every node gives the same state root at every height. */
export function checkStateRoots(
  chains: RpcChains,
  balances: ReadonlyMap<string, string>
): CheckResult {
  const name = 'state-root'
  const difference = findDifference(chains, ({ stateRoot }) => stateRoot)
  if (difference !== undefined) {
    return { name, ok: false, detail: `invariant 4 broke: ${difference}` }
  }
  const distinct = new Set(balances.values())
  if (balances.size !== chains.size || distinct.size !== 1) {
    const list = [...balances].map(([node, sums]) => `${node}: ${sums}`).join('; ')
    return {
      name,
      ok: false,
      detail: `invariant 4 broke: token balances differ between nodes: ${list}`
    }
  }
  return { name, ok: true, detail: `same roots and token balances on ${String(chains.size)} nodes` }
}

/** The first height at which two nodes show something else. */
function findDifference(chains: RpcChains, fact: (block: RpcBlock) => Hex): string | undefined {
  const seen = new Map<number, { readonly node: string; readonly value: Hex }>()
  for (const [node, chain] of chains) {
    for (const [number, block] of chain) {
      const value = fact(block)
      const beside = seen.get(number)
      if (beside === undefined) seen.set(number, { node, value })
      else if (beside.value !== value) {
        return `height ${String(number)}: ${beside.node} has ${beside.value}, ${node} has ${value}`
      }
    }
  }
  return chains.size === 0 ? 'no node answered' : undefined
}

/** Each block of the height was signed by one process, and no process signed two of them. */
function isOfTwoSequencers(blocks: readonly SeenBlock[]): boolean {
  const signers = blocks.flatMap(({ signedBy }) => [...signedBy])
  const haveOneEach = blocks.every(({ signedBy }) => signedBy.size === 1)
  return haveOneEach && new Set(signers).size === blocks.length
}

function describeApart(apart: readonly (readonly [number, readonly SeenBlock[]])[]): string {
  const [first] = apart
  if (first === undefined) return ''
  const [number, blocks] = first
  const signers = blocks.map(({ hash, signedBy }) => `${[...signedBy].join()} signed ${hash}`)
  return ` by each sequencer; counted apart: ${String(apart.length)} heights with blocks of two sequencers, at ${String(number)} ${signers.join(' and ')}`
}

function describe(blocks: readonly SeenBlock[]): string {
  return blocks
    .map(({ hash, shownBy }) => `${hash} (shown by ${[...shownBy].join(', ')})`)
    .join(' and ')
}
