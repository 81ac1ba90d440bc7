// What is written down beside the code: a first line for each file, a doc comment for each export, and what these cite.
import assert from 'node:assert/strict'
import ts from 'typescript'
import { byPath, checkCitations } from './citations.ts'
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
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isModuleDeclaration(statement)
  return (isNamed ? statement.name?.getText() : undefined) ?? 'it'
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
  it('cite pages, sections and sources that are in the tree', () => {
    const tree = byPath(files)
    assert.deepEqual(problemLines(files.flatMap((file) => checkCitations(file, tree))), [])
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

describe('the guard of citations', () => {
  const tree = byPath([
    { path: 'README.md', text: '# A\n\n## Run it\n' },
    { path: 'src/README.md', text: '# Map\n' },
    { path: 'src/state/README.md', text: '# State\n\n## Journal\n\n```\n# no heading\n```\n' },
    { path: 'src/state/journal.ts', text: '' },
    { path: 'src/rpc/turns.ts', text: '' },
    { path: 'protocols/gossip/README.md', text: '## Validation, step by step\n\n## Rules\n' }
  ])
  const problemsOf = (path: string, text: string) =>
    problemLines(checkCitations({ path, text }, tree))

  for (const [text, problem] of [
    // As they stood in the code before the pages were in the tree.
    ['// The journal (state.md, "Journal").', /cites state[.]md, which is not in the tree/],
    ['// Blocks that become the chain (recovery.md, row 8).', /cites recovery[.]md/],
    ['/** Everything that can be set; operator.md, "Config". */', /cites operator[.]md/],
    ['// What execution does not check (protocols.md).', /cites protocols[.]md/],
    ['x() // as stack.md has it', /cites stack[.]md/],
    ['// As src/journal/README.md says.', /cites src\/journal\/README[.]md/],
    ['// As src/state/README.md, "Layers", says.', /cites "Layers", which src\/state\/README[.]md/],
    ['// As src/state/README.md, "Journal" and "Layers", say.', /cites "Layers"/],
    ['// src/state/README.md, "no heading"', /cites "no heading"/],
    ['// Judged as in protocols/gossip, "Validation".', /cites "Validation"/],
    ['/** Judged (protocols/gossip,\n * "Validation"). */', /cites "Validation"/],
    ['// Under protocols/mesh, "Rules".', /cites protocols\/mesh/],
    ['// See chain/journal.ts.', /cites chain\/journal[.]ts/],
    ['// See ./journal.ts.', /cites [.]\/journal[.]ts/]
  ] as const) {
    it(`refuses ${JSON.stringify(text)} in a source`, () => {
      const [line, ...more] = problemsOf('src/base/a.ts', text)
      assert.match(line ?? '', problem)
      assert.deepEqual(more, [])
    })
  }

  for (const text of [
    '// The journal (src/state/README.md, "Journal").',
    '/** Judged (protocols/gossip,\n * "Validation, step by step"). */',
    '// Judged as in protocols/gossip, "Rules", and more.',
    '// Turns by client (rpc/turns.ts), layers (journal.ts).',
    '// Every page: **/*.md.',
    '// See https://example.org/state.md and the notes of its authors.',
    "const name = 'state.md'\nconst text = `// state.md`\nimport './none.ts'"
  ]) {
    it(`lets a source say ${JSON.stringify(text)}`, () => {
      assert.deepEqual(problemsOf('src/base/a.ts', text), [])
    })
  }

  for (const [text, problem] of [
    ['See [state](src/states/README.md).', /cites src\/states\/README[.]md/],
    [
      'See [the journal](src/state/README.md#journals).',
      /links to src\/state\/README[.]md#journals/
    ],
    ['See `src/state/README.md`, "Layers".', /cites "Layers"/],
    ['See `design.md`.', /cites design[.]md/],
    ['| `state.ts` | states |', /cites state[.]ts/]
  ] as const) {
    it(`refuses ${JSON.stringify(text)} on a page`, () => {
      const [line, ...more] = problemsOf('CONTRIBUTING.md', text)
      assert.match(line ?? '', problem)
      assert.deepEqual(more, [])
    })
  }

  for (const text of [
    'See [the journal](src/state/README.md#journal) and [how](README.md#run-it).',
    'See `src/state/README.md`, "Journal".',
    'Every `*.md`, and `test/unit/*.test.ts`.'
  ]) {
    it(`lets a page say ${JSON.stringify(text)}`, () => {
      assert.deepEqual(problemsOf('CONTRIBUTING.md', text), [])
    })
  }

  it('resolves names from where the citing file lies', () => {
    assert.deepEqual(problemsOf('src/state/b.ts', '// README.md, "Journal"; ./journal.ts'), [])
    assert.match(problemsOf('src/rpc/b.ts', '// ./journal.ts')[0] ?? '', /cites [.]\/journal[.]ts/)
  })
  it('names the line', () => {
    const [line] = problemsOf('src/base/a.ts', 'a()\n\n// b\n// c (state.md)\n')
    assert.match(line ?? '', /^src\/base\/a[.]ts:4: /)
  })
})
