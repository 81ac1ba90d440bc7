// `rekindle db choose`: one of two branches under one key, by name (src/recovery/README.md, "Operator's exits").
import { type Hex } from '../base/bytes.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { canonicalAbove, heldDescendants, traceBranch } from '../chain/stored/branches.ts'
import { type SignedRecord } from '../signer/signed-record.ts'
import {
  type ExitFlags,
  hashFlag,
  nameBlock,
  nameBlocks,
  operatorExit,
  setAsideFields
} from './operator-exit.ts'
import { checkRelease, RefusedError, type StoppedNode } from './stopped-node.ts'

/** Flags of `rekindle db choose`. */
export interface ChooseFlags extends ExitFlags {
  readonly branch: string | undefined
}

/** What a choice comes to. */
interface Choice {
  /** Where the chain ends afterwards; the chosen branch follows from there. */
  readonly to: BlockRef
  readonly givenUp: readonly BlockRef[]
  /** The record's tip, when the record holds blocks of the branch that is given up. */
  readonly released: BlockRef | undefined
  /** Heights above it are released. */
  readonly above: bigint
}

/** `confirm` is the hash of the block chosen against. */
export const chooseBranch = operatorExit<ChooseFlags>(async (node, flags, say) => {
  const branch = hashFlag('branch', flags.branch)
  const other = hashFlag('confirm', flags.confirm)
  const choice = await planChoice(node, branch, other)
  const { to, givenUp, released, above } = choice
  say(`choosing the branch of ${branch}`)
  say(`giving up ${nameBlocks(givenUp)}, signed by our key: users may have seen them`)
  say('they are kept by hash, shut no gate, and are never taken in again, not even from peers')
  if (released !== undefined) {
    say(`the signed record lets go of its heights above ${above}, up to ${nameBlock(released)}`)
  }
  const setAside = givenUp.map(({ hash }) => hash)
  await node.rewind({ to: to.number, setAside, reason: 'chosen-against' })
  if (released !== undefined) await node.record?.release(above, released.hash)
  say(`the chain ends at block ${nameBlock(to)} now; a start takes in what the branch has above it`)
  return { head: to, ...setAsideFields(givenUp), recordReleasedAbove: released && above }
})

async function planChoice(
  { stores, record }: StoppedNode,
  branch: Hex,
  other: Hex
): Promise<Choice> {
  if (branch === other) throw new RefusedError('--branch and --confirm name the same block')
  const { blocks, accepted } = stores
  if (accepted.setAsideReason(branch) !== undefined) {
    throw new RefusedError(`${branch} was itself set aside: ${accepted.setAsideReason(branch)}`)
  }
  const chosen = traceBranch(stores, branch)
  if (chosen === undefined)
    throw new RefusedError(`${branch} is not held here: see rekindle status`)
  if (chosen.fork === undefined) {
    const from = chosen.missing === undefined ? 'genesis' : `block ${nameBlock(chosen.missing)}`
    throw new RefusedError(
      `the branch of ${branch} cannot be followed down to our chain: ${from} is not held. Start the node beside a peer that has it first`
    )
  }
  const against = accepted.acceptedBlock(other)
  if (against === undefined) {
    throw new RefusedError(`${other} is not held here, so it is not what is chosen against`)
  }
  const isOurs = blocks.canonicalHash(against.number) === other
  const to = isOurs ? chosen.fork : keptHead(stores, chosen.path)
  const roots = isOurs ? canonicalAbove(stores, to.number) : besideRoots(stores, other, chosen.path)
  const isAncestor = roots.length === 0 || (isOurs && against.number <= to.number)
  const isDescendant = isOurs
    ? chosen.path.length === 0
    : traceBranch(stores, other)?.path.some(({ hash }) => hash === branch)
  if (isAncestor || isDescendant === true) {
    throw new RefusedError(`${branch} and ${other} are of one branch: there is nothing to choose`)
  }
  const givenUp = [...roots, ...(await heldDescendants(stores, roots))]
  const held = record && heldAgainst(record, stores, { to, path: chosen.path, givenUp })
  if (record && held) checkRelease(record, held.above, held.tip.hash)
  return { to, givenUp, released: held?.tip, above: held?.above ?? to.number }
}

/** Both branches stand beside our chain, or ours is the chosen one: then it stays as it is. */
function keptHead({ blocks }: StoppedNode['stores'], path: readonly BlockRef[]): BlockRef {
  const { number, hash } = blocks.head()
  const [first] = path
  if (first === undefined || first.number > number) return { number, hash }
  throw new RefusedError(
    `our chain, up to block ${nameBlock({ number, hash })}, is a third branch: name it with --branch or --confirm`
  )
}

/** The other branch down to where it leaves ours or the chosen one, and one block further where that is known by its hash alone. */
function besideRoots(
  stores: StoppedNode['stores'],
  other: Hex,
  chosenPath: readonly BlockRef[]
): readonly BlockRef[] {
  const shared = new Set(chosenPath.map(({ hash }) => hash))
  const { path = [], missing } = traceBranch(stores, other) ?? {}
  const roots = missing === undefined ? path : [missing, ...path]
  return roots.filter(({ hash }) => !shared.has(hash))
}

/** Undefined when the record is on the chosen branch; else from where on it is not. */
function heldAgainst(
  record: SignedRecord,
  { blocks }: StoppedNode['stores'],
  chain: {
    readonly to: BlockRef
    readonly path: readonly BlockRef[]
    readonly givenUp: readonly BlockRef[]
  }
): { readonly tip: BlockRef; readonly above: bigint } | undefined {
  const { tip } = record
  if (tip === undefined) return undefined
  const { to, path, givenUp } = chain
  const onPath = new Map(path.map(({ number, hash }) => [number, hash]))
  const kept = (number: bigint) =>
    number <= to.number ? blocks.canonicalHash(number) : onPath.get(number)
  const top = path.at(-1)?.number ?? to.number
  let above = tip.number < top ? tip.number : top
  // Above the chosen branch's end the record may hold what was built on it: its entry below tells.
  while (above > 0n && record.hashAt(above) === undefined) above -= 1n
  const isOnBranch = record.hashAt(above) === kept(above) || above === 0n
  if (isOnBranch && !givenUp.some(({ hash }) => hash === tip.hash)) return undefined
  while (above > 0n && record.hashAt(above) !== kept(above)) above -= 1n
  return { tip, above }
}
