// `rekindle db rewind`: takes a backup's chain back to a lower block, by name (src/recovery/README.md, "Operator's exits").
import { type BlockRef } from '../chain/blocks/block.ts'
import { canonicalAbove, heldDescendants } from '../chain/stored/branches.ts'
import {
  type ExitFlags,
  hashFlag,
  heightFlag,
  nameBlock,
  nameBlocks,
  operatorExit,
  setAsideFields
} from './operator-exit.ts'
import { RefusedError, type StoppedNode } from './stopped-node.ts'

/** Flags of `rekindle db rewind`. */
export interface RewindFlags extends ExitFlags {
  readonly to: string | undefined
}

/** `confirm` is the hash of the head, which is given up. */
export const rewindDirectory = operatorExit<RewindFlags>(async (node, flags, say) => {
  const to = heightFlag('to', flags.to)
  const givenUp = await planRewind(node, to, flags.confirm)
  const { stores } = node
  const head = { number: to, hash: stores.blocks.canonicalHash(to) }
  const setAside = givenUp.map(({ hash }) => hash)
  say(`giving up ${nameBlocks(givenUp)}: kept by hash, never taken in again, not even from peers`)
  say('if the sequencer goes on from them, this backup stays behind until it gets another branch')
  await node.rewind({ to, setAside, reason: 'rewound' })
  say(`the chain ends at block ${to.toString()} now; a start recovers from there`)
  return { head, ...setAsideFields(givenUp) }
})

async function planRewind(
  { role, stores, leftRecord }: StoppedNode,
  to: bigint,
  confirm: string | undefined
): Promise<readonly BlockRef[]> {
  const { blocks } = stores
  const { number, hash } = blocks.head()
  const head = { number, hash }
  if (role === 'sequencer') {
    throw new RefusedError(
      'a sequencer does not go back on what it announced: use "rekindle db choose" between two branches'
    )
  }
  if (leftRecord !== undefined) {
    throw new RefusedError(
      `the signed record ${leftRecord.path} is still here: what its key announced is not gone back on. Move it to the sequencer with the key first`
    )
  }
  if (to >= number) {
    throw new RefusedError(`the head is block ${nameBlock(head)}: there is nothing above ${to}`)
  }
  const { oldestBlock } = blocks.history()
  if (oldestBlock > 1n && to < oldestBlock) {
    throw new RefusedError(
      `blocks below ${oldestBlock} are not stored here: --to must be one of ${oldestBlock} to ${number - 1n}`
    )
  }
  if (hashFlag('confirm', confirm) !== hash) {
    const lost = number - to
    throw new RefusedError(
      `--confirm must name the head, block ${nameBlock(head)}: it and ${lost - 1n} below it would be given up`
    )
  }
  const canonical = canonicalAbove(stores, to)
  return [...canonical, ...(await heldDescendants(stores, canonical))]
}
