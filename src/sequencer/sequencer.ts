// The block loop: build, seal, sign, publish, persist, head.
import { Backoff } from '../base/backoff.ts'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { type PassingCause, passingCause } from '../base/passing-failure.ts'
import { type Service } from '../base/service.ts'
import { type Block, type BlockRef, type SignedBlock } from '../chain/blocks/block.ts'
import { type BuiltPayload, type ExecutionEngine } from '../execution/engine.ts'
import { nextAttributes, type PayloadRules } from './payload-attributes.ts'

/** The gate as the loop uses it; recovery has the only key. */
export interface SequencerGate {
  assertOpen(): void
  waitOpen(signal: AbortSignal): Promise<unknown>
}

/** Signs a sealed block after `recheck` passed and the record is on disk; resolves with what is published. */
export type SignBlock = (sealed: BuiltPayload, recheck: () => void) => Promise<SignedBlock>

/** One finished step of one block; observers are awaited before the next step. */
export interface BlockStepEvent {
  readonly step: 'built' | 'sealed' | 'signed' | 'published' | 'persisted' | 'head-set'
  readonly block: BlockRef
}

/** Why the loop gives up a block and calls recovery. */
export type SequencerFault = 'recovering' | 'state-not-readable' | PassingCause

/** After a block was given up, so that a gate that stays open does not make the loop spin. */
const ABANDONED_PAUSE_MIN_MS = 20
/** The pause doubles up to this while every block is given up. */
const ABANDONED_PAUSE_MAX_MS = 5_000
/** A block is due within a slot; one that is due much later is one of a clock that was set back. */
const EARLY_SLOTS_MAX = 3

/** Dependencies of the loop. */
export interface SequencerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly gate: SequencerGate
  readonly engine: ExecutionEngine
  readonly head: () => Block
  readonly sign: SignBlock
  /** Hands the block to gossip; resolves when it left. Nobody to send to is no error. */
  readonly publish: (block: SignedBlock) => Promise<void>
  /** Persists and sets the head; reports `persisted` and `head-set` itself. */
  readonly persist: (block: SignedBlock) => Promise<void>
  readonly onStep: (event: BlockStepEvent) => Promise<void>
  /** Shuts the gate; recovery finds out what is missing. */
  readonly onFault: (fault: SequencerFault, cause: unknown) => void
}

/** Thrown inside the loop when the head moved or its state is gone while a block was being built. */
class BlockAbandoned extends Error {
  readonly fault: SequencerFault

  constructor(fault: SequencerFault, reason: string) {
    super(reason)
    this.fault = fault
  }
}

/** The running loop. */
export interface Sequencer extends Service {
  /**
   * Resolves when no block stands between its signature and the head. Once the gate is shut no block gets
   * its signature, so that what `head` says after this is all that was signed, unless a write failed.
   */
  settled(): Promise<void>
}

/** Makes the loop; it builds nothing before the gate is open. */
export function createSequencer(deps: SequencerDeps, rules: PayloadRules): Sequencer {
  const { clock, log, gate, onFault } = deps
  let finishing: Promise<void> = Promise.resolve()
  return {
    async settled() {
      await finishing.catch(() => undefined) // the loop itself hears of it
    },
    async run(signal) {
      const backoff = new Backoff({ minMs: ABANDONED_PAUSE_MIN_MS, maxMs: ABANDONED_PAUSE_MAX_MS })
      while (!signal.aborted) {
        try {
          await gate.waitOpen(signal)
          const sealed = await buildBlock(deps, rules, signal)
          finishing = finishBlock(deps, sealed)
          await finishing
          backoff.reset()
        } catch (thrown) {
          if (signal.aborted) return
          log.error('block-abandoned', { reason: errorMessage(thrown) })
          onFault(faultOf(thrown), thrown)
          await clock.sleep(backoff.next(), signal).catch(() => undefined) // aborted: it ends
        }
      }
    }
  }
}

/** One block on the head, from attributes to its seal. */
async function buildBlock(
  { clock, gate, engine, head, onStep }: SequencerDeps,
  rules: PayloadRules,
  signal: AbortSignal
): Promise<BuiltPayload> {
  const parent = head()
  const { attributes, sealAtMs } = nextAttributes(parent, clock.nowMs(), rules)
  const started = await engine.forkchoiceUpdated(parent.hash, attributes)
  if (started.kind !== 'valid' || started.payloadId === undefined) {
    throw new BlockAbandoned(
      'state-not-readable',
      `cannot build on ${parent.hash}: ${started.kind}`
    )
  }
  // Others had their turn while the job started: one that began behind a gate that is shut by now is given up.
  gate.assertOpen()
  const number = parent.number + 1n
  await onStep({ step: 'built', block: { number, hash: parent.hash } })

  await untilDue(clock, sealAtMs, { slotMs: rules.times.blockTimeMs, signal })
  const sealed = await engine.getPayload(started.payloadId)
  await onStep({ step: 'sealed', block: { number, hash: sealed.block.hash } })
  signal.throwIfAborted()
  return sealed
}

/** From the signature to the new head. An abort comes too late for this block. */
async function finishBlock(
  { gate, head, sign, publish, persist, onStep }: SequencerDeps,
  sealed: BuiltPayload
): Promise<void> {
  const { number, hash, parentHash } = sealed.block
  const block: BlockRef = { number, hash }
  const signed = await sign(sealed, () => {
    gate.assertOpen()
    assertSameHead(head().hash, parentHash)
  })
  await onStep({ step: 'signed', block })
  await publish(signed)
  await onStep({ step: 'published', block })
  await persist(signed)
}

/** A clock that is set while the loop sleeps is noticed within a slot; one that was set far back is a fault. */
async function untilDue(
  clock: Clock,
  dueMs: number,
  { slotMs, signal }: { readonly slotMs: number; readonly signal: AbortSignal }
): Promise<void> {
  for (let waitMs = dueMs - clock.nowMs(); waitMs > 0; waitMs = dueMs - clock.nowMs()) {
    if (waitMs > EARLY_SLOTS_MAX * slotMs) {
      throw new BlockAbandoned('recovering', `the block is due in ${String(waitMs)} ms`)
    }
    await clock.sleep(Math.min(waitMs, slotMs), signal)
  }
}

function assertSameHead(now: Hex, parent: Hex): void {
  if (now !== parent)
    throw new BlockAbandoned('recovering', `the head moved from ${parent} to ${now}`)
}

function faultOf(thrown: unknown): SequencerFault {
  if (thrown instanceof BlockAbandoned) return thrown.fault
  return passingCause(thrown) ?? 'recovering'
}
