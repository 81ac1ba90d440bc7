// What `.ci/run` says last, for everything that can go wrong around the tests: `npm` is acted by a script.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { projectPath } from '../support/project-root.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const results = (passed: number, failed: number, skipped: number) =>
  `echo '${JSON.stringify({ passed, failed, skipped, notRun: 0 })}' > "$REKINDLE_TEST_RESULTS"`

describe('.ci/run', () => {
  const directory = useTemporaryDirectory()

  function run(install: string, test: string): { code: number | null; lines: readonly string[] } {
    const npm = join(directory.path, 'npm')
    writeFileSync(
      npm,
      `#!/bin/sh\ncase "$*" in\nci) ${install};;\ntest) ${test};;\n*) exit 9;;\nesac\n`
    )
    chmodSync(npm, 0o755)
    const { status, stdout } = spawnSync(projectPath('.ci', 'run'), {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${directory.path}${delimiter}${process.env.PATH ?? ''}` }
    })
    return { code: status, lines: stdout.trimEnd().split('\n') }
  }

  for (const [name, install, test, code, last, stage] of [
    ['all is good', 'true', results(7, 0, 2), 0, '7 passed, 0 failed, 2 skipped', undefined],
    [
      'a test fails',
      'true',
      `${results(7, 1, 0)}; exit 1`,
      1,
      '7 passed, 1 failed, 0 skipped',
      /1 tests/
    ],
    [
      'a test fails and npm hides it',
      'true',
      results(7, 1, 0),
      1,
      '7 passed, 1 failed, 0 skipped',
      /1 tests/
    ],
    ['the install fails', 'exit 3', results(7, 0, 0), 1, '0 passed, 1 failed, 0 skipped', /npm ci/],
    ['the build fails', 'true', 'exit 2', 1, '0 passed, 1 failed, 0 skipped', /before its tests/],
    ['the tests end early', 'true', 'true', 1, '0 passed, 1 failed, 0 skipped', /before its tests/],
    ['the tests die', 'true', 'kill -9 $$', 1, '0 passed, 1 failed, 0 skipped', /before its tests/],
    [
      'it dies after the tests',
      'true',
      `${results(7, 0, 1)}; exit 7`,
      1,
      '7 passed, 1 failed, 1 skipped',
      /with 7/
    ],
    ['no test ran', 'true', results(0, 0, 0), 1, '0 passed, 1 failed, 0 skipped', /no test ran/],
    [
      'all were skipped',
      'true',
      results(0, 0, 3),
      1,
      '0 passed, 1 failed, 3 skipped',
      /no test ran/
    ],
    [
      'the results are cut off',
      'true',
      'echo "{" > "$REKINDLE_TEST_RESULTS"',
      1,
      '0 passed, 1 failed, 0 skipped',
      /results/
    ]
  ] as const) {
    it(`ends with "${last}" when ${name}`, () => {
      const outcome = run(install, test)
      assert.equal(outcome.lines.at(-1), last)
      assert.equal(outcome.code, code)
      if (stage === undefined) assert.ok(!outcome.lines.join('\n').includes('FAILED'))
      else assert.match(outcome.lines.at(-2) ?? '', stage)
    })
  }

  it('reads nothing from its input', () => {
    assert.equal(run('cat', results(1, 0, 0)).lines.at(-1), '1 passed, 0 failed, 0 skipped')
  })
})
