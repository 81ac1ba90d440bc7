// An attack as a process of its own, begun and ended by the trial.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type AttackOrder } from './attack.ts'

const ENTRY_FILE = fileURLToPath(new URL('./attacker.js', import.meta.url))
/** An attacker that is told to stop and does not is killed. */
const STOP_TIMEOUT_MS = 6_000

/** What it did so far, by name. */
export type AttackCounts = Readonly<Record<string, number>>

/** A running attack. `stop` must be called. */
export class AttackerProcess {
  readonly #child: ChildProcess
  #counts: AttackCounts = {}

  constructor(order: AttackOrder) {
    this.#child = fork(ENTRY_FILE, [JSON.stringify(order)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: []
    })
    this.#child.on('message', (message) => {
      this.#counts = message as AttackCounts
    })
    this.#child.on('error', () => undefined) // its exit tells the rest
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get counts(): AttackCounts {
    return this.#counts
  }

  /** Ends it, and resolves with what it did. */
  async stop(): Promise<AttackCounts> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, 'close')
      this.#child.kill('SIGTERM')
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await closed
      clearTimeout(timer)
    }
    return this.#counts
  }
}
