// Stopping and starting to build by an operator's word: only on the current head, named by its hash.
import { type Hex } from '../base/bytes.ts'
import { type Log } from '../base/log.ts'
import { NodeError } from '../base/node-error.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { formatRef } from './decide/findings.ts'
import { isNamedAtGate, type WaitReason } from './decide/wait-reasons.ts'
import { type GateReader, type GateWriter } from './gate.ts'
import { type Knowledge } from './knowledge/knowledge.ts'
import { type RecoveryChain } from './knowledge/ports.ts'
import { type Waker } from './waker.ts'

/** Why the switch stays as it is. */
export type SequencingFailure =
  | { readonly code: 'sequencing-is-on' }
  | { readonly code: 'sequencing-is-off' }
  | { readonly code: 'not-the-head'; readonly given: Hex; readonly head: BlockRef }

/** Thrown to the operator; nothing has changed then. */
export class SequencingError extends NodeError<SequencingFailure> {}

/** One per sequencer. What it says holds until the process ends: a restart begins switched on. */
export interface SequencingSwitch {
  /** False once stopped, and while another sequencer's block latches the gate: `start` is what it takes. */
  isOn(): boolean
  /** Shuts the gate at once. A block that is signed already still goes its way. Throws SequencingError. */
  stop(): void
  /**
   * On this head and no other: the operator names it by its hash. Lifts the latch of a foreign
   * block. Everybody is asked anew, and what they hold above the head is taken first; only then the gate
   * opens, on the head or on a descendant of it. Throws SequencingError.
   */
  start(hash: Hex): void
}

/** What the switch acts on; recovery is woken to decide again. */
export function createSequencingSwitch(
  {
    chain,
    knowledge,
    gate,
    log
  }: {
    readonly chain: Pick<RecoveryChain, 'head'>
    readonly knowledge: Pick<Knowledge, 'isSequencing' | 'startSequencing' | 'stopSequencing'>
    readonly gate: GateReader & GateWriter
    readonly log: Log
  },
  waker: Pick<Waker, 'wake'>
): SequencingSwitch {
  return {
    isOn: () => knowledge.isSequencing(),
    stop() {
      if (!knowledge.isSequencing()) throw new SequencingError({ code: 'sequencing-is-off' })
      knowledge.stopSequencing()
      gate.shut('sequencing-stopped')
      log.warn('sequencing-stopped', { head: formatRef(chain.head()) })
      waker.wake()
    },
    start(given) {
      if (knowledge.isSequencing()) throw new SequencingError({ code: 'sequencing-is-on' })
      const head = chain.head()
      if (head.hash !== given) throw new SequencingError({ code: 'not-the-head', given, head })
      knowledge.startSequencing()
      gate.shut('recovering')
      log.warn('sequencing-started', { head: formatRef(head) })
      waker.wake()
    }
  }
}

/** A gate that waits for an operator, for its turn, or for room says so, and not that it recovers. */
export function nameShutReason(
  gate: GateReader & GateWriter,
  { code }: Pick<WaitReason, 'code'>
): void {
  const now = gate.state()
  if (isNamedAtGate(code) && now.kind === 'shut' && now.reason !== code) gate.shut(code)
}
