// Turns of the calls that share one thread: the next goes to the call that has had the least time. Short calls never wait for long ones.
import { type Yielder } from '../base/yielder.ts'

/** Milliseconds of one turn. */
const TURN_MS = 5
/** Calls at a time; one more ends the one that has had the most. */
export const CALLS_MAX = 64
/** What calls may keep in memory together, arrays outside of the heap, before the one that has had the most is ended. */
const ARRAYS_MAX_BYTES = 256 * 2 ** 20

/** Thrown out of a call that has to end; the message is for who made it. */
export class CallAborted extends Error {}

/** One call's share. */
export interface CallTurn extends Yielder {
  /** Ends the call at its next opcode or slice. */
  abort(reason: string): void
  /** Settled or ended: it has no more turns. */
  close(): void
}

interface Share {
  readonly deadlineMs: number
  readonly timeMaxMs: number
  servedMs: number
  abortReason: string | undefined
  /** Goes on where it yielded, or ends there for the given reason. */
  resume: ((abortReason: string | undefined) => void) | undefined
}

/** What the turns are measured with. */
export interface CallTurnsDeps {
  readonly nowMs: () => number
  readonly arraysBytes: () => number
}

/**
 * Deals out turns. Not those of rpc/turns.ts, which share the main thread among clients: here the only share is a call's
 * own time, and a call can be ended in the middle.
 */
export class CallTurns {
  readonly #deps: CallTurnsDeps
  readonly #timeMaxMs: number
  readonly #shares = new Set<Share>()
  #turnStartMs = 0
  #isScheduled = false

  constructor(deps: CallTurnsDeps, { timeMaxMs }: { readonly timeMaxMs: number }) {
    this.#deps = deps
    this.#timeMaxMs = timeMaxMs
  }

  /** A call begins. It may want less time than it could have. */
  open({ timeoutMs = this.#timeMaxMs } = {}): CallTurn {
    if (this.#shares.size >= CALLS_MAX) this.#endLongest('execution aborted: too many calls run')
    const timeMaxMs = Math.min(timeoutMs, this.#timeMaxMs)
    const share: Share = {
      deadlineMs: this.#deps.nowMs() + timeMaxMs,
      timeMaxMs,
      servedMs: 0,
      abortReason: undefined,
      resume: undefined
    }
    this.#shares.add(share)
    return {
      maybeYield: () => this.#maybeYield(share),
      abort: (reason) => {
        share.abortReason ??= reason
      },
      close: () => {
        this.#shares.delete(share)
      }
    }
  }

  #maybeYield(share: Share): Promise<void> | undefined {
    const { nowMs, arraysBytes } = this.#deps
    const now = nowMs()
    const heldMs = now - this.#turnStartMs
    if (heldMs < TURN_MS) return undefined
    share.servedMs += Math.min(heldMs, 2 * TURN_MS)
    if (arraysBytes() > ARRAYS_MAX_BYTES) {
      this.#endLongest('execution aborted: calls take too much memory')
    }
    const ended = this.#endedReason(share, now)
    if (ended !== undefined) throw new CallAborted(ended)
    return new Promise((resolve, reject) => {
      share.resume = (reason) => {
        share.resume = undefined
        if (reason === undefined) resolve()
        else reject(new CallAborted(reason))
      }
      this.#schedule()
    })
  }

  /** One turn of the event loop for each, so that messages come in between. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#deal()
    })
  }

  /** What has to end does so at once: it may be one that would have no turn any more. */
  #deal(): void {
    const nowMs = this.#deps.nowMs()
    let next: Share | undefined
    let waitingCount = 0
    for (const share of this.#shares) {
      if (share.resume === undefined) continue
      const ended = this.#endedReason(share, nowMs)
      if (ended !== undefined) {
        share.resume(ended)
        continue
      }
      waitingCount += 1
      if (next === undefined || share.servedMs < next.servedMs) next = share
    }
    if (next === undefined) return
    if (waitingCount > 1) this.#schedule()
    this.#turnStartMs = nowMs
    next.resume?.(undefined)
  }

  #endedReason(share: Share, nowMs: number): string | undefined {
    if (nowMs > share.deadlineMs) share.abortReason ??= timeoutReason(share.timeMaxMs)
    return share.abortReason
  }

  #endLongest(reason: string): void {
    let longest: Share | undefined
    for (const share of this.#shares) {
      const isCandidate = share.abortReason === undefined
      if (isCandidate && (longest === undefined || share.servedMs > longest.servedMs)) {
        longest = share
      }
    }
    if (longest !== undefined) longest.abortReason = reason
  }
}

/** geth's words. */
function timeoutReason(timeMaxMs: number): string {
  return `execution aborted (timeout = ${String(timeMaxMs / 1_000)}s)`
}
