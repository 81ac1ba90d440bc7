// The command `rekindle` as a process, compiled as it ships.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

/** How a process ended, and all it printed. */
export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Where a command runs; left out: where the tests do. */
export interface CommandSurroundings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Files and sockets that the process may have open; left out: as many as the tests may. */
  readonly filesMax?: number
}

/** Ends what hangs: a start takes a second, and many times that beside other clusters. */
const HANGS_MS = 60_000

/** The compiled command. */
export const CLI = fileURLToPath(new URL('../../bin/rekindle.js', import.meta.url))

/** Runs a command to its end. */
export async function runCommand(...args: readonly string[]): Promise<Ended> {
  return new CommandProcess(args).ended()
}

/** A program that runs. Tests kill what they start. */
export class RunningCommand {
  readonly #child: ChildProcess
  readonly #isGroup: boolean
  #stdout = ''
  #stderr = ''

  /** `isGroup`: it may start others, which are killed with it. */
  constructor(
    [file = '', ...args]: readonly string[],
    { cwd, env = {} }: Omit<CommandSurroundings, 'filesMax'> = {},
    { isGroup = false } = {}
  ) {
    this.#isGroup = isGroup
    this.#child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: isGroup
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Waits for a line of the log. */
  async logged(event: string): Promise<void> {
    const isLogged = () => {
      if (this.#child.exitCode !== null) throw new Error(`the node ended: ${this.#stderr}`)
      return this.#stderr.includes(`"event":"${event}"`)
    }
    await until(`${event} in the log`, isLogged, { withinMs: HANGS_MS })
  }

  async ended(): Promise<Ended> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, 'close')
    }
    return { exitCode: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** SIGKILL, if it still runs. */
  async kill(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child
    if (this.#isGroup && pid !== undefined && exitCode === null && signalCode === null) {
      process.kill(-pid, 'SIGKILL')
    } else {
      this.#child.kill('SIGKILL')
    }
    await this.ended()
  }
}

/** `rekindle` that runs. */
export class CommandProcess extends RunningCommand {
  constructor(args: readonly string[], { filesMax, ...surroundings }: CommandSurroundings = {}) {
    const command = [process.execPath, CLI, ...args]
    const limited = ['sh', '-c', `ulimit -n ${String(filesMax)} && exec "$@"`, 'sh', ...command]
    super(filesMax === undefined ? command : limited, surroundings)
  }
}
