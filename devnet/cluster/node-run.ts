// One start of one node, until its process ends: the process, and what it said of its gate and recovery.
import { type StageName } from '../../src/recovery/actions/progress.ts'
import { GateWatch } from './gate-watch.ts'
import { type NodeMessage } from './messages.ts'
import { type NodeProcess } from './node-process.ts'
import { type StatusSample } from './recovery-samples.ts'
import { type RecoverySection } from './report.ts'

/** What the cluster knows of one start. Times are those of `performance.now()`. */
export class NodeRun {
  readonly name: string
  readonly process: NodeProcess
  /** True when the node ran before on the same data directory. */
  readonly isRestart: boolean
  readonly gateWatch = new GateWatch()
  readonly startedMs: number = performance.now()
  readyMs: number | undefined
  /** When the gate first opened. */
  openedMs: number | undefined
  killedMs: number | undefined
  /** When it was heard that this start signed its first block. */
  firstSignedMs: number | undefined
  isGateOpen = false
  recovery: RecoverySection | undefined
  /** The stage that recovery was last held at. */
  heldStage: StageName | undefined
  failure: string | undefined
  samples: readonly StatusSample[] = []
  /** True once somebody killed it on purpose: it left nothing in order. */
  wasKilled = false

  constructor(name: string, process: NodeProcess, isRestart: boolean) {
    this.name = name
    this.process = process
    this.isRestart = isRestart
  }

  get isAlive(): boolean {
    return this.process.isAlive && !this.wasKilled
  }

  note(message: NodeMessage): void {
    this.gateWatch.take(message)
    if (message.event === 'ready') this.readyMs = performance.now()
    if (message.event === 'recovered') this.recovery = message.recovery
    if (message.event === 'held-stage') this.heldStage = message.stage
    if (message.event === 'failed') this.failure = message.reason
    if (message.event === 'step' && message.step === 'signed') {
      this.firstSignedMs ??= performance.now()
    }
    if (message.event !== 'gate') return
    this.isGateOpen = message.open
    if (message.open) this.openedMs ??= message.atMs - performance.timeOrigin
  }
}
