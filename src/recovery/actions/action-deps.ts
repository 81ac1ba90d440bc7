// The dependencies of recovery's actions, and their results.
import { type Log } from '../../base/log.ts'
import { type SignedBlock } from '../../chain/blocks/block.ts'
import { type Knowledge } from '../knowledge/knowledge.ts'
import {
  type FetchAncestors,
  type FillGap,
  type RecoveryApply,
  type RecoveryDiffs,
  type RecoveryHistory,
  type RecoveryStates
} from './ports.ts'
import { type RecoveryChain, type RecoveryRecord, type RecoveryState } from '../knowledge/ports.ts'
import { type Progress } from './progress.ts'

/** What the actions work with. */
export interface ActionDeps {
  readonly chain: RecoveryChain
  readonly state: RecoveryState
  readonly apply: RecoveryApply
  readonly diffs: RecoveryDiffs
  readonly states: RecoveryStates
  readonly history: RecoveryHistory
  readonly record: RecoveryRecord
  readonly fillGap: FillGap
  readonly fetchAncestors: FetchAncestors
  readonly knowledge: Knowledge
  readonly progress: Progress
  readonly log: Log
  /** Hands a block to gossip if it is young enough for validators to take it. */
  readonly publish: (block: SignedBlock) => Promise<void>
}

/** Whether an action brought the node forward; one that did not has left its reason in the knowledge. */
export type ActionOutcome = 'progress' | 'failed'
