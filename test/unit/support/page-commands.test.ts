// Which lines of a page are commands, and what the list of exceptions has to hold against them.
import assert from 'node:assert/strict'
import {
  blockCommands,
  COMMAND_PAGES,
  coverageProblems,
  fillIn,
  findCommands
} from '../../support/page-commands.ts'
import { readProjectFiles } from '../../style/project-files.ts'

const FENCE = '```'
const PAGE = `# Page

${FENCE}
npm ci && npm test        # all of it
docker run rekindle
${FENCE}

## Run it

Say \`rekindle status\`, or \`npx
rekindle config\`; \`rekindle\` is the command, \`admin_addBackup\` a method.

${FENCE}
npx rekindle init --role backup \\
    --listen /ip4/0.0.0.0/tcp/9223

curl -s http://127.0.0.1:8545 -d '{"a":[]}'
${FENCE}

### And so on

${FENCE}
SEQUENCER ─▶ BACKUP
${FENCE}

${FENCE}json
{ "npm run": 1 }
${FENCE}

${FENCE}sh
npm run watch
${FENCE}
`

describe('the commands of a page', () => {
  it('are the lines of its blocks, and what is to be typed in its text', () => {
    assert.deepEqual(findCommands(PAGE), [
      'npm ci && npm test',
      'docker run rekindle',
      'npx rekindle init --role backup --listen /ip4/0.0.0.0/tcp/9223',
      `curl -s http://127.0.0.1:8545 -d '{"a":[]}'`,
      'npm run watch',
      'rekindle status',
      'npx rekindle config'
    ])
  })

  it('are those of a section where it is named', () => {
    assert.deepEqual(blockCommands(PAGE, '### And so on'), ['npm run watch'])
    assert.equal(blockCommands(PAGE, '## Run it').length, 2)
    assert.throws(() => blockCommands(PAGE, '## Elsewhere'), /no heading ## Elsewhere/)
  })

  it('stand in blocks of the pages whose commands are run, and of no other', () => {
    const others = readProjectFiles().filter(
      ({ path }) => path.endsWith('.md') && !COMMAND_PAGES.includes(path)
    )
    assert.ok(others.length > 20)
    for (const { path, text } of others) {
      const typed = blockCommands(text).filter((line) => /^(npx|npm|rekindle|curl)\b/.test(line))
      assert.deepEqual(typed, [], path)
    }
  })

  it('have the addresses of the test, and no placeholder without one', () => {
    const values = { '<multiaddr of the backup>': '/ip4/1', ':8545': ':99' }
    assert.equal(fillIn('a :8545 "<multiaddr of the backup>"', values), 'a :99 "/ip4/1"')
    assert.throws(() => fillIn('a <hash>', values), /asks for <hash>/)
  })
})

describe('the list of commands that are not run', () => {
  const printed = ['a', 'b', 'c']

  it('is good when each command is run or listed', () => {
    assert.deepEqual(coverageProblems(printed, new Set(['a', 'b']), { c: 'why' }), [])
  })

  for (const [what, ran, exceptions, problem] of [
    ['a command that is new', ['a', 'b'], {}, 'neither run nor listed: c'],
    [
      'an exception whose command is gone',
      ['a', 'b', 'c'],
      { d: 'why' },
      'listed, and on no page: d'
    ],
    ['an exception that is run', ['a', 'b', 'c'], { c: 'why' }, 'listed, and run: c'],
    ['a command that no page prints', ['a', 'b', 'c', 'e'], {}, 'run, and on no page: e']
  ] as const) {
    it(`is refused for ${what}`, () => {
      assert.deepEqual(coverageProblems(printed, new Set(ran), exceptions), [problem])
    })
  }
})
