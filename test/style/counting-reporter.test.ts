// The counts of a run are true: mocha runs small specs with our reporter, as it runs these tests.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type TestResults } from '../support/counting-reporter.ts'
import { projectPath } from '../support/project-root.ts'
import { skipTest } from '../support/skip.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const SUPPORT = projectPath('dist', 'test', 'support')
const SKIP_URL = pathToFileURL(join(SUPPORT, 'skip.js')).href

describe('the counting reporter', () => {
  const directory = useTemporaryDirectory()

  before(function () {
    if (import.meta.url.endsWith('.ts')) skipTest(this, 'mocha loads the compiled reporter')
  })

  function runSpec(spec: string): { code: number | null; output: string; counts: TestResults } {
    const specPath = join(directory.path, 'spec.mjs')
    const resultsPath = join(directory.path, 'results.json')
    writeFileSync(specPath, `import { skipTest } from '${SKIP_URL}'\n${spec}`)
    const mocha = projectPath('node_modules', 'mocha', 'bin', 'mocha.js')
    const settings = ['--no-config', '--reporter', join(SUPPORT, 'counting-reporter.js')]
    const guard = ['--require', join(SUPPORT, 'unhandled-rejections.js')]
    const { status, stdout } = spawnSync(
      process.execPath,
      [mocha, ...settings, ...guard, specPath],
      {
        encoding: 'utf8',
        env: { ...process.env, REKINDLE_TEST_RESULTS: resultsPath }
      }
    )
    const counts = JSON.parse(readFileSync(resultsPath, 'utf8')) as TestResults
    return { code: status, output: stdout, counts }
  }

  for (const [name, spec, counts] of [
    ['passes', 'it("a", () => {}); it("b", () => {})', { passed: 2 }],
    [
      'failures',
      'it("a", () => { throw new Error() }); it("b", () => {})',
      { passed: 1, failed: 1 }
    ],
    [
      'skips',
      'it("a", function () { skipTest(this, "no disk") }); it("b", () => {})',
      { passed: 1, skipped: 1 }
    ],
    [
      'tests behind a failed hook, as not run',
      'describe("s", () => { before(() => { throw new Error() }); it("a", () => {}); it("b", () => {}) })',
      { failed: 1, notRun: 2 }
    ],
    [
      'a rejection that nobody handles, as a failure',
      'it("a", (done) => { Promise.reject(new Error()); setTimeout(() => done(), 50) })',
      { failed: 1 }
    ]
  ] as const) {
    it(`counts ${name}`, () => {
      const outcome = runSpec(spec)
      const expected = { passed: 0, failed: 0, skipped: 0, notRun: 0, ...counts }
      const { fileMs, failures, ...counted } = outcome.counts
      assert.deepEqual(counted, expected)
      assert.ok(Object.keys(fileMs).every((file) => file.endsWith('spec.mjs')))
      assert.equal(failures.length, expected.failed)
      assert.equal(outcome.code === 0, expected.failed === 0)
    })
  }

  it('tells again what failed, by the name of the test', () => {
    const { counts } = runSpec(
      'describe("s", () => it("a", () => { throw new Error("no\\nroom") }))'
    )
    assert.deepEqual(counts.failures, ['s a: no\nroom'])
  })

  it('says why a test was skipped, also where its whole suite was', () => {
    const { output } = runSpec(
      'it("a", function () { skipTest(this, "no disk") });' +
        'describe("s", () => { before(function () { skipTest(this, "no net") }); it("b", () => {}) })'
    )
    assert.match(output, /skipped: a: no disk\nskipped: s b: no net/)
  })
})
