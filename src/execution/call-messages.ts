// What the main thread and the worker that runs calls say to each other. The worker asks for state; it has none.
import { type Hex } from '../base/bytes.ts'
import { type Account } from '../state/state-view.ts'
import { type AccessListOutcome } from './access-list.ts'
import { type EvmBlockFields } from './block-context.ts'
import { type FrameOptions } from './call-frames.ts'
import { type CallRequest } from './call-request.ts'
import { type CallOutcome, type EstimateOutcome } from './run-call.ts'
import { type BlockTrace, type TraceOutcome } from './trace.ts'

/** What a worker is started with. */
export interface CallWorkerData {
  readonly chainId: bigint
  /** A call ends after so long. */
  readonly timeMaxMs: number
}

/** What a trace is told. */
export interface TraceOptions extends FrameOptions {
  /** Of a call's time, when that is to be less. */
  readonly timeoutMs?: number | undefined
}

/** What there is to run. */
export type CallWork =
  | {
      readonly kind: 'call' | 'estimate' | 'access-list'
      readonly request: CallRequest
      readonly header: EvmBlockFields
    }
  | {
      readonly kind: 'trace-call'
      readonly request: CallRequest
      readonly header: EvmBlockFields
      readonly options: TraceOptions
    }
  | { readonly kind: 'trace-block'; readonly trace: BlockTrace; readonly options: TraceOptions }

/** One call to run. */
export interface CallTask {
  readonly kind: 'task'
  readonly id: number
  readonly root: Hex
  readonly work: CallWork
}

/** How any of them ends. */
export type WorkOutcome = CallOutcome | EstimateOutcome | AccessListOutcome | TraceOutcome

/** One read of the state that a call runs on. */
export type StateRead =
  | { readonly what: 'account'; readonly key: Uint8Array }
  | { readonly what: 'storageRoot'; readonly key: Uint8Array }
  | { readonly what: 'code'; readonly key: Uint8Array }
  | { readonly what: 'slot'; readonly key: Uint8Array; readonly slotHash: Uint8Array }
  | { readonly what: 'blockHash'; readonly number: bigint }

/** What a read gives. */
export type ReadValue = Account | Uint8Array | Hex | undefined

/** To the worker. A call that is cancelled is not answered. */
export type ToCallWorker =
  | CallTask
  | { readonly kind: 'value'; readonly id: number; readonly value: ReadValue }
  | { readonly kind: 'cancel'; readonly id: number }

/** From the worker. A call has one read under way at most. */
export type FromCallWorker =
  | { readonly kind: 'read'; readonly id: number; readonly read: StateRead }
  | {
      readonly kind: 'outcome'
      readonly id: number
      readonly outcome: WorkOutcome
    }
  | { readonly kind: 'threw'; readonly id: number; readonly reason: string }
