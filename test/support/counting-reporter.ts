// mocha's spec reporter, which also says why tests were skipped and writes the true counts to the file
// that REKINDLE_TEST_RESULTS names, for `.ci/run`.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import Mocha from 'mocha'
import { projectRoot } from './project-root.ts'
import { skipReason } from './skip.ts'

/** How long a run may take to close its sockets, timers and processes. */
const LINGER_MAX_MS = 10_000

/** What a run came to. A run that was cut short leaves no such file. */
export interface TestResults {
  readonly passed: number
  /** Failed tests and hooks, and 1 when the run left something open that kept it alive. */
  readonly failed: number
  readonly skipped: number
  /** Tests that a failed hook kept from being run; in none of the other counts. */
  readonly notRun: number
  /** Milliseconds of tests and hooks by compiled file, from the project's root. */
  readonly fileMs: Readonly<Record<string, number>>
  /** What failed, each with the beginning of its message: told again where a long run ends. */
  readonly failures: readonly string[]
}

/** Lines of a message that are told again. */
const FAILURE_LINES_MAX = 12

/** Prints as `spec` does; counts; ends a run that does not end by itself, as a failure. */
class CountingReporter extends Mocha.reporters.Spec {
  readonly #fileMs: Record<string, number> = {}
  readonly #failures: string[] = []
  #endedCount = 0

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    const { EVENT_TEST_END, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_HOOK_END, EVENT_RUN_END } =
      Mocha.Runner.constants
    const skipped: Mocha.Test[] = []
    runner.on(EVENT_TEST_END, (test) => {
      this.#endedCount++
      this.#addTime(test)
    })
    runner.on(EVENT_HOOK_END, (hook) => {
      this.#addTime(hook)
    })
    runner.on(EVENT_TEST_FAIL, (test, error: unknown) => {
      this.#failures.push(`${test.fullTitle()}: ${beginningOf(error)}`)
    })
    runner.on(EVENT_TEST_PENDING, (test) => skipped.push(test))
    runner.on(EVENT_RUN_END, () => {
      printSkipped(skipped)
      const results = this.#results(runner)
      if (results.notRun > 0) print(`${results.notRun} tests did not run, after a failed hook`)
      writeResults(results)
      endIfLingering(results)
    })
  }

  #results(runner: Mocha.Runner): TestResults {
    const { passes, failures, pending } = runner.stats ?? { passes: 0, failures: 1, pending: 0 }
    const notRun = runner.total - this.#endedCount
    const [fileMs, told] = [this.#fileMs, this.#failures]
    return { passed: passes, failed: failures, skipped: pending, notRun, fileMs, failures: told }
  }

  #addTime({ file, duration }: Mocha.Runnable): void {
    if (file === undefined) return
    const path = relative(projectRoot, file)
    this.#fileMs[path] = (this.#fileMs[path] ?? 0) + (duration ?? 0)
  }
}

// mocha takes a reporter from the default export of its module.
// eslint-disable-next-line no-restricted-syntax -- mocha looks for it there and nowhere else
export default CountingReporter

function beginningOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n').slice(0, FAILURE_LINES_MAX).join('\n')
}

function printSkipped(tests: readonly Mocha.Test[]): void {
  for (const test of tests) {
    print(`skipped: ${test.fullTitle()}: ${skipReason(test) ?? 'no reason given'}`)
  }
}

function writeResults(results: TestResults): void {
  const path = process.env.REKINDLE_TEST_RESULTS
  if (path !== undefined && path !== '') writeFileSync(path, `${JSON.stringify(results)}\n`)
}

/** The timer holds nothing by itself: it fires only where something else keeps the process alive. */
function endIfLingering(results: TestResults): void {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ')
    print(`the tests are over, but something keeps the process alive: ${open}`)
    writeResults({ ...results, failed: results.failed + 1 })
    process.once('exit', () => {
      process.exitCode = 1
    })
    process.exit(1)
  }, LINGER_MAX_MS).unref()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
