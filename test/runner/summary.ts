// What a run came to: the sum of its batches, the slowest files, and what kept a batch from its end.
import { type TestResults } from '../support/counting-reporter.ts'
import { type BatchOutcome } from './batch-process.ts'

/** Files that are named at the end of a run. */
const SLOWEST_SHOWN = 10

/** Sum over all batches. A batch that died, or ended badly with no failed test, counts as one failure. */
export function sumResults(outcomes: readonly BatchOutcome[]): TestResults {
  const sum = { passed: 0, failed: 0, skipped: 0, notRun: 0 }
  const fileMs: Record<string, number> = {}
  const failures: string[] = []
  for (const { results, exitCode } of outcomes) {
    if (results === undefined) {
      sum.failed += 1
      continue
    }
    sum.passed += results.passed
    sum.skipped += results.skipped
    sum.notRun += results.notRun
    const isBadEnd = exitCode !== 0 && results.failed === 0
    sum.failed += isBadEnd ? 1 : results.failed
    Object.assign(fileMs, results.fileMs)
    failures.push(...results.failures)
  }
  return { ...sum, fileMs, failures }
}

/** The lines that end a run. */
export function summaryLines(
  outcomes: readonly BatchOutcome[],
  { passed, failed, skipped, notRun, fileMs, failures }: TestResults
): readonly string[] {
  const slowest = Object.entries(fileMs).sort(([, one], [, other]) => other - one)
  return [
    'slowest files:',
    ...slowest.slice(0, SLOWEST_SHOWN).map(([file, ms]) => `${toSeconds(ms).padStart(8)}  ${file}`),
    ...outcomes.filter(({ exitCode }) => exitCode !== 0).map(badEndLine),
    ...failures.map((failure) => `failed: ${failure}`),
    ...(notRun > 0 ? [`${String(notRun)} tests did not run, after a failed hook`] : []),
    `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`
  ]
}

/** Seconds with one digit, as in `12.3 s`. */
export function toSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function badEndLine({ batch, results, exitCode }: BatchOutcome): string {
  const code = exitCode === null ? 'a signal' : `exit code ${String(exitCode)}`
  const what = results === undefined ? 'ended before its tests did' : 'failed'
  return `${batch.name} ${what} (${code}): ${batch.files.join(' ')}`
}
