// A node that may open few files: refused by name, started with less, and alive while others use all of them up.
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { CommandProcess, runCommand } from '../support/node-command.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const WITHIN = { withinMs: 30_000 }
const TOO_FEW = 64
const FEW = 256
/** On each of the two ports: together more than the node may have open. */
const SOCKETS_EACH = 200

describe('a node that may open few files', function () {
  this.timeout(120_000)
  let node: CommandProcess | undefined
  const sockets: Socket[] = []
  // Before the directory's own hook: what runs in it ends first.
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await node?.kill()
    node = undefined
  })
  const directory = useTemporaryDirectory()

  async function start(filesMax: number) {
    const [listen = 0, rpc = 0, metrics = 0] = await chooseFreePorts(3)
    const { exitCode, stdout, stderr } = await runCommand(
      'init',
      ...['--role', 'sequencer', '--datadir', join(directory.path, 'seq'), '--json'],
      ...['--keydir', join(directory.path, 'keys')],
      ...['--listen', `/ip4/127.0.0.1/tcp/${String(listen)}`],
      ...['--rpc', `127.0.0.1:${String(rpc)}`, '--metrics', `127.0.0.1:${String(metrics)}`]
    )
    assert.equal(exitCode, 0, stderr)
    const { configFile } = JSON.parse(stdout) as { readonly configFile: string }
    node = new CommandProcess(
      ['run', '--config', configFile, '--quorum', 'none', '--log-level', 'debug'],
      {
        filesMax
      }
    )
    return { process: node, listen, rpc }
  }

  it('is refused at a limit that is too low, with the number and the command that raises it', async () => {
    const { process } = await start(TOO_FEW)
    const { exitCode, stderr } = await process.ended()
    assert.equal(exitCode, 2, stderr)
    assert.match(
      stderr,
      /^rekindle: file-limit-too-low limit=64 needed=132 raise=ulimit -n 4096[^\n]*\n$/
    )
  })

  it('goes on building while sockets use up every file, and after that', async () => {
    const { process, listen, rpc } = await start(FEW)
    const builtCount = () => process.stderr.split('"event":"published"').length - 1
    const built = (what: string, count: number) => until(what, () => builtCount() >= count, WITHIN)
    await built('a block', 1)
    assert.match(process.stderr, /"event":"file-limit-low"/)
    for (let count = 0; count < SOCKETS_EACH; count++) {
      for (const port of [listen, rpc]) {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => undefined) // refused, or cut off: that is the node's right
        sockets.push(socket)
      }
    }
    await until(
      'all that the system takes are connected',
      () => sockets.every(({ connecting }) => !connecting),
      WITHIN
    )
    await built('blocks meanwhile', builtCount() + 4)
    for (const socket of sockets.splice(0)) socket.destroy()
    await built('blocks afterwards', builtCount() + 2)
    await until('an answer', async () => isAnswering(rpc), WITHIN)
    process.signal('SIGTERM')
    const { exitCode, stderr } = await process.ended()
    assert.equal(exitCode, 0, stderr)
  })
})

async function isAnswering(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${String(port)}/health`).catch(() => undefined)
  return response?.status === 200
}
