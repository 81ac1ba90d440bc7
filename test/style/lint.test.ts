// The rules of eslint.config.js, proven on code that breaks them: a rule that finds nothing is no rule.
import assert from 'node:assert/strict'
import { ESLint, type Linter } from 'eslint'
import { projectPath, projectRoot } from '../support/project-root.ts'

/** What the code stands in for: linting by types needs a file that the compiler settings include. */
const STAND_IN = 'src/base/clock.ts'
/** The folder of that file alone, so that no more than that is compiled. */
const STAND_IN_PROJECT = 'test/style/stand-in-project.json'

const BROKEN: readonly (readonly [code: string, rule: string])[] = [
  ['export default 1', 'no-restricted-syntax'],
  ['const a = 1\nexport { a as default }', 'no-restricted-syntax'],
  ['export enum E { A }', 'no-restricted-syntax'],
  ['export namespace N { export const a = 1 }', 'no-restricted-syntax'],
  ['export class C { constructor(readonly a: number) {} }', 'no-restricted-syntax'],
  ['export class C { private a = 1 }', 'no-restricted-syntax'],
  ['export class C { protected m(): number { return 1 } }', 'no-restricted-syntax'],
  [
    'try { x() } catch { /* nothing */ }\nfunction x(): void { throw new Error() }',
    'no-restricted-syntax'
  ],
  ["import { a } from './bytes.js'\nexport const b = a", 'no-restricted-syntax'],
  ["export { a } from './bytes.js'", 'no-restricted-syntax'],
  ["export * from './bytes.js'", 'no-restricted-syntax'],
  ["export const a = await import('./bytes.js')", 'no-restricted-syntax'],
  ['export const f = (m: Map<string, number>) => m.get("a")!', 'no-restricted-syntax'],
  ['beforeEach(() => undefined)', 'no-restricted-syntax'],
  ['after(async () => { await Promise.resolve() })', 'no-restricted-syntax'],
  ['export class C { _a = 1 }', '@typescript-eslint/naming-convention'],
  ['export interface IThing { a: number }', '@typescript-eslint/naming-convention'],
  ['export const a: any = 1', '@typescript-eslint/no-explicit-any'],
  ['async function f() { return 1 }\nf()', '@typescript-eslint/no-floating-promises'],
  ['async function f() { return 1 }\nvoid f()', '@typescript-eslint/no-floating-promises'],
  [
    'const a = [1]\na.forEach(async () => { await f() })\nasync function f() {}',
    '@typescript-eslint/no-misused-promises'
  ],
  ['const a = 1', '@typescript-eslint/no-unused-vars'],
  ['export function f(a: number): number { return 1 }', '@typescript-eslint/no-unused-vars'],
  ['export const f = (a: object) => `${a}`', '@typescript-eslint/restrict-template-expressions'],
  ['export const f = (a: unknown) => a == null', 'eqeqeq'],
  ['console.log(1)', 'no-console'],
  [
    "export function f(a: 'x' | 'y'): number { switch (a) { case 'x': return 1 }\nreturn 2 }",
    '@typescript-eslint/switch-exhaustiveness-check'
  ]
]

const SOUND: readonly string[] = [
  'export const f = (items: readonly number[]) => items[0]!',
  'export type OneFailure = { readonly code: "x" }',
  'export const f = (count: number, height: bigint) => `${count} of ${height}`',
  'export async function f(): Promise<number> { return 1 }',
  "export { bytesToHex } from './bytes.ts'",
  'describe("a", () => { before(() => undefined) })',
  'try { x() } catch { process.exitCode = 1 }\nfunction x(): void { throw new Error() }'
]

describe('the rules of eslint', function () {
  this.timeout(60_000)
  let eslint: ESLint

  before(() => {
    eslint = new ESLint({
      cwd: projectRoot,
      overrideConfigFile: projectPath('test', 'style', 'eslint.config.js'),
      overrideConfig: {
        languageOptions: {
          parserOptions: {
            project: STAND_IN_PROJECT,
            // A run that is taken for a single one, as with CI set, reads the file and not the code.
            disallowAutomaticSingleRunInference: true
          }
        }
      }
    })
  })

  async function lint(code: string): Promise<readonly Linter.LintMessage[]> {
    const [result] = await eslint.lintText(code, { filePath: projectPath(STAND_IN) })
    assert.ok(result !== undefined)
    return result.messages
  }

  for (const [code, rule] of BROKEN) {
    it(`find ${JSON.stringify(code)}`, async () => {
      const rules = (await lint(code)).map(({ ruleId }) => ruleId)
      assert.ok(rules.includes(rule), `${rule} is not among ${rules.join(', ')}`)
    })
  }

  for (const code of SOUND) {
    it(`let be ${JSON.stringify(code)}`, async () => {
      assert.deepEqual(await lint(code), [])
    })
  }
})
