// The gate: the one object that lets the sequencer build. Recovery is its only writer (invariant 3).
import { NodeError } from '../base/node-error.ts'
import { type BlockRef } from '../chain/blocks/block.ts'
import { type GateWait } from './decide/wait-reasons.ts'

/** Why the gate is shut, in stable words for status and JSON-RPC. */
export type ShutReason = 'recovering' | 'process-paused' | 'stopping' | GateWait

/** The gate as it stands. */
export type GateState =
  | { readonly kind: 'shut'; readonly reason: ShutReason }
  | { readonly kind: 'open'; readonly on: BlockRef }

/** What can go wrong at the gate. */
export type GateFailure = { readonly code: 'gate-shut'; readonly reason: ShutReason }

/** Thrown to a builder while the gate is shut. */
export class GateError extends NodeError<GateFailure> {}

/** What the sequencer may do with the gate; `createGate` returns it with the writer's half. */
export interface GateReader {
  state(): GateState
  /** Throws GateError when shut. Called once a build has started, and once more right before a signature. */
  assertOpen(): void
  /** Resolves with the block to build on once the gate is open; rejects when the signal aborts. */
  waitOpen(signal: AbortSignal): Promise<BlockRef>
}

/** The writer's half; only the recovery runner has it. */
export interface GateWriter {
  open(on: BlockRef): void
  shut(reason: ShutReason): void
}

/** A gate that starts shut. `onChange` hears each change, synchronously. */
export function createGate(
  onChange: (state: GateState) => void = () => undefined
): GateReader & GateWriter {
  let current: GateState = { kind: 'shut', reason: 'recovering' }
  const waiting = new Set<(on: BlockRef) => void>()
  return {
    state: () => current,
    assertOpen() {
      if (current.kind === 'shut') {
        throw new GateError({ code: 'gate-shut', reason: current.reason })
      }
    },
    async waitOpen(signal) {
      signal.throwIfAborted()
      if (current.kind === 'open') return current.on
      return new Promise<BlockRef>((resolve, reject) => {
        const onAbort = () => {
          waiting.delete(onOpen)
          reject(signal.reason as Error)
        }
        const onOpen = (on: BlockRef) => {
          signal.removeEventListener('abort', onAbort)
          resolve(on)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.add(onOpen)
      })
    },
    open(on) {
      current = { kind: 'open', on }
      onChange(current)
      const waiters = [...waiting]
      waiting.clear()
      for (const wake of waiters) wake(on)
    },
    shut(reason) {
      current = { kind: 'shut', reason }
      onChange(current)
    }
  }
}
