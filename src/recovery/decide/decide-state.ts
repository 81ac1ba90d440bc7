// The decision about state: rows 4, 12, 8, 9, 10, 11 of recovery.md's table, in that order, pure.
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type StateFindings } from './findings.ts'

/** An empty store whose target lies above this height takes a snapshot of state instead of all blocks. */
export const SNAPSHOT_ABOVE_BLOCKS = 128n

/** The disk layer's blocks are looked for so often before its state is given up: executing again may take hours. */
export const DISK_LAYER_TRIES_MAX = 3

/** What to do about state; `row` is the row of recovery.md's table that matched. */
export type StateAction =
  | { readonly row: 4; readonly action: 'take-journal' }
  | { readonly row: 12; readonly action: 'mend'; readonly what: string }
  /** The disk layer is ahead of the chain: the blocks up to it are wanted before its state counts. */
  | {
      readonly row: 8
      readonly action: 'link-to-disk-layer'
      readonly diskLayer: BlockRef
      readonly isHeard: boolean
    }
  /** Nobody had them yet, and somebody who counts was not heard yet. */
  | {
      readonly row: 8
      readonly action: 'await-disk-layer'
      readonly diskLayer: BlockRef
      readonly reason: string
    }
  /** They cannot be had: the state counts as unreadable, and is begun anew. */
  | {
      readonly row: 8
      readonly action: 'reset-state'
      readonly diskLayer: BlockRef
      readonly reason: string
    }
  | {
      readonly row: 9
      readonly action: 'merge-diffs'
      readonly from: BlockRef
      readonly to: BlockRef
    }
  | {
      readonly row: 10
      readonly action: 're-execute'
      readonly from: BlockRef
      readonly to: BlockRef
    }
  | {
      readonly row: 10
      readonly action: 'fetch-diffs'
      readonly from: BlockRef
      readonly to: BlockRef
    }
  | { readonly row: 11; readonly action: 'fetch-state'; readonly reason: string }
  | { readonly row: undefined; readonly action: 'none' }

/** The first row that matches. Total: each input has an action. */
export function decideState(findings: StateFindings): StateAction {
  const { head, diskLayer, readable } = findings
  if (findings.journalPending) return { row: 4, action: 'take-journal' }
  if (findings.damaged !== undefined) {
    return { row: 12, action: 'mend', what: findings.damaged.what }
  }
  if (diskLayer !== undefined && diskLayer.number > head.number) {
    return decideDiskLayer(findings, diskLayer)
  }
  if (readable?.hash === head.hash) return decideEmptyStore(findings)
  if (readable === undefined) {
    return { row: 11, action: 'fetch-state', reason: 'no state of our chain is readable' }
  }
  if (findings.diffsStored && !findings.failed.has('diffs')) {
    return { row: 9, action: 'merge-diffs', from: readable, to: head }
  }
  const canExecute = findings.blocksStored && !findings.failed.has('execution')
  const canFetch = findings.diffsServed && !findings.failed.has('peer-diffs')
  if (canFetch && (findings.executionIsDear || !canExecute)) {
    return { row: 10, action: 'fetch-diffs', from: readable, to: head }
  }
  if (canExecute) {
    return { row: 10, action: 're-execute', from: readable, to: head }
  }
  const reason = findings.blocksStored
    ? 'neither diffs nor blocks bridge the gap'
    : 'stored blocks that the gap needs are lost, and have to come back first'
  return { row: 11, action: 'fetch-state', reason }
}

/** Row 8: what the state on disk is worth, is known once its block is linked. */
function decideDiskLayer(findings: StateFindings, diskLayer: BlockRef): StateAction {
  const { isDiskLayerSetAside, diskLayerGap, isHeard, failed } = findings
  const reset = (reason: string) => ({ row: 8, action: 'reset-state', diskLayer, reason }) as const
  if (isDiskLayerSetAside) return reset('an operator decided against its block')
  if (failed.has('disk-layer')) return reset('no block leads to it')
  if (diskLayerGap === undefined) {
    return { row: 8, action: 'link-to-disk-layer', diskLayer, isHeard }
  }
  const { reason, triesCount } = diskLayerGap
  if (isHeard && triesCount >= DISK_LAYER_TRIES_MAX) return reset(reason)
  return { row: 8, action: 'await-disk-layer', diskLayer, reason }
}

/** With the head's state readable: nothing to do, unless we are empty and far behind. */
function decideEmptyStore({ head, targetNumber, rangesServed }: StateFindings): StateAction {
  const isFar = targetNumber !== undefined && targetNumber > SNAPSHOT_ABOVE_BLOCKS
  if (head.number === 0n && isFar && rangesServed) {
    return { row: 11, action: 'fetch-state', reason: 'the store is empty and the target is far' }
  }
  return { row: undefined, action: 'none' }
}
