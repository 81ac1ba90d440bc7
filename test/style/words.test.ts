// What no file may say: the project speaks of itself alone, and leaves nothing half done.
import assert from 'node:assert/strict'
import { extname } from 'node:path'
import { type Problem, problemLines, type ProjectFile, readProjectFiles } from './project-files.ts'

interface Ban {
  readonly pattern: RegExp
  readonly problem: string
  /** Where it applies; everywhere when left out. */
  readonly in?: (path: string) => boolean
}

const isCode = (path: string) => ['.ts', '.js'].includes(extname(path))
const isTest = (path: string) => path.endsWith('.test.ts')
const isInstall = (path: string) =>
  /(^|\/)(package-lock[.]json|package[.]json|[.]npmrc)$/.test(path)

// The words are put together from parts, so that this file may be held to them too.
const word = (...parts: readonly string[]) => parts.join('')

const BANS: readonly Ban[] = [
  {
    pattern: new RegExp(word('(?<![\\w.$}/-])/(wo', 'rk|ho', 'me|ro', 'ot|Us', 'ers|t', 'mp)/')),
    problem: 'names a path of one machine'
  },
  { pattern: new RegExp(word('\\b[Cc]:\\\\', '\\\\?\\w')), problem: 'names a path of one machine' },
  {
    pattern: new RegExp(word('\\b(TO', 'DO|FIX', 'ME|X', 'XX|HA', 'CK)\\b')),
    problem: 'is not done'
  },
  {
    pattern: new RegExp(word('\\b(is', 'sue|st', 'op) #?\\d', '|\\bshared', '/')),
    problem: 'speaks of work, not of the project'
  },
  { pattern: new RegExp(word('\\.on', 'ly\\s*\\(')), problem: 'runs one test alone', in: isTest },
  {
    pattern: new RegExp(word('(\\.sk', 'ip\\s*\\(|\\bx(it|des', 'cribe)\\s*\\()')),
    problem: 'skips without a reason: use skipTest',
    in: isTest
  },
  { pattern: new RegExp(word('@ts-', '(ignore|nocheck)')), problem: 'hides an error', in: isCode },
  {
    pattern: new RegExp(word('@ts-', 'expect-error\\s*$'), 'm'),
    problem: 'hides an error without a reason',
    in: isCode
  },
  { pattern: new RegExp(word('\\bas a', 'ny\\b')), problem: 'gives up the type', in: isCode },
  {
    pattern: new RegExp(word('eslint-', 'disable(?!.* -- \\S)')),
    problem: 'switches a rule off without " -- reason"',
    in: isCode
  },
  {
    pattern: new RegExp(word('prettier-', 'ignore(?!.* -- \\S)')),
    problem: 'switches the format off without " -- reason"',
    in: isCode
  },
  {
    pattern: new RegExp(word('c8 ', 'ignore(?!.* -- \\S)')),
    problem: 'leaves code out of the coverage without " -- reason"',
    in: isCode
  },
  {
    pattern: new RegExp(
      word('"resol', 'ved"\\s*:|^\\s*(@[\\w-]+:)?regis', 'try\\s*=|"regis', 'try"\\s*:'),
      'm'
    ),
    problem: 'names the host of a registry',
    in: isInstall
  }
]

/** Where the file says what it may not. */
function checkWords({ path, text }: ProjectFile): readonly Problem[] {
  return BANS.flatMap(({ pattern, problem, in: appliesTo = () => true }) => {
    const at = appliesTo(path) ? text.search(pattern) : -1
    if (at < 0) return []
    return [{ path: `${path}:${text.slice(0, at).split('\n').length}`, problem }]
  })
}

describe('words', () => {
  it('speak of the project alone and leave nothing half done', () => {
    assert.deepEqual(problemLines(readProjectFiles().flatMap(checkWords)), [])
  })
})

describe('the guard of words', () => {
  for (const [path, text, problem] of [
    ['README.md', word('cd /wo', 'rk/main'), /path of one machine/],
    ['src/a.ts', word("open('/t", "mp/x')"), /path of one machine/],
    ['src/a.ts', word('/ho', 'me/someone/x'), /path of one machine/],
    ['src/a.ts', word('C:', '\\Users'), /path of one machine/],
    ['src/a.ts', word('// TO', 'DO: later'), /not done/],
    ['devnet/page.html', word('<!-- FIX', 'ME -->'), /not done/],
    ['README.md', word('as iss', 'ue 2 says'), /speaks of work/],
    ['src/a.ts', word('// see shar', 'ed/design'), /speaks of work/],
    ['test/a.test.ts', word('it.on', "ly('x', () => 1)"), /one test alone/],
    ['test/a.test.ts', word('describe.on', "ly ('x')"), /one test alone/],
    ['test/a.test.ts', word('it.sk', "ip('x')"), /skips without/],
    ['test/a.test.ts', word('this.sk', 'ip()'), /skips without/],
    ['test/a.test.ts', word('xi', "t('x')"), /skips without/],
    ['src/a.ts', word('// @ts-', 'ignore'), /hides an error/],
    ['src/a.ts', word('// @ts-', 'nocheck'), /hides an error/],
    ['src/a.ts', word('// @ts-', 'expect-error\nx()'), /without a reason/],
    ['src/a.ts', word('x as a', 'ny'), /gives up the type/],
    ['src/a.ts', word('// eslint-', 'disable-next-line no-console'), /rule off/],
    ['src/a.ts', word('// prettier-', 'ignore'), /format off/],
    ['src/a.ts', word('/* c8 ', 'ignore next */'), /coverage/],
    ['package-lock.json', word('  "resol', 'ved": "https://x"'), /registry/],
    ['.npmrc', word('regis', 'try=https://x'), /registry/],
    ['.npmrc', word('a=1\n@x:regis', 'try=https://x'), /registry/]
  ] as const) {
    it(`finds ${JSON.stringify(text)} in ${path}`, () => {
      const [line, ...more] = problemLines(checkWords({ path, text }))
      assert.match(line ?? '', problem)
      assert.deepEqual(more, [])
    })
  }

  for (const [path, text] of [
    ['README.md', 'node dist/tmp/x and https://example.org/home/page'],
    ['README.md', 'the readonly (value); describes many; only(x)'],
    ['src/a.ts', word('cursor.sk', 'ip(3); signer.on', 'ly(x)')],
    ['src/a.ts', '// eslint-disable-next-line no-console -- this is the command line'],
    ['src/a.ts', '// @ts-expect-error the package types it too narrowly'],
    ['src/a.ts', 'has anything; was any good'],
    ['src/a.ts', 'the registry of protocols']
  ] as const) {
    it(`lets ${path} say ${JSON.stringify(text)}`, () => {
      assert.deepEqual(checkWords({ path, text }), [])
    })
  }

  it('names the line', () => {
    const found = checkWords({ path: 'src/a.ts', text: word('a\nb\n// TO', 'DO') })
    assert.equal(found[0]?.path, 'src/a.ts:3')
  })
})
