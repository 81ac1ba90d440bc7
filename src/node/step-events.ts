// Every step a node reports to its observer; awaited before the next step, so that an observer can hold it.
import { type ApplyStepEvent } from '../apply/applier.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type GateState } from '../recovery/gate.ts'
import { type RecoveryReport, type StageEvent } from '../recovery/actions/progress.ts'
import { type BlockStepEvent } from '../sequencer/sequencer.ts'

/** A signed block was written to the accepted store. */
export interface AcceptedEvent {
  readonly step: 'accepted'
  readonly block: BlockRef
}

/** The gate opened or shut. */
export interface GateEvent {
  readonly step: 'gate'
  readonly state: GateState
}

/** A recovery ended with the gate open. */
export interface RecoveredEvent {
  readonly step: 'recovered'
  readonly report: RecoveryReport
}

/** Any step of any part. */
export type StepEvent =
  BlockStepEvent | ApplyStepEvent | StageEvent | AcceptedEvent | GateEvent | RecoveredEvent

/** Awaited by the sequencer, apply/ and recovery; `gate`, `accepted` and `recovered` are told and not awaited. */
export type OnStep = (event: StepEvent) => Promise<void>

/** Tells the observer without waiting for it. */
export function tell(
  { log, onStep }: { readonly log: Log; readonly onStep: OnStep },
  event: StepEvent
): void {
  onStep(event).catch((thrown: unknown) => {
    log.warn('observer-failed', { step: event.step, reason: errorMessage(thrown) })
  })
}
