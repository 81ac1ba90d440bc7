// Nodes on genesis files as geth's tools write them, as processes: what a start says of an old timestamp and of one ahead.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { CommandProcess, runCommand } from '../support/node-command.ts'
import { projectPath } from '../support/project-root.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

describe('a start on a genesis file of geth', function () {
  this.timeout(60_000)
  const running: CommandProcess[] = []

  // Before the directory's own hook: what runs in it ends first.
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.kill()))
  })
  const directory = useTemporaryDirectory()

  /** The line of that event in the log of a sequencer on the file, with this timestamp in it where one is given. */
  async function logged(event: string, timestamp?: number): Promise<Record<string, unknown>> {
    const text = await readFile(projectPath('test/fixtures/genesis-plain.json'), 'utf8')
    const genesisFile = join(directory.path, 'genesis.json')
    const file = JSON.parse(text) as object
    await writeFile(
      genesisFile,
      timestamp === undefined ? text : JSON.stringify({ ...file, timestamp })
    )
    const [listen, rpc, metrics] = (await chooseFreePorts(3)).map(String)
    const init = await runCommand(
      ...['init', '--role', 'sequencer', '--datadir', join(directory.path, 'seq')],
      ...['--genesis', genesisFile, '--block-time', '2000', '--quorum', 'none'],
      ...['--listen', `/ip4/127.0.0.1/tcp/${listen ?? ''}`],
      ...['--rpc', `127.0.0.1:${rpc ?? ''}`, '--metrics', `127.0.0.1:${metrics ?? ''}`]
    )
    assert.equal(init.exitCode, 0, init.stderr)
    const node = new CommandProcess([
      'run',
      '--config',
      join(directory.path, 'seq.keys/config.json')
    ])
    running.push(node)
    await node.logged(event)
    const lines = node.stderr.split('\n').filter((line) => line.includes(`"event":"${event}"`))
    assert.equal(lines.length, 1)
    return JSON.parse(lines[0] ?? '') as Record<string, unknown>
  }

  it('says how many empty blocks an old one takes', async () => {
    const { at, emptyBlocks, meaning } = await logged('genesis-old')
    assert.equal(at, '1970-01-01T00:00:00.000Z')
    assert.ok(Number(emptyBlocks) > 800_000_000, String(emptyBlocks))
    assert.match(String(meaning), /write the present time into the genesis file/i)
  })

  it('says how long everybody waits for one ahead', async () => {
    const { waitSeconds } = await logged('genesis-ahead', Math.floor(Date.now() / 1000) + 7_200)
    assert.ok(Number(waitSeconds) > 7_000 && Number(waitSeconds) <= 7_200, String(waitSeconds))
  })
})
