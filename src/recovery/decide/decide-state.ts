// The decision about state, as one pure function: its first match decides (src/recovery/README.md, "Decisions").
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type StateFindings } from './findings.ts'

/** The disk layer's blocks are looked for so often before its state is given up: executing again may take hours. */
export const DISK_LAYER_TRIES_MAX = 3

/** An empty store whose target is further up fetches a state; so does a longer chain of which only genesis can be read. */
export const STATE_FETCH_MIN_BLOCKS = 128n

/** What to do about state. */
export type StateAction =
  /** The disk layer is ahead of the chain: the blocks up to it are wanted before its state counts. */
  | {
      readonly action: 'link-to-disk-layer'
      readonly diskLayer: BlockRef
      readonly isHeard: boolean
    }
  /** Nobody had them yet, and somebody who counts was not heard yet. */
  | {
      readonly action: 'await-disk-layer'
      readonly diskLayer: BlockRef
      readonly reason: string
    }
  /** They cannot be had: the state counts as unreadable, and is begun anew. */
  | {
      readonly action: 'reset-state'
      readonly diskLayer: BlockRef
      readonly reason: string
    }
  | {
      readonly action: 'merge-diffs'
      readonly from: BlockRef
      readonly to: BlockRef
    }
  | {
      readonly action: 're-execute'
      readonly from: BlockRef
      readonly to: BlockRef
    }
  | {
      readonly action: 'fetch-diffs'
      readonly from: BlockRef
      readonly to: BlockRef
    }
  /** A recent state in ranges with proofs, instead of all blocks up to it. */
  | { readonly action: 'fetch-state'; readonly head: BlockRef }
  /** None of the ways is open: a peer, or what it serves, has to come. */
  | { readonly action: 'await-state'; readonly reason: string }
  | { readonly action: 'none' }

/** Total: each input has an action. */
export function decideState(findings: StateFindings): StateAction {
  const { head, diskLayer, readable } = findings
  const canFetchState = findings.stateServed === true && !findings.failed.has('peer-state')
  const fetchState = { action: 'fetch-state', head } as const
  if (findings.isFetchUnderWay) {
    const reason = 'the state that was being fetched is served by no connected peer'
    return findings.stateServed === true ? fetchState : { action: 'await-state', reason }
  }
  if (diskLayer !== undefined && diskLayer.number > head.number) {
    return decideDiskLayer(findings, diskLayer)
  }
  if (isJoinedAbove(findings)) {
    if (canFetchState) return fetchState
    const reason = 'a peer has not said yet whether it serves states'
    if (findings.stateServed === undefined) return { action: 'await-state', reason }
  }
  if (readable?.hash === head.hash) return { action: 'none' }
  if (readable === undefined) {
    return { action: 'await-state', reason: 'no state of our chain is readable' }
  }
  if (findings.diffsStored && !findings.failed.has('diffs')) {
    return { action: 'merge-diffs', from: readable, to: head }
  }
  const canExecute = findings.blocksStored && !findings.failed.has('execution')
  const canFetch = findings.diffsServed && !findings.failed.has('peer-diffs')
  if (canFetch && (findings.executionIsDear || !canExecute)) {
    return { action: 'fetch-diffs', from: readable, to: head }
  }
  // Fetching begins anew: a state that can be read is not given up for it, however far below the head it is.
  const isFar = readable.number === 0n && head.number > STATE_FETCH_MIN_BLOCKS
  if (canFetchState && (isFar || !canExecute)) return fetchState
  if (canExecute) {
    return { action: 're-execute', from: readable, to: head }
  }
  const reason = findings.blocksStored
    ? 'neither diffs nor blocks bridge the gap'
    : 'stored blocks that the gap needs are lost, and have to come back first'
  return { action: 'await-state', reason }
}

/** True for a chain that has genesis alone while the others are far up: no block between is needed to go on from there. */
function isJoinedAbove({ head, target }: StateFindings): boolean {
  return head.number === 0n && target !== undefined && target.number > STATE_FETCH_MIN_BLOCKS
}

/** What the state on disk is worth is known once its block is linked. */
function decideDiskLayer(findings: StateFindings, diskLayer: BlockRef): StateAction {
  const { isDiskLayerSetAside, diskLayerGap, isHeard, failed } = findings
  const reset = (reason: string) => ({ action: 'reset-state', diskLayer, reason }) as const
  if (isDiskLayerSetAside) return reset('an operator decided against its block')
  if (failed.has('disk-layer')) return reset('no block leads to it')
  if (diskLayerGap === undefined) {
    return { action: 'link-to-disk-layer', diskLayer, isHeard }
  }
  const { reason, triesCount } = diskLayerGap
  if (isHeard && triesCount >= DISK_LAYER_TRIES_MAX) return reset(reason)
  return { action: 'await-disk-layer', diskLayer, reason }
}

/** True where the disk layer is ahead of the chain, whatever is to be done about it. */
export function isOfDiskLayer({ action }: StateAction): boolean {
  return DISK_LAYER_ACTIONS.includes(action)
}

const DISK_LAYER_ACTIONS: readonly StateAction['action'][] = [
  'link-to-disk-layer',
  'await-disk-layer',
  'reset-state'
]
