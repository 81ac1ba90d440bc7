// Bytes that traces may hold: each of them, and all that are made at a time.

/** Text of one trace: most of what one answer of RPC may have. */
export const TRACE_MAX_BYTES = 16 * 2 ** 20
/** Text of all traces that are made at a time. */
const TRACES_MAX_BYTES = 32 * 2 ** 20

/** Thrown out of a trace that holds too much; the message is for who asked for it. */
export class TraceTooLarge extends Error {}

/** One trace's share. */
export interface TraceShare {
  /** Throws TraceTooLarge. */
  charge(bytes: number): void
  /** Gives all of it back. */
  release(): void
}

/** What all traces of one thread share. */
export class TraceMemory {
  #heldBytes = 0

  open(): TraceShare {
    let ownBytes = 0
    return {
      charge: (bytes) => {
        ownBytes += bytes
        this.#heldBytes += bytes
        if (ownBytes > TRACE_MAX_BYTES) {
          const most = String(TRACE_MAX_BYTES / 2 ** 20)
          throw new TraceTooLarge(
            `the trace has more than ${most} MiB: ask for less, with onlyTopCall`
          )
        }
        if (this.#heldBytes > TRACES_MAX_BYTES) {
          throw new TraceTooLarge('traces take too much memory here: ask again later')
        }
      },
      release: () => {
        this.#heldBytes -= ownBytes
        ownBytes = 0
      }
    }
  }
}
