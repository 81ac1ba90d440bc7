// Help texts against the operator's page: every command, every flag, and nothing that there is not.
import assert from 'node:assert/strict'
import { KEY_DIR_FILES } from '../../../src/config/config-checks.ts'
import { recordedIo, runCommand } from './command-fixture.ts'

const CONFIG_FLAGS = [
  '--role <sequencer|backup>',
  '--datadir <dir>',
  '--genesis <file>',
  '--listen <multiaddr>',
  '--advertise <multiaddr>',
  '--peer <multiaddr>',
  '--backup <multiaddr>',
  '--quorum <auto|all|none|count>',
  '--signer <address>',
  '--signed-record <on|off>',
  '--history <count|all>',
  '--preset <op|opbnb>',
  '--block-time <ms>',
  '--rpc <host:port>',
  '--rpc-hosts <name>',
  '--rpc-cors <origin>',
  '--metrics <host:port>',
  '--sequencer-rpc <url>',
  '--log-level <level>'
]

const FLAGS: readonly (readonly [command: string, flags: readonly string[]])[] = [
  [
    'run',
    ['--config <file>', ...CONFIG_FLAGS, '--start-without-backups <hash>', '--give-up-above <hash>']
  ],
  [
    'init',
    [...CONFIG_FLAGS, '--keydir <dir>', '--sequencer-key <file>', '--chain-id <number>', '--json']
  ],
  ['key', []],
  ['key new', ['--peer', '--json']],
  ['key show', ['--peer', '--json']],
  [
    'role',
    [
      ...['--config <file>', '--to <role>', '--json', '--peer <multiaddr>', '--backup <multiaddr>'],
      ...['--quorum <auto|all|none|count>', '--sequencer-rpc <url>']
    ]
  ],
  ['status', ['--rpc <url>', '--json']],
  ['signer', []],
  ['db', []],
  ['db inspect', ['--config <file>', '--json']],
  ['db verify', ['--config <file>', '--json', '--repair', '--peer <multiaddr>']],
  [
    'db rewind',
    ['--config <file>', '--role <role>', '--json', '--to <number>', '--confirm <hash>']
  ],
  [
    'db choose',
    ['--config <file>', '--role <role>', '--json', '--branch <hash>', '--confirm <hash>']
  ],
  ['signer show', ['--config <file>', '--role <role>', '--record <file>', '--json']],
  [
    'signer release',
    ['--config <file>', '--role <role>', '--json', '--above <number>', '--confirm <hash>']
  ],
  ['config', ['--print-defaults', '--print-schema']],
  ['explain', []]
]

async function help(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(args, recordedIo('/'))
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
  return stdout
}

/** What stands before the text of each option. */
const optionsOf = (text: string) =>
  [...text.matchAll(/^ {2}(--?[a-zA-Z].*?)(?: {2,}|$)/gm)].map(([, option]) => option)

/** The text on one line each. */
const unwrapped = (text: string) => text.replace(/\n {3,}/g, ' ')

describe('--help', () => {
  for (const [command, flags] of FLAGS) {
    it(`of ${command} lists its flags`, async () => {
      const text = await help(...command.split(' '), '--help')
      assert.deepEqual(optionsOf(text), [...flags, '-h, --help'])
      assert.match(text, new RegExp(`^Usage: rekindle ${command} `))
      assert.equal(await help(...command.split(' '), '-h'), text)
    })
  }

  it('lists every command and the exit codes', async () => {
    const text = await help('--help')
    const commands = [...text.matchAll(/^ {2}([a-z]+) (?:\[| {2,})/gm)].map(([, name]) => name)
    const names = [
      ...['init', 'key', 'role', 'run', 'status', 'signer', 'db', 'config', 'explain', 'help']
    ]
    assert.deepEqual(commands, names)
    assert.deepEqual(optionsOf(text), ['-V, --version', '-h, --help'])
    assert.match(text, /Exit codes: 0 good; 1 a check failed.*; 2 bad usage or config/)
    assert.equal(await help('help'), text)
  })

  for (const [command, pattern] of [
    ['run', /--role <sequencer\|backup> .*\(must be given\)\n/],
    ['run', /--quorum <.*> .*\(default: auto\)\n/],
    ['run', /--backup <multiaddr> .*\(repeat for each\)\n/],
    ['run', /--block-time <ms> .*\(default: the genesis file's\)\n/],
    ['run', /--genesis <file> .*\(default: genesis.json in DATADIR.keys\)\n/],
    ['run', /--give-up-above <hash> .*; for this start alone\n/],
    ['init', /--genesis <file> .*\(a backup must have it; default for a sequencer: a sample\)\n/],
    ['init', /--block-time <ms> .*\(default: the genesis file's; 1000 in the sample\)\n/],
    ['init', /--chain-id <number> .*\(default: 901\)\n/],
    ['status', /--rpc <url> .*\(default: "http:\/\/127\.0\.0\.1:8545"\)\n/]
  ] as const) {
    it(`of ${command} says ${pattern.source}`, async () => {
      assert.match(unwrapped(await help(command, '--help')), pattern)
    })
  }

  it('of init names every file that it writes, and what is lost with the databases', async () => {
    const text = await help('init', '--help')
    for (const file of Object.values(KEY_DIR_FILES)) assert.ok(text.includes(file), file)
    assert.match(unwrapped(text), /admin_addBackup, and blocks set aside/)
  })

  it('fits a terminal where it is ours to break lines', async () => {
    for (const [command] of FLAGS) {
      const lines = (await help(...command.split(' '), '--help')).split('\n')
      for (const line of lines) assert.ok(line.length <= 105, line)
    }
  })
})

describe('the command line', () => {
  it('prints its version', async () => {
    assert.equal(await help('--version'), '1.2.3\n')
    assert.equal(await help('-V'), '1.2.3\n')
  })

  for (const [args, stderr] of [
    [['rn'], "error: unknown command 'rn'\n(Did you mean run?)\n"],
    [['destroy'], "error: unknown command 'destroy'\n"],
    [['--verbose'], "error: unknown option '--verbose'\n"],
    [['signer', 'shw'], "error: unknown command 'shw'\n(Did you mean show?)\n"],
    [['signer', 'show', '--jsn'], "error: unknown option '--jsn'\n(Did you mean --json?)\n"],
    [
      ['explain', 'a', 'b'],
      "error: too many arguments for 'explain'. Expected 1 argument but got 2.\n"
    ]
  ] as const) {
    it(`refuses ${args.join(' ')}`, async () => {
      const run = await runCommand(args, recordedIo('/'))
      assert.deepEqual(run, { exitCode: 2, stdout: '', stderr })
    })
  }

  for (const args of [[], ['signer']]) {
    it(`helps, and ends with 2, when nothing is asked: [${args.join(' ')}]`, async () => {
      const { exitCode, stdout, stderr } = await runCommand(args, recordedIo('/'))
      assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' })
      assert.equal(stderr, await help(...args, '--help'))
    })
  }
})
