// `rekindle init` and `run` as processes: what an operator gets wrong, clean stops, kills, and two nodes by hand.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { CLI, CommandProcess, runCommand } from '../support/node-command.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

interface InitResult {
  readonly peerId: string
  readonly multiaddr: string
  readonly configFile: string
  readonly genesisFile: string
}

interface NodeStatus {
  readonly head: { readonly number: number; readonly hash: string }
  readonly gate?: { readonly open: boolean }
  readonly state: { readonly headReadable: boolean }
}

describe('the command', function () {
  this.timeout(120_000)
  const running: CommandProcess[] = []
  const servers: Server[] = []

  // Before the directory's own hook: what runs in it ends first.
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.kill()))
    for (const server of servers.splice(0)) server.close()
  })
  const directory = useTemporaryDirectory()

  const path = (name: string) => join(directory.path, name)

  async function init(role: string, name: string, ...flags: readonly string[]) {
    const [listen, rpc, metrics] = await chooseFreePorts(3)
    const { exitCode, stdout, stderr } = await runCommand(
      'init',
      ...['--role', role, '--datadir', path(name), '--json'],
      ...['--listen', `/ip4/127.0.0.1/tcp/${String(listen)}`],
      ...['--rpc', `127.0.0.1:${String(rpc)}`, '--metrics', `127.0.0.1:${String(metrics)}`],
      ...flags
    )
    assert.equal(exitCode, 0, stderr)
    return { ...(JSON.parse(stdout) as InitResult), listen, rpc, metrics }
  }

  /** A backup of a chain whose sequencer is never started. */
  async function initBackup(name: string, ...flags: readonly string[]) {
    const { genesisFile, peerId } = await init('sequencer', `${name}-chain`, ...flags)
    return init('backup', name, '--genesis', genesisFile, '--peer', `/p2p/${peerId}`)
  }

  function run(config: string, ...flags: readonly string[]): CommandProcess {
    const started = new CommandProcess(['run', '--config', config, ...flags])
    running.push(started)
    return started
  }

  async function occupy(): Promise<number> {
    const server = createServer()
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  it('refuses a port that is taken, for peers, JSON-RPC and metrics alike', async () => {
    const node = await initBackup('node')
    for (const [flag, toAddress, name] of [
      ['--listen', (port: string) => `/ip4/127.0.0.1/tcp/${port}`, 'listen-unavailable'],
      ['--rpc', (port: string) => `127.0.0.1:${port}`, 'http-address-unavailable server=rpc'],
      [
        '--metrics',
        (port: string) => `127.0.0.1:${port}`,
        'http-address-unavailable server=metrics'
      ]
    ] as const) {
      const port = String(await occupy())
      const { exitCode, stderr } = await run(node.configFile, flag, toAddress(port)).ended()
      assert.equal(exitCode, 2, stderr)
      assert.match(stderr, new RegExp(name))
      assert.ok(stderr.includes(port) && stderr.includes('EADDRINUSE'), stderr)
    }
  })

  it('goes on without a word when its reader has left', async () => {
    const pipe = '"$0" "$1" config --print-schema | true'
    const { stderr } = await promisify(execFile)('sh', ['-c', pipe, process.execPath, CLI])
    assert.equal(stderr, '')
  })

  it('refuses a data directory that another node has open, and leaves that one alone', async () => {
    const node = await initBackup('node')
    const first = run(node.configFile)
    await first.logged('started')
    const [listen, rpc, metrics] = (await chooseFreePorts(3)).map(String)
    const second = await run(
      node.configFile,
      ...['--listen', `/ip4/127.0.0.1/tcp/${listen ?? ''}`],
      ...['--rpc', `127.0.0.1:${rpc ?? ''}`, '--metrics', `127.0.0.1:${metrics ?? ''}`]
    ).ended()
    assert.equal(second.exitCode, 2, second.stderr)
    assert.match(second.stderr, /store-locked/)
    assert.equal((await status(node.rpc)).head.number, 0)
    first.signal('SIGTERM')
    assert.equal((await first.ended()).exitCode, 0)
  })

  it('refuses a data directory of another chain, and one that holds something else', async () => {
    const node = await initBackup('node')
    const first = run(node.configFile)
    await first.logged('started')
    first.signal('SIGTERM')
    await first.ended()
    const other = await initBackup('other', '--chain-id', '902')
    const foreign = await run(other.configFile, '--datadir', path('node')).ended()
    assert.match(foreign.stderr, /genesis-mismatch/)
    assert.notEqual(foreign.exitCode, 0)

    const before = await readdir(path('other.keys'))
    const strange = await run(node.configFile, '--datadir', path('other.keys')).ended()
    assert.equal(strange.exitCode, 2, strange.stderr)
    assert.deepEqual(await readdir(path('other.keys')), before, 'nothing was written')
  })

  it('starts no second sequencer with the same key', async () => {
    const node = await init('sequencer', 'seq')
    const first = run(node.configFile, '--quorum', 'none')
    await first.logged('started')
    await cp(path('seq.keys'), path('copy.keys'), { recursive: true })
    const [listen, rpc, metrics] = (await chooseFreePorts(3)).map(String)
    const second = await run(
      node.configFile,
      ...['--quorum', 'none', '--datadir', path('elsewhere')],
      ...['--listen', `/ip4/127.0.0.1/tcp/${listen ?? ''}`],
      ...['--rpc', `127.0.0.1:${rpc ?? ''}`, '--metrics', `127.0.0.1:${metrics ?? ''}`]
    ).ended()
    assert.equal(second.exitCode, 2, second.stderr)
    assert.match(second.stderr, /in use|locked|another process/i)
  })

  it('ends with 1 and names the file when the signed record is damaged', async () => {
    const node = await init('sequencer', 'seq')
    const record = path('seq.keys/signed-record')
    const bytes = await readFile(record)
    bytes[12]! ^= 0xff
    await writeFile(record, bytes)
    const { exitCode, stderr } = await run(node.configFile, '--quorum', 'none').ended()
    assert.equal(exitCode, 1, stderr)
    assert.ok(stderr.includes(record), stderr)
  })

  it('runs two nodes by hand as the README says: they form a chain, kill and clean stop lose nothing', async () => {
    const sequencer = await init('sequencer', 'seq')
    const backup = await init('backup', 'backup', '--genesis', sequencer.genesisFile)
    const backupFlags = [
      ...['--peer', sequencer.multiaddr],
      ...['--sequencer-rpc', `http://127.0.0.1:${String(sequencer.rpc)}`]
    ]
    const sequencerFlags = ['--backup', backup.multiaddr]
    const second = run(backup.configFile, ...backupFlags)
    const first = run(sequencer.configFile, ...sequencerFlags)
    await until('a block on the backup', async () => (await headOf(backup.rpc)) >= 3, {
      withinMs: 60_000
    })
    await first.kill()
    const announced = await status(backup.rpc)
    const again = run(sequencer.configFile, ...sequencerFlags)
    await until('the gate', async () => (await gateOf(sequencer.rpc)) === true, {
      withinMs: 60_000
    })
    await until('new blocks', async () => (await headOf(backup.rpc)) >= announced.head.number + 2, {
      withinMs: 60_000
    })
    const kept = await blockHash(sequencer.rpc, announced.head.number)
    assert.equal(kept, announced.head.hash)
    for (const node of [again, second]) {
      node.signal('SIGTERM')
      assert.equal((await node.ended()).exitCode, 0)
    }
    const stopped = run(backup.configFile, ...backupFlags)
    await stopped.logged('started')
    assert.match(stopped.stderr, /"event":"journal-taken-in"/)
    assert.equal((await status(backup.rpc)).state.headReadable, true)
  })
})

async function call(
  port: number | undefined,
  method: string,
  ...params: unknown[]
): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${String(port)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  return ((await response.json()) as { readonly result: unknown }).result
}

async function status(port: number | undefined): Promise<NodeStatus> {
  return (await call(port, 'rekindle_status')) as NodeStatus
}

/** The head's height; -1 while the node does not answer yet. */
async function headOf(port: number | undefined): Promise<number> {
  try {
    return (await status(port)).head.number
  } catch {
    return -1 // it is still starting
  }
}

async function gateOf(port: number | undefined): Promise<boolean | undefined> {
  try {
    return (await status(port)).gate?.open
  } catch {
    return undefined // it is still starting
  }
}

async function blockHash(port: number | undefined, number: number): Promise<string> {
  const block = await call(port, 'eth_getBlockByNumber', `0x${number.toString(16)}`, false)
  return (block as { readonly hash: string }).hash
}
