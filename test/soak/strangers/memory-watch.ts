// The memory of node processes as the system counts it, read a few times a second; on Linux only.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const EVERY_MS = 200
const KIB = 1_024

/** Resident memory of a process in bytes; undefined when it is gone, or the system does not say. */
export async function readMemory(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '')
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]
  return kibibytes === undefined ? undefined : KIB * Number(kibibytes)
}

/** The highest that was seen of each name. */
export class MemoryWatch {
  readonly peakBytes = new Map<string, number>()
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>

  /** Begins; `pids` is asked each time, since nodes are restarted. */
  constructor(pids: () => ReadonlyMap<string, number>) {
    this.#ended = this.#watch(pids)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  async #watch(pids: () => ReadonlyMap<string, number>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const [name, bytes] of await readMemories(pids())) {
        this.peakBytes.set(name, Math.max(bytes, this.peakBytes.get(name) ?? 0))
      }
      await sleep(EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }
}

/** Of each process that is there. */
export async function readMemories(
  pids: ReadonlyMap<string, number>
): Promise<ReadonlyMap<string, number>> {
  const memories = new Map<string, number>()
  for (const [name, pid] of pids) {
    const bytes = await readMemory(pid)
    if (bytes !== undefined) memories.set(name, bytes)
  }
  return memories
}
