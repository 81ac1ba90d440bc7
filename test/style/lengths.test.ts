// How long files and functions may be, in lines that hold code: blank lines, comments and imports are free.
import assert from 'node:assert/strict'
import ts from 'typescript'
import {
  filesUnder,
  type Problem,
  problemLines,
  type ProjectFile,
  readProjectFiles
} from './project-files.ts'
import { lineOf, parse, walk } from './syntax.ts'

const FILE_LINES_MAX = 250
const FUNCTION_LINES_MAX = 70
/** Tables of cases make tests long without making them hard to read; `describe` is a function too. */
const TEST_FILE_LINES_MAX = 400

/** Files that are too long. */
function checkFileLength(file: ProjectFile, linesMax: number): readonly Problem[] {
  const { size } = codeLines(parse(file))
  if (size <= linesMax) return []
  return [{ path: file.path, problem: `${size} lines of code, at most ${linesMax}` }]
}

/** Functions of the file that are too long. */
function checkFunctionLengths(file: ProjectFile): readonly Problem[] {
  const source = parse(file)
  const lines = [...codeLines(source)]
  const problems: Problem[] = []
  walk(source, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return
    const first = lineOf(source, node)
    const last = source.getLineAndCharacterOfPosition(node.end).line + 1
    const size = lines.filter((line) => line >= first && line <= last).length
    if (size > FUNCTION_LINES_MAX) {
      const problem = `a function of ${size} lines of code, at most ${FUNCTION_LINES_MAX}`
      problems.push({ path: `${file.path}:${first}`, problem })
    }
  })
  return problems
}

/** The lines that a token lies on, from 1. Imports grow with the names of folders, and not with what a file does. */
function codeLines(source: ts.SourceFile): ReadonlySet<number> {
  const lines = new Set<number>()
  const visit = (node: ts.Node) => {
    if (ts.isJSDoc(node) || ts.isImportDeclaration(node)) return
    const children = node.getChildren(source)
    for (const child of children) visit(child)
    if (children.length > 0 || node.kind === ts.SyntaxKind.EndOfFileToken) return
    const first = lineOf(source, node)
    const last = source.getLineAndCharacterOfPosition(node.end).line + 1
    if (node.getWidth(source) > 0) for (let line = first; line <= last; line++) lines.add(line)
  }
  visit(source)
  return lines
}

describe('lengths', () => {
  const files = readProjectFiles()
  const code = filesUnder(files, ['src', 'protocols', 'devnet', 'test/support'])
  const tests = filesUnder(files, ['test'])

  it(`of files stay within ${FILE_LINES_MAX} lines, of tests within ${TEST_FILE_LINES_MAX}`, () => {
    const problems = [
      ...code.flatMap((file) => checkFileLength(file, FILE_LINES_MAX)),
      ...tests.flatMap((file) => checkFileLength(file, TEST_FILE_LINES_MAX))
    ]
    assert.deepEqual(problemLines(problems), [])
  })
  it(`of functions stay within ${FUNCTION_LINES_MAX} lines`, () => {
    assert.deepEqual(problemLines(code.flatMap(checkFunctionLengths)), [])
  })
})

describe('the guard of lengths', () => {
  const path = 'src/a.ts'
  const statements = (count: number) =>
    Array.from({ length: count }, (_, at) => `x(${at})`).join('\n')

  it('counts lines of code and no others', () => {
    const text = `// a file\n\n/** Doc\n * of two lines */\n${statements(2)}\n/* x */\n`
    assert.deepEqual(checkFileLength({ path, text }, 2), [])
    assert.equal(checkFileLength({ path, text: `${text}y()` }, 2).length, 1)
  })
  it('counts every line of a text that spans several', () => {
    assert.equal(checkFileLength({ path, text: 'x(`\n\n\n`)' }, 3).length, 1)
  })

  for (const [name, open, close] of [
    ['a function', 'function f() {', '}'],
    ['an arrow function', 'const f = () => {', '}'],
    ['a method', 'class C { m() {', '} }'],
    ['a constructor', 'class C { constructor() {', '} }'],
    ['a getter', 'const o = { get a() {', '} }'],
    ['a generator', 'async function* f() {', '}']
  ] as const) {
    it(`finds ${name} that is too long, and only that`, () => {
      const long = { path, text: `${open}\n${statements(FUNCTION_LINES_MAX - 1)}\n${close}` }
      assert.equal(checkFunctionLengths(long).length, 1)
      const short = { path, text: `${open}\n${statements(FUNCTION_LINES_MAX - 2)}\n${close}` }
      assert.deepEqual(checkFunctionLengths(short), [])
    })
  }
})
