// `rekindle db rewind`: takes a backup's chain back to a lower block, by name (recovery.md, "The operator's exits").
import { type BlockRef } from '../chain/block.ts'
import { heldDescendants } from '../chain/branches.ts'
import { type AddressParsers } from './config-checks.ts'
import {
  type ExitFlags,
  type ExitIo,
  hashFlag,
  heightFlag,
  nameBlock,
  nameBlocks,
  onStoppedNode,
  RefusedError,
  type StoppedNode
} from './stopped-node.ts'

/** Flags of `rekindle db rewind`. */
export interface RewindFlags extends ExitFlags {
  readonly to: string | undefined
}

/** `confirm` is the hash of the head, which is given up. Resolves with the exit code. */
export async function rewindDirectory(
  flags: RewindFlags,
  parsers: AddressParsers,
  io: ExitIo
): Promise<number> {
  return onStoppedNode(flags, { parsers, io }, async (node, say) => {
    const to = heightFlag('to', flags.to)
    const givenUp = await planRewind(node, to, flags.confirm)
    const { stores } = node
    const head = { number: to, hash: stores.blocks.canonicalHash(to) }
    const setAside = givenUp.map(({ hash }) => hash)
    say(`giving up ${nameBlocks(givenUp)}: kept by hash, never taken in again, not even from peers`)
    say('if the sequencer goes on from them, this backup stays behind until it gets another branch')
    await node.rewind({ to, setAside, reason: 'rewound' })
    say(`the chain ends at block ${to.toString()} now; a start recovers from there`)
    return { head, setAsideCount: givenUp.length, setAside: givenUp.slice(0, 20) }
  })
}

async function planRewind(
  { role, stores }: StoppedNode,
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
  if (to >= number) {
    throw new RefusedError(`the head is block ${nameBlock(head)}: there is nothing above ${to}`)
  }
  if (hashFlag('confirm', confirm) !== hash) {
    const lost = number - to
    throw new RefusedError(
      `--confirm must name the head, block ${nameBlock(head)}: it and ${lost - 1n} below it would be given up`
    )
  }
  const canonical: BlockRef[] = []
  for (let height = to + 1n; height <= number; height++) {
    const found = blocks.canonicalHash(height)
    if (found !== undefined) canonical.push({ number: height, hash: found })
  }
  return [...canonical, ...(await heldDescendants(stores, canonical))]
}
