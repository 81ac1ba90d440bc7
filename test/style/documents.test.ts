// What is written down beside the code: a first line for each file, a doc comment for each export.
import assert from 'node:assert/strict'
import ts from 'typescript'
import {
  filesUnder,
  type Problem,
  problemLines,
  type ProjectFile,
  readProjectFiles
} from './project-files.ts'
import { lineOf, parse } from './syntax.ts'

/** Files that do not open with one line that says what they are. */
function checkFirstLine({ path, text }: ProjectFile): readonly Problem[] {
  const [first = '', second = ''] = text.split('\n')
  const line = first.startsWith('#!') ? second : first
  return /^\/\/ \S.*\S/.test(line)
    ? []
    : [{ path: `${path}:1`, problem: 'does not say what it is' }]
}

/** Exported declarations without a doc comment. Members of a class or an interface speak for themselves. */
function checkExports(file: ProjectFile): readonly Problem[] {
  const source = parse(file)
  const documented = new Set<string>()
  const missing: Problem[] = []
  for (const statement of source.statements) {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
    if (!isExported) continue
    const name = nameOf(statement)
    if (ts.getJSDocCommentsAndTags(statement).length > 0) documented.add(name)
    // The first of several overloads, or the type of two that share a name, carries the comment.
    else if (!documented.has(name)) {
      missing.push({
        path: `${file.path}:${lineOf(source, statement)}`,
        problem: `${name} has no doc comment`
      })
    }
  }
  return missing
}

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText()).join(', ')
  }
  // An exported statement declares something; the compiler's types keep the two apart.
  return ts.getNameOfDeclaration(statement as unknown as ts.Declaration)?.getText() ?? 'it'
}

describe('documents', () => {
  const files = readProjectFiles()

  it('open every source with what it is', () => {
    const sources = filesUnder(files, ['src', 'protocols', 'devnet', 'test'])
    assert.deepEqual(problemLines(sources.flatMap(checkFirstLine)), [])
  })
  it('say what every export is', () => {
    const sources = filesUnder(files, ['src', 'protocols', 'devnet', 'test/support', 'test/style'])
    assert.deepEqual(problemLines(sources.flatMap(checkExports)), [])
  })
})

describe('the guard of documents', () => {
  const path = 'src/a.ts'

  for (const [text, count] of [
    ['// What it is.\n', 0],
    ['#!/usr/bin/env node\n// What it is.\n', 0],
    ["import 'x'\n// What it is.\n", 1],
    ['\n// What it is.\n', 1],
    ['//\n', 1],
    ['/** What it is. */\n', 1]
  ] as const) {
    it(`finds ${count} problems in a file that begins ${JSON.stringify(text)}`, () => {
      assert.equal(checkFirstLine({ path, text }).length, count)
    })
  }

  for (const declaration of [
    'function f() {}',
    'const a = 1',
    'class C {}',
    'interface I {}',
    'type T = 1',
    'async function* g() {}',
    'abstract class C {}'
  ]) {
    it(`wants a doc comment on ${declaration}`, () => {
      assert.equal(checkExports({ path, text: `export ${declaration}` }).length, 1)
      assert.equal(checkExports({ path, text: `// x\nexport ${declaration}` }).length, 1)
      assert.deepEqual(checkExports({ path, text: `/** X. */\nexport ${declaration}` }), [])
      assert.deepEqual(checkExports({ path, text: declaration }), [])
    })
  }

  it('takes the comment of the first overload for all', () => {
    const text = '/** X. */\nexport function f(): void\nexport function f() {}'
    assert.deepEqual(checkExports({ path, text }), [])
  })
  it('leaves re-exports to where the thing is declared', () => {
    assert.deepEqual(checkExports({ path, text: "export { a } from './a.ts'" }), [])
  })
})
