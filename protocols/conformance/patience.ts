// Patience: how long the suite waits for what a node does, or watches for what it must not do.
//
// It is counted in time in which this process ran: a wait that ends because we stalled says nothing of the node. A
// stall, of the machine or by work of our own in this thread, uses up one step however long it was. A fake stalls with
// us and gets its turns all the same; what a node elsewhere sent meanwhile is read before the patience is over, so for
// it too the wall clock sets no end.

/** Waits advance in steps of this length, which is also the most that one step uses up. */
const STEP_MS = 10

/** Runs down step by step. */
export class Patience {
  #leftMs: number

  constructor(ms: number) {
    this.#leftMs = ms
  }

  get isOver(): boolean {
    return this.#leftMs <= 0
  }

  /** From now on no more is left than this. */
  limit(ms: number): void {
    this.#leftMs = Math.min(this.#leftMs, ms)
  }

  /** Waits for one step. `onStart` is given what ends it earlier. */
  async step(onStart: (end: () => void) => void = () => undefined): Promise<void> {
    const startMs = performance.now()
    await new Promise<void>((resolve) => {
      // Timers come before input in a turn of the event loop: what waits to be read is read first.
      const timer = setTimeout(() => setImmediate(resolve), STEP_MS)
      onStart(() => {
        clearTimeout(timer)
        resolve()
      })
    })
    this.#leftMs -= Math.min(performance.now() - startMs, STEP_MS)
  }
}

/** True as soon as it holds, false when so much patience is used up. */
export async function waitUntil(holds: () => boolean, withinMs: number): Promise<boolean> {
  const patience = new Patience(withinMs)
  while (!holds()) {
    if (patience.isOver) return false
    await patience.step()
  }
  return true
}

/** Lets a node do what it will for so long. */
export async function watch(ms: number): Promise<void> {
  await waitUntil(() => false, ms)
}

/** Runs with a signal that aborts when so much patience is used up. */
export async function withPatience<T>(
  withinMs: number,
  run: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  const ending = new AbortController()
  let leftMs = withinMs
  const timer = setInterval(() => {
    leftMs -= STEP_MS
    if (leftMs <= 0) ending.abort(new Error(`it takes more than ${String(withinMs)} ms`))
  }, STEP_MS)
  try {
    return await run(ending.signal)
  } finally {
    clearInterval(timer)
  }
}
