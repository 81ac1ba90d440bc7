// Turns of the event loop that many pieces of work share: one of them goes on in each, in the order in which they came.

/** Settles when it is the caller's turn: it does one small step, and asks again. Its callers bound how many wait. */
export type NextTurn = () => Promise<void>

/**
 * With slices of their own (yielder.ts) so many pieces of work would hold one turn of the loop for as many slices; with
 * shared turns they hold it for one step, however many they are. JSON-RPC has turns by client beside these
 * (rpc/turns.ts): who is next there goes by the time that each has had; here it goes by the order alone.
 */
export function createSharedTurns(): NextTurn {
  const waiting: (() => void)[] = []
  // What is set within an immediate runs in the next turn of the loop.
  const goOn = () => {
    const next = waiting.shift()
    if (waiting.length > 0) setImmediate(goOn)
    next?.()
  }
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(goOn)
    })
}
