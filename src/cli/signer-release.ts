// `rekindle signer release`: frees heights that the signed record bars, by name (src/recovery/README.md, "Operator's exits").
import { heldDescendants } from '../chain/stored/branches.ts'
import {
  type ExitFlags,
  hashFlag,
  heightFlag,
  nameBlock,
  nameBlocks,
  operatorExit,
  setAsideFields
} from './operator-exit.ts'
import { checkRelease, RefusedError, type StoppedNode } from './stopped-node.ts'

/** Flags of `rekindle signer release`. */
export interface ReleaseFlags extends ExitFlags {
  readonly above: string | undefined
}

/** `confirm` is the hash of the record's last block. */
export const releaseHeights = operatorExit<ReleaseFlags>(async (node, flags, say) => {
  const above = heightFlag('above', flags.above)
  const { record, tip } = checkNode(node, above)
  const confirm = hashFlag('confirm', flags.confirm)
  if (confirm !== tip.hash) {
    throw new RefusedError(
      `--confirm must name the last block that was signed, ${nameBlock(tip)}: it and all above ${above} would be given up`
    )
  }
  checkRelease(record, above, confirm)
  const recorded = [...record.heightsAbove(above)]
  const givenUp = [...recorded, ...(await heldDescendants(node.stores, recorded))]
  say(`giving up ${nameBlocks(givenUp)}: our key signed them, and may sign others in their place`)
  say('if another node holds one of them, and another block is built there, the key has signed two')
  // First the marks: until the record lets go, nothing may be signed there.
  const setAside = givenUp.map(({ hash }) => hash)
  await node.stores.accepted.setAside(setAside, 'released')
  await record.release(above, confirm)
  say(`heights above ${above} are free; the next start asks the backups before it builds there`)
  return { tip: record.tip, ...setAsideFields(givenUp) }
})

function checkNode({ role, stores, record }: StoppedNode, above: bigint) {
  if (role !== 'sequencer') throw new RefusedError('a backup signs nothing and has no record')
  if (record === undefined) throw new RefusedError('the signed record is off')
  const { tip } = record
  if (tip === undefined || tip.number <= above) {
    const last = tip === undefined ? 'it holds nothing' : `its last block is ${nameBlock(tip)}`
    throw new RefusedError(`the record bars no height above ${above}: ${last}`)
  }
  const { number, hash } = stores.blocks.head()
  if (number > above) {
    throw new RefusedError(
      `our own chain goes up to block ${nameBlock({ number, hash })}: only heights above it can be released`
    )
  }
  return { record, tip }
}
