// What operators decided against, as recovery meets it: such a block matches no row, nor does what stands on it.
import { type Hex } from '../base/bytes.ts'
import { type BlockRef } from '../chain/block.ts'
import { type ActionDeps } from './action-deps.ts'
import { formatRef } from './findings.ts'
import { type RecoveryChain } from './ports.ts'

/** Held ancestors that are looked at; a longer branch is looked at again from where it ends. */
const ANCESTORS_MAX = 16_384

/** The block and its held ancestors, down to the first that is canonical, or to the last that is held. */
export function heldAncestors(chain: RecoveryChain, tip: Hex): readonly BlockRef[] {
  const found: BlockRef[] = []
  let block = chain.acceptedBlock(tip)
  while (block !== undefined && found.length < ANCESTORS_MAX) {
    const { number, hash, parentHash } = block
    if (chain.canonicalHash(number) === hash) break
    found.push({ number, hash })
    block = chain.acceptedBlock(parentHash)
  }
  return found
}

/**
 * True when the block stands on one that was set aside; it and all between are set aside with it then. Only
 * held blocks tell.
 */
export async function followsSetAside(chain: RecoveryChain, tip: Hex): Promise<boolean> {
  if (!chain.hasSetAside()) return false
  const ancestors = heldAncestors(chain, tip)
  const at = ancestors.findIndex(({ hash }) => {
    const parent = chain.acceptedBlock(hash)?.parentHash
    return chain.isSetAside(hash) || (parent !== undefined && chain.isSetAside(parent))
  })
  if (at < 0) return false
  const hashes = ancestors.slice(0, at + 1).map(({ hash }) => hash)
  await chain.setAside(
    hashes.filter((hash) => !chain.isSetAside(hash)),
    'chosen-against'
  )
  return true
}

/** Row 13's exit: what of the branch is known by its hash, and what the record holds above the head. */
export async function giveUp(
  { chain, record, log }: Pick<ActionDeps, 'chain' | 'record' | 'log'>,
  { target, above }: { readonly target: BlockRef; readonly above: BlockRef }
): Promise<void> {
  const branch = heldAncestors(chain, target.hash).filter(({ number }) => number > above.number)
  const lowest = branch.at(-1)
  const parent = lowest && chain.acceptedBlock(lowest.hash)?.parentHash
  const unknown =
    lowest !== undefined && parent !== undefined && lowest.number - 1n > above.number
      ? [{ number: lowest.number - 1n, hash: parent }]
      : []
  const recorded = record.heightsAbove(above.number)
  const all = new Map([...branch, ...unknown, ...recorded, target].map((one) => [one.hash, one]))
  // First the marks: until the record lets go, nothing may be signed there.
  await chain.setAside([...all.keys()], 'given-up')
  if (recorded.length > 0) await record.release(above.number)
  const sorted = [...all.values()].sort((a, b) => Number(a.number - b.number))
  log.warn('given-up', {
    above: formatRef(above),
    count: sorted.length,
    first: formatRef(sorted[0] ?? target),
    last: formatRef(sorted.at(-1) ?? target)
  })
}
