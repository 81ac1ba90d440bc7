// The suite as a command: what it says, where, and with which exit code it ends.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { projectPath } from '../support/project-root.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { runCommand } from '../../protocols/conformance/command.ts'

async function command(...args: readonly string[]) {
  let stdout = ''
  let stderr = ''
  const exitCode = await runCommand(args, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text)
  })
  return { exitCode, stdout, stderr }
}

describe('the command of the conformance suite', function () {
  this.timeout(60_000)
  const directory = useTemporaryDirectory()

  const target = '/ip4/127.0.0.1/tcp/1'
  for (const [what, args, says] of [
    ['no target', ['--chain-id', '901'], '--target and --chain-id must be given'],
    ['a target that is no multiaddr', ['--target', 'x', '--chain-id', '1'], '--target is no multi'],
    ['a chain id that is no number', ['--target', target, '--chain-id', 'x'], '--chain-id is no'],
    [
      'no patience at all',
      ['--target', target, '--chain-id', '1', '--patience', '0'],
      '--patience is no number from 1'
    ],
    [
      'an identity that nothing is listened with',
      ['--target', target, '--chain-id', '1', '--peer-key', 'x.key'],
      '--peer-key is the identity to listen with'
    ],
    [
      'an address whose port is not known yet',
      ['--print-address', '--peer-key', 'x.key', '--listen', '/ip4/127.0.0.1/tcp/0'],
      '--print-address needs a port'
    ],
    ['a flag that there is not', ['--wrong'], "Unknown option '--wrong'"]
  ] as const) {
    it(`ends with 2 and one line that says it for ${what}`, async () => {
      const { exitCode, stdout, stderr } = await command(...args)
      assert.equal(exitCode, 2)
      assert.equal(stdout, '')
      assert.ok(stderr.startsWith(says), stderr)
      assert.match(stderr, /^.+; --help lists all flags\n$/)
    })
  }

  it('ends with 0 and its usage on stdout for --help', async () => {
    const { exitCode, stdout, stderr } = await command('--help')
    assert.equal(exitCode, 0)
    assert.match(stdout, /usage: rekindle-conformance --target/)
    assert.equal(stderr, '')
  })

  it('ends with 2 where nobody listens', async () => {
    const [port] = await chooseFreePorts(1)
    const nobody = `/ip4/127.0.0.1/tcp/${String(port)}`
    const { exitCode, stderr } = await command('--target', nobody, '--chain-id', '901')
    assert.equal(exitCode, 2)
    assert.match(stderr, /the suite could not run/)
  })

  it('prints the address for the config of a node, the same each time', async () => {
    const listen = '/ip4/127.0.0.1/tcp/9400'
    const keyFile = join(directory.path, 'suite.key')
    const args = ['--print-address', '--peer-key', keyFile, '--listen', listen]
    const { exitCode, stdout } = await command(...args)
    assert.equal(exitCode, 0)
    assert.match(
      stdout,
      /^peer id {4}(16Uiu2HA\w+)\nmultiaddr {2}\/ip4\/127[.]0[.]0[.]1\/tcp\/9400\/p2p\/\1\n/
    )
    assert.equal((await command(...args)).stdout, stdout)
    assert.equal((await stat(keyFile)).mode & 0o777, 0o600)
    await writeFile(keyFile, 'no key')
    const bad = await command(...args)
    assert.equal(bad.exitCode, 2)
    assert.match(bad.stderr, /suite[.]key: it is not 64 hex digits/)
  })

  it('is what the script of that name runs', () => {
    const path = projectPath('dist', 'protocols', 'conformance', 'run.js')
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, [path, ...args], { encoding: 'utf8', timeout: 60_000 })
    const { status, stderr } = run('--wrong')
    assert.equal(status, 2)
    assert.match(stderr, /--help lists all flags/)
  })
})
