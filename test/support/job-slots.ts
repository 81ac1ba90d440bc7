// So many jobs side by side and no more; the others wait for their turn, in their order.

/** Runs the work when a slot is free, and resolves with what it brings. */
export type JobSlots = <T>(work: () => Promise<T>) => Promise<T>

/** A cluster mostly waits: for slots, deadlines, quiet times. Several share a machine. */
export function createJobSlots(jobsMax: number): JobSlots {
  const waiting: (() => void)[] = []
  let freeCount = jobsMax
  return async (work) => {
    if (freeCount > 0) freeCount -= 1
    else {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
      })
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) freeCount += 1
      else next()
    }
  }
}
