// `npm run devnet`: a scenario from flags to exit code, with its progress, its prompt and its report.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type CommandIo, EXIT_CODE } from '../../src/cli/command-io.ts'
import { type DevnetFlags, parseFlags } from './cli-flags.ts'
import { runMakeChain } from './make-chain-command.ts'
import { UnusableDirectoryError } from '../cluster/claim-directory.ts'
import { describeError } from '../cluster/condition.ts'
import { NODE_ENTRY_FILE } from '../cluster/node-process.ts'
import { createObserver } from '../cluster/observer.ts'
import { ProgressLines } from './progress-lines.ts'
import { assertLoadPackages, MissingPackagesError } from '../load/load-packages.ts'
import { openPrompt, type Prompt } from './prompt.ts'
import { type CheckResult, type ScenarioReport, Timeline } from '../cluster/report.ts'

/** npm passes on to its script what a terminal has sent to both: that is one signal, not two. */
const SAME_SIGNAL_MS = 500

/** A command's surroundings, and the terminal that the prompt is shown on. */
export interface DevnetIo extends Omit<CommandIo, 'env' | 'isTerminal'> {
  readonly input: NodeJS.ReadableStream
  /** Undefined unless a person types and reads there. */
  readonly terminal: NodeJS.WritableStream | undefined
  readonly hasColor: (stream: 'stdout' | 'stderr') => boolean
  /** Calls back when the process ends, however it ends. */
  readonly onExit: (listener: () => void) => void
}

/** Resolves with the exit code: 0 only when every check held. */
export async function runDevnet(args: readonly string[], io: DevnetIo): Promise<number> {
  const parsed = parseFlags(args)
  if (parsed.kind === 'chain') return runMakeChain(parsed.flags, io)
  if (parsed.kind !== 'flags') {
    if (parsed.kind === 'help') io.print(parsed.text)
    else io.complain(parsed.text)
    return parsed.kind === 'help' ? EXIT_CODE.good : EXIT_CODE.badUsage
  }
  const { flags } = parsed
  let directory: string
  let report: ScenarioReport
  try {
    assertLoadPackages()
    directory = await directoryFor(flags, io)
    report = await runFlags(flags, directory, io)
  } catch (thrown) {
    io.complain(`rekindle-devnet: ${describeError(thrown)}\n`)
    const isBadUsage =
      thrown instanceof UnusableDirectoryError || thrown instanceof MissingPackagesError
    return isBadUsage ? EXIT_CODE.badUsage : EXIT_CODE.failed
  }
  if (report.ok && flags.directory === undefined) {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  } else {
    io.complain(`the cluster's directory is kept: ${directory}\n`)
  }
  if (flags.isJson) io.print(`${JSON.stringify(report)}\n`)
  return report.ok ? EXIT_CODE.good : EXIT_CODE.failed
}

/** The one that was named, which may not be there yet, or a new one. Throws UnusableDirectoryError. */
async function directoryFor(
  { directory }: DevnetFlags,
  { cwd }: Pick<DevnetIo, 'cwd'>
): Promise<string> {
  if (directory !== undefined) return resolve(cwd, directory)
  try {
    return await mkdtemp(join(tmpdir(), 'rekindle-devnet-'))
  } catch (thrown) {
    const reason = 'no temporary directory can be made; --dir names one elsewhere'
    throw new UnusableDirectoryError(reason, { cause: thrown })
  }
}

/** Throws when the cluster cannot be made; whatever happens afterwards is in the report. */
async function runFlags(
  flags: DevnetFlags,
  directory: string,
  io: DevnetIo
): Promise<ScenarioReport> {
  // It imports the load's packages: help and their absence are answered without.
  const { ScenarioRun } = await import('../harness/run-scenario.ts')
  const stop = new AbortController()
  const { signal } = stop
  const progress = new Progress(flags, io)
  const { timeline } = progress
  const entryFile = NODE_ENTRY_FILE
  const made = { directory, timeline, signal, entryFile, createObserver }
  const run = await ScenarioRun.open({ ...flags, ...made })
  io.onExit(() => {
    run.killNow()
  })
  let interruptedMs = 0
  const interrupt = () => {
    if (signal.aborted) {
      if (performance.now() - interruptedMs < SAME_SIGNAL_MS) return
      run.killNow()
      io.exitNow(EXIT_CODE.failed)
    }
    interruptedMs = performance.now()
    progress.prompt = undefined
    progress.say('stopping all nodes; once more kills them')
    stop.abort(new Error('it was interrupted'))
  }
  const forgetSignals = io.onStopSignal(interrupt)
  try {
    await run.act()
    const checks = signal.aborted ? [] : await run.look()
    if (!flags.exits && !signal.aborted) {
      progress.checks(checks)
      run.resume()
      progress.say('the cluster stays up; "help" lists what it can be told')
      const { input, terminal } = io
      const print = (line: string) => {
        progress.say(line)
      }
      const promptIo = { input, terminal, print, onInterrupt: interrupt }
      const prompt = openPrompt(run.cluster, promptIo, signal)
      progress.prompt = prompt
      await prompt.ended
      progress.prompt = undefined
      if (!signal.aborted) await run.look()
    }
  } catch (thrown) {
    timeline.add('devnet', 'scenario-failed', { reason: describeError(thrown) })
  }
  const report = await run.close()
  forgetSignals()
  progress.checks(report.checks)
  return report
}

/** Says what happens while it happens: on stdout, or beside the JSON object on stderr. */
class Progress {
  readonly timeline: Timeline
  prompt: Prompt | undefined
  readonly #lines: ProgressLines
  readonly #write: (text: string) => void
  readonly #isTerminal: boolean

  constructor({ isJson }: DevnetFlags, io: DevnetIo) {
    this.#lines = new ProgressLines({ hasColor: io.hasColor(isJson ? 'stderr' : 'stdout') })
    this.#write = isJson ? io.complain : io.print
    this.#isTerminal = io.terminal !== undefined
    this.timeline = new Timeline((entry) => {
      const line = this.#lines.line(entry)
      if (line !== undefined) this.say(line)
    })
  }

  say(line: string): void {
    // The line that is being typed is wiped, and shown again below what is said.
    const wipe = this.prompt !== undefined && this.#isTerminal ? '\r\u001b[K' : ''
    this.#write(`${wipe}${line}\n`)
    this.prompt?.refresh()
  }

  checks(checks: readonly CheckResult[]): void {
    for (const check of checks) this.say(this.#lines.check(check))
  }
}
