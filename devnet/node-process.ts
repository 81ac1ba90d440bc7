// One node as a process of its own: started, held at a step, killed, stopped, suspended.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BlockFacts, type HoldStep, type NodeMessage, type NodeSpec } from './messages.ts'

/** A node that has not become ready by then has failed to start. */
const START_TIMEOUT_MS = 60_000
/** A clean stop flushes; one that takes longer is a defect. */
const STOP_TIMEOUT_MS = 30_000
/** Last lines of the log shown when a node fails. */
const LOG_TAIL_LINES = 20

/** Where a ready node is reached. */
export interface NodeAddresses {
  readonly peerId: string
  readonly multiaddr: string
  readonly rpcUrl: string
}

export type MessageListener = (message: NodeMessage) => void

/** A running child process; one object per start. */
export class NodeProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #logFile: string
  readonly #listeners = new Set<MessageListener>()

  private constructor(spec: NodeSpec, logFile: string) {
    this.name = spec.name
    this.#logFile = logFile
    const entry = fileURLToPath(new URL('./node-entry.js', import.meta.url))
    this.#child = fork(entry, [JSON.stringify(spec)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: []
    })
    this.#child.stderr?.pipe(createWriteStream(logFile, { flags: 'a' }))
    this.#child.on('message', (message) => {
      for (const listener of this.#listeners) listener(message as NodeMessage)
    })
  }

  /** Starts the process; resolves once it is ready. Throws with the end of its log when it fails. */
  static async start(
    spec: NodeSpec,
    logFile: string,
    listener: MessageListener
  ): Promise<{ process: NodeProcess; addresses: NodeAddresses }> {
    const started = new NodeProcess(spec, logFile)
    started.#listeners.add(listener)
    const ready = await started.waitFor(
      'ready',
      (message) => (message.event === 'ready' ? message : undefined),
      START_TIMEOUT_MS
    )
    const { peerId, multiaddr, rpcUrl } = ready
    return { process: started, addresses: { peerId, multiaddr, rpcUrl } }
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error(`${this.name} has no process`)
    return pid
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Holds the sequencer after the next block's step; resolves with the block it stands at. */
  async holdAt(step: HoldStep, timeoutMs: number): Promise<BlockFacts> {
    const held = this.waitFor(
      `held at ${step}`,
      (message) => (message.event === 'held' && message.step === step ? message.block : undefined),
      timeoutMs
    )
    this.#child.send({ command: 'hold', step })
    return held
  }

  release(): void {
    this.#child.send({ command: 'release' })
  }

  /** SIGKILL: nothing is flushed, no handler runs. */
  async kill(): Promise<void> {
    if (!this.isAlive) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  /** SIGTERM; resolves with the exit code. Kills and throws when the node does not stop. */
  async stop(): Promise<number | null> {
    if (!this.isAlive) return this.#child.exitCode
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(timer)
    if (this.#child.signalCode === 'SIGKILL') {
      throw new Error(`${this.name} did not stop within ${String(STOP_TIMEOUT_MS)} ms`)
    }
    return this.#child.exitCode
  }

  /** SIGSTOP and SIGCONT: the process stands still, its sockets stay open. */
  suspend(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** Resolves with the first value `pick` finds in a message; rejects when the process ends before. */
  async waitFor<T>(
    what: string,
    pick: (message: NodeMessage) => T | undefined,
    timeoutMs: number
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer)
        this.#listeners.delete(listener)
        this.#child.off('exit', onExit)
      }
      const fail = (reason: string) => {
        finish()
        reject(new Error(`${this.name}: ${what}: ${reason}\n${this.#logTail()}`))
      }
      const onExit = (code: number | null, signal: string | null) => {
        fail(`the process ended (${signal ?? `exit code ${String(code)}`})`)
      }
      const listener: MessageListener = (message) => {
        const value = pick(message)
        if (value === undefined) return
        finish()
        resolve(value)
      }
      const timer = setTimeout(() => {
        fail(`not within ${String(timeoutMs)} ms`)
      }, timeoutMs)
      this.#listeners.add(listener)
      this.#child.on('exit', onExit)
    })
  }

  #logTail(): string {
    try {
      return readFileSync(this.#logFile, 'utf8').split('\n').slice(-LOG_TAIL_LINES).join('\n')
    } catch {
      return '(no log)' // it failed before it wrote one
    }
  }
}
