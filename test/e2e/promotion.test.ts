// The README as an operator follows it: nodes by hand, a backup added while they run, a backup made the sequencer.
import assert from 'node:assert/strict'
import { readFile, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { CommandProcess } from '../support/node-command.ts'
import { fillIn, readmeCommands, rekindleArguments } from '../support/readme-commands.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

/** The ports that the README names: peers, JSON-RPC and metrics of each node. */
const README_PORTS = {
  seq: [9222, 8545, 7300],
  backup: [9223, 8546, 7301],
  second: [9224, 8547, 7302]
}

type NodeName = keyof typeof README_PORTS

interface Recovery {
  readonly gate?: { readonly open: boolean }
  readonly quorum?: { readonly backups: readonly string[]; readonly adopted?: readonly string[] }
}

interface Head {
  readonly number: number
  readonly hash: string
}

const WAIT = { withinMs: 60_000 }

describe('nodes that the README tells how to run', function () {
  this.timeout(240_000)
  const running: CommandProcess[] = []
  const values: Record<string, string> = {}
  const ports = new Map<NodeName, readonly number[]>()

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.kill()))
  })
  const directory = useTemporaryDirectory()

  beforeEach(async () => {
    for (const [name, [listen, rpc, metrics]] of Object.entries(README_PORTS)) {
      const own = await chooseFreePorts(3)
      ports.set(name as NodeName, own)
      values[`tcp/${String(listen)}`] = `tcp/${String(own[0])}`
      values[`:${String(rpc)}`] = `:${String(own[1])}`
      values[`:${String(metrics)}`] = `:${String(own[2])}`
    }
  })

  /** The sequencer's ports are the defaults, which its command does not name. */
  function start(command: string | undefined, name: NodeName): CommandProcess {
    const [listen, rpc, metrics] = ports.get(name) ?? []
    const env = {
      REKINDLE_LISTEN: `/ip4/127.0.0.1/tcp/${String(listen)}`,
      REKINDLE_RPC: `127.0.0.1:${String(rpc)}`,
      REKINDLE_METRICS: `127.0.0.1:${String(metrics)}`
    }
    const surroundings = { cwd: directory.path, env }
    const node = new CommandProcess(rekindleArguments(command, values), surroundings)
    running.push(node)
    return node
  }

  async function init(command: string | undefined, placeholder: string): Promise<void> {
    const args = rekindleArguments(command, values)
    const { exitCode, stdout, stderr } = await new CommandProcess(args, {
      cwd: directory.path
    }).ended()
    assert.equal(exitCode, 0, stderr)
    const printed = /\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+/.exec(stdout)?.[0] ?? ''
    values[placeholder] = printed.replace('/tcp/9222/', `/${values['tcp/9222'] ?? ''}/`)
  }

  const peerIdOf = (placeholder: string) => values[placeholder]?.split('/').at(-1) ?? ''

  async function call(name: NodeName, body: unknown, token?: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${String(ports.get(name)?.[1])}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` })
      },
      body:
        typeof body === 'string'
          ? body
          : JSON.stringify({ jsonrpc: '2.0', id: 1, ...(body as object) })
    })
    const answer = (await response.json()) as {
      readonly result?: unknown
      readonly error?: unknown
    }
    return answer.error === undefined ? answer.result : answer
  }

  const recoveryOf = async (name: NodeName) =>
    (await call(name, { method: 'rekindle_recovery', params: [] })) as Recovery

  async function headOf(name: NodeName): Promise<Head> {
    const { unsafe_l2: head } = (await call(name, {
      method: 'optimism_syncStatus',
      params: []
    })) as { readonly unsafe_l2: Head }
    return head
  }

  /** False while the node does not answer yet. */
  const soon = (what: string, check: () => Promise<boolean>) =>
    until(what, () => check().catch(() => false), WAIT)

  const isOpen = async (name: NodeName) => (await recoveryOf(name)).gate?.open === true

  async function stop(node: CommandProcess): Promise<void> {
    node.signal('SIGTERM')
    const { exitCode, stderr } = await node.ended()
    assert.equal(exitCode, 0, stderr)
  }

  async function runBoth(): Promise<readonly [CommandProcess, CommandProcess, readonly string[]]> {
    const commands = await readmeCommands('## Run it')
    await init(commands[0], '<multiaddr of the sequencer>')
    await init(commands[1], '<multiaddr of the backup>')
    const backup = start(commands[2], 'backup')
    const sequencer = start(commands[3], 'seq')
    await soon('blocks on the backup', async () => (await headOf('backup')).number >= 2)
    assert.deepEqual((await recoveryOf('seq')).quorum?.backups, [
      peerIdOf('<multiaddr of the backup>')
    ])
    return [sequencer, backup, commands]
  }

  it('form a chain; a third joins, is added, and counts from the next start on', async () => {
    const [sequencer, , commands] = await runBoth()
    await init(commands[4], '<multiaddr of the second backup>')
    start(commands[5], 'second')
    const curl = fillIn(commands[6] ?? '', values)
    const body = /-d '(.*)'$/.exec(curl)?.[1] ?? ''
    const tokenFile = /cat (\S+)\)/.exec(curl)?.[1] ?? ''
    const token = (await readFile(join(directory.path, tokenFile), 'utf8')).trim()

    const refused = (await call('seq', body, 'wrong')) as { readonly error: { code: number } }
    assert.equal(refused.error.code, -32011)
    const first = peerIdOf('<multiaddr of the backup>')
    const second = peerIdOf('<multiaddr of the second backup>')
    const added = { peerId: second, backups: [first, second] }
    assert.deepEqual(await call('seq', body, token), added)
    await soon('blocks on the third', async () => (await headOf('second')).number >= 3)
    assert.equal(await isOpen('seq'), true, 'an addition stops nothing')

    await stop(sequencer)
    start(commands[3], 'seq')
    await soon('the gate', () => isOpen('seq'))
    const { quorum } = await recoveryOf('seq')
    assert.deepEqual(quorum?.backups, [first, second])
    assert.deepEqual(quorum?.adopted, [first, second])
  })

  it('stop and start building by the hash of the head', async () => {
    await runBoth()
    const token = (await readFile(join(directory.path, 'seq.keys/admin.token'), 'utf8')).trim()
    const admin = (method: string, ...params: unknown[]) => call('seq', { method, params }, token)
    const hash = await admin('admin_stopSequencer')
    const head = await headOf('seq')
    assert.equal(head.hash, hash)
    assert.equal(await admin('admin_sequencerActive'), false)
    await soon('the head on the backup', async () => (await headOf('backup')).hash === hash)
    const wrong = (await admin('admin_startSequencer', `0x${'11'.repeat(32)}`)) as object
    assert.match(JSON.stringify(wrong), /block hash does not match/)
    assert.equal(await admin('admin_startSequencer', hash), null)
    await soon('more blocks', async () => (await headOf('backup')).number >= head.number + 2)
    assert.equal(await admin('admin_sequencerActive'), true)
  })

  it('change places: the backup goes on with the chain, the old sequencer follows it', async () => {
    const nodes = await runBoth()
    const [move = '', oldRole, nextRole, old, next] = await readmeCommands(
      '### Make a backup the sequencer'
    )
    await stop(nodes[0])
    const last = await headOf('backup')
    await stop(nodes[1])
    const [mv, ...paths] = move.split(' ')
    assert.equal(mv, 'mv')
    const target = paths.at(-1) ?? ''
    for (const path of paths.slice(0, -1)) {
      const to = join(directory.path, target, basename(path))
      await rename(join(directory.path, path), to)
    }
    for (const command of [oldRole, nextRole]) {
      const role = new CommandProcess(rekindleArguments(command, values), { cwd: directory.path })
      const { exitCode, stderr } = await role.ended()
      assert.equal(exitCode, 0, stderr)
    }
    start(old, 'seq')
    start(next, 'backup')
    await soon('the gate of the new one', () => isOpen('backup'))
    await soon('its blocks on the old one', async () => {
      return (await headOf('seq')).number >= last.number + 3
    })
    const kept = (await call('seq', {
      method: 'eth_getBlockByNumber',
      params: [`0x${last.number.toString(16)}`, false]
    })) as { readonly hash: string }
    assert.equal(kept.hash, last.hash)
    assert.equal((await recoveryOf('seq')).gate, undefined, 'it has no gate any more')
  })
})
