// One batch of test files in a mocha process of its own: what it printed, and what it came to.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants as accessModes, readFileSync, statfsSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { type TestResults } from '../support/counting-reporter.ts'
import { projectPath, projectRoot } from '../support/project-root.ts'
import { type Batch, type LaneName } from './plan.ts'

/** How a batch ended. */
export interface BatchOutcome {
  readonly batch: Batch
  readonly output: string
  readonly elapsedMs: number
  /** Undefined: the process ended before its tests did. */
  readonly results: TestResults | undefined
  readonly exitCode: number | null
}

/** What every batch of a run shares. */
export interface BatchOptions {
  /** Runs only tests whose full name matches, as mocha's `--grep`. */
  readonly grep: string | undefined
  /** One for the whole run: repeats its properties. */
  readonly seed: number
  /** For the file that each process writes its counts to. */
  readonly scratch: string
}

/** Runs the batch to its end. A process that cannot be started is one without results. */
export async function runBatch(
  batch: Batch,
  { grep, seed, scratch }: BatchOptions
): Promise<BatchOutcome> {
  const startedMs = performance.now()
  const resultsPath = join(scratch, `${batch.name.replaceAll(' ', '-')}.json`)
  const files = batch.files.map((file) => projectPath('dist', file.replace(/[.]ts$/, '.js')))
  const chosen = grep === undefined ? [] : ['--grep', grep, '--no-fail-zero']
  const mocha = projectPath('node_modules', 'mocha', 'bin', 'mocha.js')
  const args = [mocha, ...chosen, ...files]
  const { output, exitCode } = await runProcess(process.execPath, args, batch.lane, {
    ...temporaryDirectory(batch.lane),
    REKINDLE_SEED: String(seed),
    REKINDLE_TEST_RESULTS: resultsPath
  })
  const elapsedMs = performance.now() - startedMs
  return { batch, output, elapsedMs, results: readResults(resultsPath), exitCode }
}

/** `npm run lint` to its end. It has no tests: one that ends badly counts as one failure all the same. */
export async function runLint(): Promise<BatchOutcome> {
  const startedMs = performance.now()
  const batch = { name: 'lint', lane: 'computing', files: ['npm run lint'] } as const
  const { output, exitCode } = await runProcess('npm', ['run', '-s', 'lint'], batch.lane, {})
  return {
    batch,
    output,
    elapsedMs: performance.now() - startedMs,
    results: { passed: 0, failed: 0, skipped: 0, notRun: 0, fileMs: {}, failures: [] },
    exitCode
  }
}

/** Runs in the project's directory and keeps what is printed. */
async function runProcess(
  command: string,
  args: readonly string[],
  lane: LaneName,
  env: Readonly<Record<string, string>>
): Promise<Pick<BatchOutcome, 'output' | 'exitCode'>> {
  const child = spawn(command, args, {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env }
  })
  if (lane === 'computing') yieldToClusters(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
    })
  }
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { output, exitCode }
}

/** Where Linux has a file system in memory. */
const MEMORY_DIRECTORY = '/dev/shm'
/** All that computes needs a tenth of it at a time. */
const MEMORY_FREE_MIN_BYTES = 2 ** 30

/**
 * What computes keeps its files in memory where it can: half of its time it waited for a disk that no test looks at. What
 * starts clusters keeps them where their users do.
 */
function temporaryDirectory(lane: LaneName): { readonly TMPDIR?: string } {
  if (lane !== 'computing') return {}
  try {
    accessSync(MEMORY_DIRECTORY, accessModes.W_OK)
    const { bavail, bsize } = statfsSync(MEMORY_DIRECTORY)
    return bavail * bsize >= MEMORY_FREE_MIN_BYTES ? { TMPDIR: MEMORY_DIRECTORY } : {}
  } catch {
    return {} // another system, or nothing to write to
  }
}

/** What computes takes what clusters leave: these have slots to keep. Its children inherit it. */
function yieldToClusters({ pid }: ChildProcess): void {
  if (pid === undefined) return // it could not be started, and says so
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    return // it has ended
  }
}

function readResults(path: string): TestResults | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestResults
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}
