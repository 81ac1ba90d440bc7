// The runner of the tests: no file is left out or run twice, and a process that died is a failure.
import assert from 'node:assert/strict'
import { type BatchOutcome } from '../../runner/batch-process.ts'
import { LONGEST_FILES, planBatches, selectFiles, TEST_FOLDERS } from '../../runner/plan.ts'
import { sumResults, summaryLines } from '../../runner/summary.ts'
import { type TestResults } from '../../support/counting-reporter.ts'
import { readProjectFiles } from '../../style/project-files.ts'

const files = readProjectFiles()
  .map(({ path }) => path)
  .filter((path) => path.endsWith('.test.ts'))

describe('the batches of a run', () => {
  it('hold every test file of the project once', () => {
    const planned = planBatches(files).flatMap((batch) => batch.files)
    assert.deepEqual([...planned].sort(), [...files].sort())
  })

  it('have names of their own', () => {
    const names = planBatches(files).map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
  })

  it('begin with the files that take longest', () => {
    const first = planBatches(files).slice(0, LONGEST_FILES.length)
    assert.deepEqual(
      first.map((batch) => batch.files),
      LONGEST_FILES.map((file) => [file])
    )
  })

  it('hold nothing where nothing is asked for', () => {
    assert.deepEqual(planBatches([]), [])
  })
})

describe('the files that are asked for', () => {
  const all = ['test/unit/a/x.test.ts', 'test/unit/b/y.test.ts', 'test/e2e/z.test.ts']

  for (const [asked, chosen] of [
    [[], all],
    [['unit'], all.slice(0, 2)],
    [['test/unit/'], all.slice(0, 2)],
    [['./test/unit/b'], all.slice(1, 2)],
    [
      ['dist/test/e2e/z.test.js', 'unit/a/x.test.ts'],
      [all[0], all[2]]
    ],
    [['test'], all]
  ] as const) {
    it(`by ${JSON.stringify(asked)} are ${String(chosen.length)}`, () => {
      assert.deepEqual(selectFiles(all, asked), { files: chosen, unknown: [] })
    })
  }

  it('are named where there are none', () => {
    const { unknown } = selectFiles(all, ['unit/c', 'unit/a', 'nit'])
    assert.deepEqual(unknown, ['test/unit/c', 'test/nit'])
  })

  it('are no neighbours whose name begins alike', () => {
    assert.deepEqual(selectFiles(['test/unit/ab.test.ts'], ['unit/a']).unknown, ['test/unit/a'])
  })
})

describe('the count of a run', () => {
  const counts = { passed: 2, failed: 0, skipped: 1, notRun: 0 }
  const batch = { name: 'unit', lane: 'computing', files: ['test/unit/a.test.ts'] } as const
  const outcome = (exitCode: number | null, results: TestResults | undefined): BatchOutcome => ({
    batch,
    output: '',
    elapsedMs: 1,
    results,
    exitCode
  })
  const good = outcome(0, { ...counts, fileMs: { 'a.js': 5 }, failures: [] })

  for (const [what, other, failed] of [
    ['two good batches', outcome(0, { ...counts, fileMs: { 'b.js': 7 }, failures: [] }), 0],
    [
      'a failed test',
      outcome(1, { ...counts, failed: 1, fileMs: {}, failures: ['a b: 1 !== 2'] }),
      1
    ],
    ['a process that died', outcome(null, undefined), 1],
    ['a bad end with no failed test', outcome(7, { ...counts, fileMs: {}, failures: [] }), 1]
  ] as const) {
    it(`of ${what} has ${String(failed)} failed`, () => {
      const sum = sumResults([good, other])
      assert.equal(sum.failed, failed)
      assert.equal(sum.passed, other.results === undefined ? 2 : 4)
      const lines = summaryLines([good, other], sum)
      assert.equal(
        lines.at(-1),
        `${String(sum.passed)} passed, ${String(failed)} failed, ${String(sum.skipped)} skipped`
      )
      assert.equal(
        lines.some((line) => line.includes(batch.files[0])),
        failed > 0
      )
      const told = other.results?.failures.map((failure) => `failed: ${failure}`) ?? []
      assert.deepEqual(lines.slice(-1 - told.length, -1), told)
    })
  }

  it('has one failed where lint ended badly, and says so', () => {
    const none = { passed: 0, failed: 0, skipped: 0, notRun: 0, fileMs: {}, failures: [] }
    const lint = {
      ...outcome(1, none),
      batch: { name: 'lint', lane: 'computing', files: ['npm run lint'] }
    } as const
    const sum = sumResults([good, lint])
    assert.equal(sum.failed, 1)
    assert.ok(summaryLines([good, lint], sum).includes('lint failed (exit code 1): npm run lint'))
    assert.equal(sumResults([good, { ...lint, exitCode: 0 }]).failed, 0)
  })

  it('names the slowest files first', () => {
    const sum = sumResults([
      good,
      outcome(0, { ...counts, fileMs: { 'b.js': 9_000 }, failures: [] })
    ])
    const lines = summaryLines([good], sum)
    assert.match(lines[1] ?? '', /9[.]0 s {2}b[.]js/)
  })

  it('is of folders that exist', () => {
    for (const folder of TEST_FOLDERS)
      assert.ok(files.some((file) => file.startsWith(`test/${folder}/`)))
  })
})
