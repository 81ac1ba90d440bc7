// `npm test`, `npm run test:unit`, `npm run test:only -- FILE`: test files side by side in processes of their own.
import { randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { Command } from 'commander'
import { createJobSlots } from '../support/job-slots.ts'
import { projectPath } from '../support/project-root.ts'
import { type BatchOutcome, runBatch, runLint } from './batch-process.ts'
import { type LaneName, planBatches, selectFiles, TEST_FOLDERS } from './plan.ts'
import { sumResults, summaryLines, toSeconds } from './summary.ts'

const SEED_END = 2 ** 31

interface Flags {
  readonly grep?: string
  readonly lint: boolean
}

const command = new Command()
  .name('npm run test:only --')
  .description('Runs test files side by side; without a path all of them.')
  .argument('[paths...]', `files, or folders of test/: ${TEST_FOLDERS.join(', ')}`)
  .option('-g, --grep <name>', 'only tests whose full name matches')
  .option('--lint', 'lint, format and dead code beside them', false)
  .parse()

const { files, unknown } = selectFiles(TEST_FOLDERS.flatMap(listTests), command.args)
if (unknown.length > 0) {
  process.stderr.write(`no tests there: ${unknown.join(', ')}\n`)
  process.exitCode = 2
} else {
  process.exitCode = (await runFiles(files, command.opts<Flags>())) ? 0 : 1
}

/** True when at least one test ran, and neither a test nor lint failed. Writes the counts to REKINDLE_TEST_RESULTS. */
async function runFiles(chosen: readonly string[], { grep, lint }: Flags): Promise<boolean> {
  const seed = Number(process.env.REKINDLE_SEED ?? randomInt(SEED_END))
  const scratch = mkdtempSync(join(tmpdir(), 'rekindle-tests-'))
  const batches = planBatches(chosen)
  const hasClusters = batches.some(({ lane }) => lane === 'waiting')
  const lanes: Readonly<Record<LaneName, ReturnType<typeof createJobSlots>>> = {
    // By themselves some of them wait as well: for timers, workers, child processes.
    computing: createJobSlots(
      hasClusters ? Math.max(1, availableParallelism() - 1) : 2 * availableParallelism()
    ),
    // Clusters mostly wait, for slots, deadlines and quiet times, and what computes yields to them.
    waiting: createJobSlots(availableParallelism() + 1)
  }
  print(`REKINDLE_SEED=${String(seed)}`)
  try {
    const jobs = [
      ...(lint ? [{ lane: 'computing', run: runLint } as const] : []),
      ...batches.map((batch) => ({
        lane: batch.lane,
        run: () => runBatch(batch, { grep, seed, scratch })
      }))
    ]
    const running = jobs.map(({ lane, run }) =>
      lanes[lane](async () => {
        const outcome = await run()
        const { batch, elapsedMs, output } = outcome
        print(`# ${batch.name}, ${toSeconds(elapsedMs)}\n${output}`)
        return outcome
      })
    )
    return isGood(await Promise.all(running))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function isGood(outcomes: readonly BatchOutcome[]): boolean {
  const results = sumResults(outcomes)
  for (const line of summaryLines(outcomes, results)) print(line)
  const path = process.env.REKINDLE_TEST_RESULTS ?? ''
  if (path !== '') writeFileSync(path, `${JSON.stringify(results)}\n`)
  return results.passed > 0 && results.failed === 0
}

/** Sources of the tests below test/FOLDER; none where there is no such folder. */
function listTests(folder: string): readonly string[] {
  const options = { recursive: true, encoding: 'utf8' } as const
  return readdirSync(projectPath('test', folder), options)
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => ['test', folder, ...path.split(sep)].join('/'))
    .sort()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
