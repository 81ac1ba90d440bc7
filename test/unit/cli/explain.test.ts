// `rekindle explain`: every code of the sources has an explanation, and no explanation is of a code there is not.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { CONFIG_KEYS } from '../../../src/config/config-keys.ts'
import { EXPLAINED_CODES, explanationOf } from '../../../src/cli/explanations.ts'
import { WAIT_REASONS } from '../../../src/recovery/decide/wait-reasons.ts'
import { filesUnder, type ProjectFile, readProjectFiles } from '../../style/project-files.ts'
import { parse, walk } from '../../style/syntax.ts'
import { type HttpServerName } from '../../../src/rpc/http-listen.ts'
import { projectPath } from '../../support/project-root.ts'
import { recordedIo, runCommand } from './command-fixture.ts'

const SOURCES = filesUnder(readProjectFiles(), ['src', 'protocols'])
const EXPLAINING = /^src\/cli\/explanations.*\.ts$/

const WAIT_CODES: readonly string[] = WAIT_REASONS.map(({ code }) => code)

/** The texts of a type that is made of texts alone; of anything else, none. */
function textsOf(type: ts.TypeNode | undefined): readonly string[] {
  if (type === undefined) return []
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(textsOf)
  return ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : []
}

/** Aliases of texts that a node says of itself. */
const WORD_TYPES = ['ShutReason', 'LagCode']

/** `readonly code: '…'` in any union of failures, why a gate is shut, and why a node lags. */
function declaredCodes(file: ProjectFile): readonly string[] {
  const codes: string[] = []
  walk(parse(file), (node) => {
    const isCode = ts.isPropertySignature(node) && node.name.getText() === 'code'
    const isReason = ts.isTypeAliasDeclaration(node) && WORD_TYPES.includes(node.name.text)
    if (isCode || isReason) codes.push(...textsOf(node.type))
  })
  return codes
}

/** Codes that a text of the sources sends the operator to: `rekindle explain CODE`. */
function namedCodes({ text }: ProjectFile): readonly string[] {
  return [...text.matchAll(/rekindle explain ([a-z][a-z-]+)/g)].map(([, code = '']) => code)
}

describe('explanations', () => {
  it('are found by looking for codes in the sources', () => {
    const source = `
      type A = { readonly code: 'a-one'; readonly path: string } | { readonly code: 'a-two' | 'a-three' }
      interface B { readonly code: 'b-one'; readonly nested: { readonly code: 'b-two' } }
      type ShutReason = 'c-one' | 'c-two'
      type Other = { readonly kind: 'not-this'; readonly code: string }`
    const codes = declaredCodes({ path: 'src/a.ts', text: source })
    assert.deepEqual(codes, ['a-one', 'a-two', 'a-three', 'b-one', 'b-two', 'c-one', 'c-two'])
    const text = "lines.push('more: rekindle explain d-one')"
    assert.deepEqual(namedCodes({ path: 'src/b.ts', text }), ['d-one'])
  })

  it('are there for every code', () => {
    const found = SOURCES.flatMap((file) => [...declaredCodes(file), ...namedCodes(file)])
    const codes = new Set([...found, ...WAIT_CODES])
    assert.ok(codes.size > 100, `${codes.size} codes were found`)
    codes.delete('lists') // "rekindle explain lists them all"
    assert.deepEqual(
      [...codes].filter((code) => explanationOf(code) === undefined),
      []
    )
  })

  it('are there for nothing that the sources do not say', () => {
    const texts = SOURCES.filter(({ path }) => !EXPLAINING.test(path)).map(({ text }) => text)
    assert.deepEqual(
      EXPLAINED_CODES.filter(
        (code) => !texts.some((text) => new RegExp(`('|rekindle explain )${code}'`).test(text))
      ),
      []
    )
  })

  it('name the flag of each server whose address cannot be had', () => {
    const { safe = '' } = explanationOf('http-address-unavailable') ?? {}
    const servers: readonly HttpServerName[] = ['rpc', 'metrics']
    for (const server of servers) assert.match(safe, new RegExp(`--${CONFIG_KEYS[server].flag}\\b`))
  })

  it('explain each code once, in sentences', () => {
    const tables = SOURCES.filter(({ path }) => EXPLAINING.test(path))
    // Codes of the same trouble as a wait name it, to share its words.
    const own = tables.map(({ text }) => text.replaceAll(/explainWait\('[^']+'\)/g, '')).join('\n')
    for (const code of EXPLAINED_CODES) {
      const ownCount = own.split(`'${code}'`).length - 1
      assert.equal(ownCount + WAIT_CODES.filter((wait) => wait === code).length, 1, code)
      const { meaning, safe } = explanationOf(code) ?? { meaning: '', safe: '' }
      for (const sentences of [meaning, safe]) assert.match(sentences, /^[A-Z].*\.$/, code)
    }
  })
})

describe('the table of what a shut gate waits for', () => {
  const file = (name: string) => readFileSync(projectPath(name), 'utf8')
  const rows = file('README.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))

  it('has a row for every reason and every action that keeps it shut', () => {
    assert.ok(WAIT_CODES.length > 5)
    const named = rows.flatMap((row) => {
      return Array.from(row.split(' | ')[0]!.matchAll(/`([^`]+)`/g), ([, code]) => code)
    })
    const due = [...WAIT_CODES, 'ask', 'stay-shut-conflict', 'stay-shut-gap']
    assert.deepEqual(
      due.filter((code) => !named.includes(code)),
      []
    )
  })
})

describe('explain', () => {
  it('prints what a code means and what is safe to do', async () => {
    const run = await runCommand(['explain', 'store-locked'], recordedIo('/'))
    assert.deepEqual(run, {
      exitCode: 0,
      stderr: '',
      stdout: [
        'store-locked',
        '',
        '  Another process has the data directory open.',
        '',
        '  What is safe to do: Stop it, or name another directory. "fuser" with the file LOCK in the directory shows which process it is. Do not delete the lock: it is let go of when that process ends.',
        ''
      ].join('\n')
    })
  })

  it('prints every code there is', async () => {
    for (const code of EXPLAINED_CODES) {
      const { exitCode, stdout } = await runCommand(['explain', code], recordedIo('/'))
      assert.equal(exitCode, 0)
      assert.equal(stdout.split('\n')[0], code)
    }
  })

  it('lists all codes, sorted, when none is named', async () => {
    const { exitCode, stdout } = await runCommand(['explain'], recordedIo('/'))
    const codes = stdout.trimEnd().split('\n')
    assert.equal(exitCode, 0)
    assert.deepEqual(codes, [...EXPLAINED_CODES].sort())
    assert.ok(codes.includes('gate-shut'))
  })

  for (const [code, message] of [
    ['gate-shutt', '"gate-shutt" is no error code of this version; did you mean gate-shut?'],
    ['GATE-SHUT', '"GATE-SHUT" is no error code of this version; did you mean gate-shut?'],
    ['x', '"x" is no error code of this version; rekindle explain lists them all'],
    [
      '\u001b[2J\u009b',
      '"\\u001b[2J?" is no error code of this version; rekindle explain lists them all'
    ]
  ] as const) {
    it(`refuses ${JSON.stringify(code)}`, async () => {
      const run = await runCommand(['explain', code], recordedIo('/'))
      assert.deepEqual(run, { exitCode: 2, stdout: '', stderr: `rekindle: ${message}\n` })
    })
  }
})
