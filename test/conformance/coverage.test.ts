// Every MUST of protocols/ has a case or a reason why none can see it, and the suite knows nothing of our node.
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { filesUnder, readProjectFiles } from '../style/project-files.ts'
import { importsOf } from '../style/syntax.ts'
import { ALL_CASES } from '../../protocols/conformance/all-cases.ts'
import { HIDDEN_RULES } from '../../protocols/conformance/hidden-rules.ts'

const files = readProjectFiles()

/** The numbered rules of the pages, those of tables too. */
function rulesOf(text: string): readonly string[] {
  return [...text.matchAll(/^(?:- \*\*|\| )([A-Z]{2}-\d+)\b/gm)].map(([, rule]) => rule!)
}

const pages = files.filter(({ path }) =>
  /^protocols\/((?!conformance\/).+\/)?README[.]md$/.test(path)
)
const rules = pages.flatMap(({ text }) => rulesOf(text))
const covered = new Set(ALL_CASES.flatMap((one) => one.rules))
const hidden = new Set(HIDDEN_RULES.map(({ rule }) => rule))

describe('the rules of the conformance suite', () => {
  it('are found on every page', () => {
    for (const { path, text } of pages) assert.ok(rulesOf(text).length > 0, `${path} has no rule`)
    assert.equal(new Set(rules).size, rules.length)
  })
  it('each have a case, or a reason why there is none', () => {
    assert.deepEqual(
      rules.filter((rule) => !covered.has(rule) && !hidden.has(rule)),
      []
    )
  })
  it('have a case or a reason, not both', () => {
    assert.deepEqual(
      [...hidden].filter((rule) => covered.has(rule)),
      []
    )
    for (const { reason } of HIDDEN_RULES) assert.ok(reason.length > 20, reason)
  })
  it('stand on a page', () => {
    assert.deepEqual(
      [...covered, ...hidden].filter((rule) => !rules.includes(rule)),
      []
    )
  })
  it('have cases with ids of their own', () => {
    const ids = ALL_CASES.map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
  })
})

describe('the code of the conformance suite', () => {
  const suite = filesUnder(files, ['protocols/conformance']).filter(
    ({ path }) => path.endsWith('.ts') && !path.endsWith('.test.ts')
  )

  it('stands on protocols/ and packages alone', () => {
    assert.ok(suite.length > 15)
    const outside = suite.flatMap((file) =>
      importsOf(file)
        .map(({ specifier = 'what it computes' }) => specifier)
        .filter((specifier) => specifier.startsWith('.') || specifier.includes(' '))
        .map((specifier) => posix.join(posix.dirname(file.path), specifier))
        .filter((target) => !target.startsWith('protocols/'))
        .map((target) => `${file.path} imports ${target}`)
    )
    assert.deepEqual(outside, [])
  })
})
