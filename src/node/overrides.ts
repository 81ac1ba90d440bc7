// What may be replaced in a node's wiring. Production passes nothing; the devnet shows what each part is for.
import { type decideBlocks } from '../recovery/decide/decide.ts'
import { type GateReader } from '../recovery/gate.ts'
import { type StateStoreOptions } from '../state/state-store.ts'
import { type SequencerGate } from '../sequencer/sequencer.ts'
import { type answerTip } from '../sync/protocols/answer-tip.ts'
import { type ServedSources } from '../sync/protocols/served-protocols.ts'
import { type OnStep } from './step-events.ts'

/** All optional; left out means the real thing. */
export interface NodeOverrides {
  readonly onStep?: OnStep
  /** Recovery's decision about blocks and the gate. */
  readonly decide?: typeof decideBlocks
  /** What `signed_tip` answers. */
  readonly answerTip?: typeof answerTip
  /** True for protocols that answer "unavailable", whatever is held. */
  readonly refuses?: (protocol: string) => boolean
  /** What all protocols are served from, made of the real thing. */
  readonly servedSources?: (real: ServedSources) => ServedSources
  /** Bounds of the state in memory; smaller ones flush more often. */
  readonly stateLimits?: Partial<StateStoreOptions>
  /** The gate that the sequencer sees. */
  readonly sequencerGate?: (gate: GateReader) => SequencerGate
}
