// One node as a process of its own: started, held at a step, killed, stopped, suspended.
import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type LoopDelay } from './loop-delay.ts'
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

/** Hears everything a node says, in its order. */
export type MessageListener = (message: NodeMessage) => void

/** What a process is made of and writes to. */
export interface NodeFiles {
  /** The script that composes the node; the devnet's own unless a test brings another. */
  readonly entryFile: string
  readonly logFile: string
  /** How many files and sockets it may have open; what the starting process may without. Takes `prlimit`, of Linux. */
  readonly filesMax?: number | undefined
}

/** The devnet's own node entry, bundled as the command is. */
export const NODE_ENTRY_FILE: string = fileURLToPath(
  new URL('../../bin/node-entry.js', import.meta.url)
)

/** A running child process; one object per start. */
export class NodeProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #logFile: string
  readonly #listeners = new Set<MessageListener>()
  /** Settles when the process is gone and its last message was heard. */
  readonly #closed: Promise<void>

  constructor(spec: NodeSpec, { logFile, entryFile, filesMax }: NodeFiles) {
    this.name = spec.name
    this.#logFile = logFile
    const logDescriptor = openSync(logFile, 'a')
    this.#child = fork(entryFile, [JSON.stringify(spec)], {
      // A group of its own: Ctrl-C in a terminal is for the cluster alone, which then stops its nodes.
      detached: true,
      // The file itself: what a node writes last is in it when the node is gone.
      stdio: ['ignore', 'ignore', logDescriptor, 'ipc'],
      ...(filesMax === undefined ? { execArgv: [] } : limitFiles(filesMax))
    })
    closeSync(logDescriptor)
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', () => {
        resolve()
      })
    })
    this.#child.on('error', () => undefined) // a channel that broke; its exit tells the rest
    this.#child.on('message', (message) => {
      for (const listener of this.#listeners) listener(message as NodeMessage)
    })
  }

  static spawn(spec: NodeSpec, files: NodeFiles, listener: MessageListener): NodeProcess {
    const spawned = new NodeProcess(spec, files)
    spawned.#listeners.add(listener)
    return spawned
  }

  /** Resolves once the node says that it is ready; kills it and throws with the end of its log when it does not. */
  async untilReady(): Promise<NodeAddresses> {
    try {
      const ready = await this.waitFor(
        'ready',
        (message) => (message.event === 'ready' ? message : undefined),
        START_TIMEOUT_MS
      )
      const { peerId, multiaddr, rpcUrl } = ready
      return { peerId, multiaddr, rpcUrl }
    } catch (thrown) {
      await this.kill()
      throw thrown
    }
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error(`${this.name} has no process`)
    return pid
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Undefined while it runs; null when a signal ended it. */
  get exitCode(): number | null | undefined {
    return this.isAlive ? undefined : this.#child.exitCode
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

  /** Lets a held sequencer go on. */
  release(): void {
    if (this.isAlive) this.#child.send({ command: 'release' })
  }

  /** Its clock goes on so far off the machine's; 0: right again. */
  setClock(offsetMs: number): void {
    if (this.isAlive) this.#child.send({ command: 'set-clock', offsetMs })
  }

  /** The node measures the delay of its event loop from now on. */
  measureLoop(): void {
    if (this.isAlive) this.#child.send({ command: 'measure-loop' })
  }

  /** What it measured; rejects when it is gone, or kept from answering for so long. */
  async readLoop(timeoutMs: number): Promise<LoopDelay> {
    const read = this.waitFor(
      'event-loop delay',
      (message) => (message.event === 'loop' ? message : undefined),
      timeoutMs
    )
    if (this.isAlive) this.#child.send({ command: 'read-loop' })
    const { p99Ms, maxMs, samplesCount } = await read
    return { p99Ms, maxMs, samplesCount }
  }

  /** SIGKILL: nothing is flushed, no handler runs. Resolves when all that it ever said was heard. */
  async kill(): Promise<void> {
    this.killNow()
    await this.#closed
  }

  /** SIGKILL, without waiting for its end: all that a process can do which ends itself. */
  killNow(): void {
    if (this.isAlive) this.#child.kill('SIGKILL')
  }

  /**
   * SIGTERM; resolves with the exit code when all that it ever said was heard. Kills and throws when the node does
   * not stop.
   */
  async stop(): Promise<number | null> {
    if (!this.isAlive) return this.#child.exitCode
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#closed
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
      if (!this.isAlive) {
        reject(new Error(`${this.name}: ${what}: the process is not running\n${this.#logTail()}`))
        return
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

/** Soft and hard limit are one: Node raises the soft one by itself. */
function limitFiles(filesMax: number) {
  const limit = String(filesMax)
  return { execPath: 'prlimit', execArgv: [`--nofile=${limit}:${limit}`, process.execPath] }
}
