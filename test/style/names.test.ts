// How files and folders are named: kebab-case, for the thing, never for a place to put things.
import assert from 'node:assert/strict'
import { type Problem, problemLines, readProjectFiles } from './project-files.ts'

const NAMED_FOLDERS = ['src', 'protocols', 'devnet', 'test']

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*([.][a-z0-9]+)*$/

/** Names that others give: of documents, of containers, of settings, of Solidity contracts. */
const FIXED_NAME = /^(README[.]md|Dockerfile|[.][a-z]+ignore|[A-Z][A-Za-z0-9]*[.]sol)$/

/** Words that say nothing about what is inside. */
const EMPTY_WORDS = new Set(
  [
    'fix',
    'fixes',
    'manager',
    'managers',
    'helper',
    'helpers',
    'util',
    'utils',
    'utility',
    'utilities'
  ].concat(['misc', 'common', 'data', 'info'])
)

/** What is wrong with the names of a path. */
function checkNames(path: string): readonly Problem[] {
  const names = path.split('/')
  if (!NAMED_FOLDERS.includes(names[0]!)) return []
  return names.flatMap((name) => {
    const words = name.toLowerCase().split(/[-._]/)
    const empty = words.filter((word) => EMPTY_WORDS.has(word))
    return [
      ...(KEBAB_CASE.test(name) || FIXED_NAME.test(name)
        ? []
        : [{ path, problem: `${name} is not in kebab-case` }]),
      ...empty.map((word) => ({ path, problem: `"${word}" in ${name} says nothing` }))
    ]
  })
}

describe('names of files and folders', () => {
  it('are in kebab-case and say what is inside', () => {
    const paths = readProjectFiles().map(({ path }) => path)
    assert.deepEqual(problemLines(paths.flatMap(checkNames)), [])
  })
})

describe('the guard of names', () => {
  for (const path of [
    'src/recovery/build-gate.ts',
    'src/README.md',
    'test/unit/base/crc32c.test.ts',
    'test/style/eslint.config.js',
    'protocols/block-message/vectors.json',
    'devnet/deploy/Dockerfile',
    'devnet/load/TestToken.sol',
    'src/state/database.ts',
    'src/base/prefixes.ts',
    'LICENSE'
  ]) {
    it(`accepts ${path}`, () => {
      assert.deepEqual(checkNames(path), [])
    })
  }

  for (const [path, expected] of [
    ['src/recovery/buildGate.ts', /kebab-case/],
    ['src/recovery/BuildGate.ts', /kebab-case/],
    ['src/recovery/build_gate.ts', /kebab-case/],
    ['src/recovery/build--gate.ts', /kebab-case/],
    ['src/Recovery/gate.ts', /kebab-case/],
    ['src/common/gate.ts', /"common" in common/],
    ['src/base/utils.ts', /"utils"/],
    ['src/base/byte-util.ts', /"util"/],
    ['src/base/peer-manager.ts', /"manager"/],
    ['src/base/block-data.ts', /"data"/],
    ['src/base/peer-info.ts', /"info"/],
    ['test/support/helpers.ts', /"helpers"/],
    ['test/unit/gate-fix.test.ts', /"fix"/],
    ['devnet/misc/a.ts', /"misc"/]
  ] as const) {
    it(`refuses ${path}`, () => {
      const [line, ...more] = problemLines(checkNames(path))
      assert.match(line ?? '', expected)
      assert.deepEqual(more, [])
    })
  }
})
