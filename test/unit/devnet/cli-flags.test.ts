// The devnet's flags: defaults, values, and one clear message for each thing that is wrong.
import assert from 'node:assert/strict'
import { parseFlags } from '../../../devnet/command/cli-flags.ts'

describe('the flags of the devnet', () => {
  it('have defaults', () => {
    const parsed = parseFlags([])
    assert.ok(parsed.kind === 'flags')
    const { scenario, ...rest } = parsed.flags
    assert.equal(scenario.name, 'one-block-behind')
    assert.deepEqual(rest, {
      backupsCount: 3,
      blockTimeMs: 1000,
      transfersPerSecond: 10,
      without: undefined,
      seed: 1,
      exits: false,
      isJson: false,
      directory: undefined
    })
  })

  it('take a value each', () => {
    const text =
      '--backups 2 --block-time 500 --load 0 --scenario lost-journal --without gate --seed 7 --exit --json --dir there'
    const parsed = parseFlags(text.split(' '))
    assert.ok(parsed.kind === 'flags')
    const { scenario, ...rest } = parsed.flags
    assert.equal(scenario.name, 'lost-journal')
    assert.deepEqual(rest, {
      backupsCount: 2,
      blockTimeMs: 500,
      transfersPerSecond: 0,
      without: 'gate',
      seed: 7,
      exits: true,
      isJson: true,
      directory: 'there'
    })
  })

  for (const [text, pattern] of [
    ['--bogus', /unknown option '--bogus'/],
    ['extra', /too many arguments/],
    ['--backups 0', /--backups.*from 1 to 8/],
    ['--backups 9', /--backups.*from 1 to 8/],
    ['--backups 1.5', /--backups.*whole number/],
    ['--backups -1', /--backups/],
    ['--backups', /--backups.*missing/],
    ['--block-time 0', /--block-time/],
    ['--block-time 1500', /--block-time.*Whole seconds, or 500 or 250 ms/],
    ['--block-time soon', /--block-time.*whole number/],
    ['--block-time 11000', /--block-time.*from 1 to 10000/],
    ['--scenario slow-backup --backups 2', /slow-backup needs --backups 3 or more/],
    ['--scenario corrupt-node --load 0', /corrupt-node needs --load 1 or more/],
    ['--load 1001', /--load.*from 0 to 1000/],
    ['--scenario nothing', /--scenario.*one-block-behind/],
    ['--without luck', /--without.*recovery, record, quorum, gate/],
    ['--seed x', /--seed.*whole number/],
    ['--seed 99999999999', /--seed.*whole number/],
    ['--dir=', /--dir.*must name a directory/]
  ] as const) {
    it(`refuse ${text}`, () => {
      const parsed = parseFlags(text.split(' '))
      assert.ok(parsed.kind === 'bad')
      assert.match(parsed.text, pattern)
      assert.equal(parsed.text.trimEnd().split('\n').length, 1)
    })
  }

  it('print every scenario and the exit codes as help', () => {
    const parsed = parseFlags(['--help'])
    assert.ok(parsed.kind === 'help')
    for (const name of ['published-to-none', 'no-backup-reachable', '--block-time', 'Exit code']) {
      assert.ok(parsed.text.includes(name), name)
    }
  })
})
