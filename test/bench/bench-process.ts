// A function of a bench in a process of its own: what it takes of time and memory is its alone.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'

/** What such a function is given as JSON, and what it answers. */
type Json = Readonly<Record<string, unknown>>

/** Directory for profiles of the processor (`--cpu-prof`), one a process; unset: none. */
const PROFILE_VARIABLE = 'REKINDLE_BENCH_PROFILE'

/** One process. Its function writes one line of JSON for each answer, and may go on until its input ends. */
export class BenchProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(child: ChildProcess, lines: Interface) {
    this.#child = child
    this.#lines = lines[Symbol.asyncIterator]()
  }

  /** Runs an exported function of a module with the spec. */
  static start(moduleUrl: string, name: string, spec: Json): BenchProcess {
    const first = new URL('../../src/net/promise-with-resolvers.js', import.meta.url)
    const script = `import ${JSON.stringify(first)}
      import { ${name} } from ${JSON.stringify(moduleUrl)}
      await ${name}(${JSON.stringify(spec)})`
    const directory = process.env[PROFILE_VARIABLE]
    const profile =
      directory === undefined
        ? []
        : [
            '--cpu-prof',
            `--cpu-prof-dir=${directory}`,
            `--cpu-prof-name=${name}-${String(performance.now())}.cpuprofile`
          ]
    const flags = [...profile, '--input-type=module', '--eval', script]
    const child = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
    return new BenchProcess(child, createInterface({ input: child.stdout }))
  }

  /** The next answer. Throws when the process ends without one. */
  async answer<Answer>(): Promise<Answer> {
    const next = await this.#lines.next()
    if (next.done === true) throw new Error('a process of the bench ended without an answer')
    return JSON.parse(next.value) as Answer
  }

  /** Ends its input, which ends what it does, and waits for its end. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.stdin?.end()
    await once(this.#child, 'exit')
  }
}

/** One process for one answer. */
export async function answerOf<Answer>(
  moduleUrl: string,
  name: string,
  spec: Json
): Promise<Answer> {
  const running = BenchProcess.start(moduleUrl, name, spec)
  try {
    return await running.answer<Answer>()
  } finally {
    await running.end()
  }
}

/** For the function itself: one answer. */
export function writeAnswer(answer: Json): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

/** For the function itself: settles when nobody needs it any more. */
export async function inputEnds(): Promise<void> {
  process.stdin.resume()
  await once(process.stdin, 'end')
}

/** Of this process so far: milliseconds of processor time, and the most of memory that was resident, in MiB. */
export function usedSoFar(): { readonly cpuMs: number; readonly residentMiB: number } {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return { cpuMs: (userCPUTime + systemCPUTime) / 1_000, residentMiB: maxRSS / 2 ** 10 }
}

/** Beside the lines of a bench: where the time of one run went. */
export function writeNote(note: Json): void {
  process.stderr.write(`${JSON.stringify(note)}\n`)
}
