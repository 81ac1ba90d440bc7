// Every command that the pages tell to type, typed as printed: nodes by hand, a third one, a handing over, the suite beside them.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { type RunningCommand } from '../support/node-command.ts'
import {
  blockCommands,
  COMMAND_PAGES,
  coverageProblems,
  findCommands
} from '../support/page-commands.ts'
import { projectPath } from '../support/project-root.ts'
import { TypedCommands } from '../support/typed-commands.ts'
import { until } from '../support/until.ts'
import { UNRUN_COMMANDS } from '../support/unrun-commands.ts'

/** The ports that the pages name, and those of the node that serves the made chain: peers, JSON-RPC and metrics. */
const PRINTED_PORTS = {
  seq: [9222, 8545, 7300],
  backup: [9223, 8546, 7301],
  second: [9224, 8547, 7302],
  serving: [9422, 8645, 7400],
  tried: [9522, 8745, 7500]
} as const
/** Where the suite listens. */
const SUITE_PORT = 9400
const SUITE_PAGE = 'protocols/conformance/README.md'
/** Of the chain that is made for the suite. */
const MADE_BLOCKS = 8

type NodeName = keyof typeof PRINTED_PORTS

interface Recovery {
  readonly gate?: { readonly open: boolean }
  readonly quorum?: { readonly backups: readonly string[]; readonly adopted?: readonly string[] }
}

interface Head {
  readonly number: number
  readonly hash: string
}

interface SuiteReport {
  readonly ok: number
  readonly failed: number
  readonly results: readonly { readonly id: string; readonly outcome: string }[]
}

const WAIT = { withinMs: 60_000 }

// In their order: each goes on with the cluster that those before it have left.
describe('the commands that the pages print', function () {
  this.timeout(240_000)
  let typed: TypedCommands
  let pages: ReadonlyMap<string, string>
  const ports = new Map<NodeName, readonly number[]>()
  const nodes = new Map<NodeName, RunningCommand>()
  const suites: { onSequencer?: Promise<SuiteReport>; onMadeChain?: Promise<SuiteReport> } = {}

  before(async () => {
    typed = await TypedCommands.open()
    const texts = COMMAND_PAGES.map(async (path) => readFile(projectPath(path), 'utf8'))
    pages = new Map((await Promise.all(texts)).map((text, at) => [COMMAND_PAGES[at] ?? '', text]))
    const { values } = typed
    for (const [name, printed] of Object.entries(PRINTED_PORTS)) {
      const own = await chooseFreePorts(3)
      ports.set(name as NodeName, own)
      values[`tcp/${String(printed[0])}`] = `tcp/${String(own[0])}`
      values[`:${String(printed[1])}`] = `:${String(own[1])}`
      values[`:${String(printed[2])}`] = `:${String(own[2])}`
    }
    const [suitePort] = await chooseFreePorts(1)
    values[`tcp/${String(SUITE_PORT)}`] = `tcp/${String(suitePort)}`
  })
  after(() => typed.close())

  const commands = (page: string, heading?: string) => blockCommands(pages.get(page) ?? '', heading)
  const runIt = () => commands('README.md', '## Run it')
  const tryIt = () => commands('README.md', '## Try another implementation')

  async function end(command: RunningCommand): Promise<string> {
    const { exitCode, stdout, stderr } = await command.ended()
    assert.equal(exitCode, 0, stderr)
    return stdout
  }

  /** For a command that does not name them. */
  function addressesOf(name: NodeName): Readonly<Record<string, string>> {
    const [listen, rpc, metrics] = ports.get(name) ?? []
    return {
      REKINDLE_LISTEN: `/ip4/127.0.0.1/tcp/${String(listen)}`,
      REKINDLE_RPC: `127.0.0.1:${String(rpc)}`,
      REKINDLE_METRICS: `127.0.0.1:${String(metrics)}`
    }
  }

  function start(printed: string | undefined, name: NodeName): RunningCommand {
    const node = typed.start(printed, { env: addressesOf(name) })
    nodes.set(name, node)
    return node
  }

  async function stop(name: NodeName): Promise<void> {
    nodes.get(name)?.signal('SIGTERM')
    const { exitCode, stderr = '' } = (await nodes.get(name)?.ended()) ?? {}
    assert.equal(exitCode, 0, stderr)
  }

  /** The multiaddr that a command prints, with the port that the test has in its place. */
  function noteAddress(text: string, placeholder: string): string {
    const printed = /\/ip4\/127\.0\.0\.1\/(tcp\/\d+)\/p2p\/\w+/.exec(text)
    const [address = '', port = ''] = printed ?? []
    const own = address.replace(`/${port}/`, `/${typed.values[port] ?? port}/`)
    typed.values[placeholder] = own
    return own
  }

  async function init(printed: string | undefined, placeholder: string): Promise<void> {
    noteAddress(await end(typed.start(printed)), placeholder)
  }

  const peerIdOf = (placeholder: string) => typed.values[placeholder]?.split('/').at(-1) ?? ''

  async function call(
    name: NodeName,
    method: string,
    params: readonly unknown[],
    token?: string
  ): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${String(ports.get(name)?.[1])}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` })
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    })
    const answer = (await response.json()) as {
      readonly result?: unknown
      readonly error?: unknown
    }
    return answer.error === undefined ? answer.result : answer
  }

  const recoveryOf = async (name: NodeName) =>
    (await call(name, 'rekindle_recovery', [])) as Recovery

  async function headOf(name: NodeName): Promise<Head> {
    const status = await call(name, 'optimism_syncStatus', [])
    return (status as { readonly unsafe_l2: Head }).unsafe_l2
  }

  /** False while the node does not answer yet. */
  const soon = (what: string, check: () => Promise<boolean>) =>
    until(what, () => check().catch(() => false), WAIT)

  const isOpen = async (name: NodeName) => (await recoveryOf(name)).gate?.open === true

  async function reportOf(suite: RunningCommand): Promise<SuiteReport> {
    const { exitCode, stdout, stderr } = await suite.ended()
    assert.equal(exitCode, 3, stderr) // no rule broken, and cases that need a flag not run
    return JSON.parse(stdout) as SuiteReport
  }

  /** The chain of the gossiping cases, the node that serves it, one that is tried beside it, and the suite. */
  async function tryMadeChain(): Promise<SuiteReport> {
    const [make, runServing, suite] = tryIt().slice(3)
    const [makeInstalled] = commands(SUITE_PAGE, '## A chain for the gossiping cases')
    const elsewhere = { 'make-chain chain': 'make-chain other' }
    await end(typed.start(makeInstalled, { values: elsewhere }))
    const serving = noteAddress(await end(typed.start(make)), '<multiaddr of the node that serves>')
    const init = 'rekindle init --role backup --datadir tried --genesis chain/genesis.json'
    const listen = `--listen /ip4/127.0.0.1/tcp/${String(PRINTED_PORTS.tried[0])}`
    const made = await end(typed.startOwn(`${init} ${listen}`))
    noteAddress(made, '<multiaddr of the node that is tried>')
    start(runServing, 'serving')
    const run = `rekindle run --config tried.keys/config.json --peer ${serving}`
    typed.startOwn(run, { env: addressesOf('tried') })
    await soon('the made chain on the node that is tried', async () => {
      return (await headOf('tried')).number === MADE_BLOCKS
    })
    return reportOf(typed.start(suite, { rest: '--json' }))
  }

  it('make and run a sequencer with a backup, and they form a chain', async () => {
    const [initSequencer, initBackup, runBackup, runSequencer] = runIt()
    await init(initSequencer, '<multiaddr of the sequencer>')
    await init(initBackup, '<multiaddr of the backup>')
    // The suite's address is known before either runs.
    const [, printAddress, suiteThatListens] = tryIt()
    const suiteAddress = noteAddress(await end(typed.start(printAddress)), 'suite')
    delete typed.values.suite
    const configFile = typed.path('seq.keys/config.json')
    const config = JSON.parse(await readFile(configFile, 'utf8')) as object
    await writeFile(configFile, JSON.stringify({ ...config, peers: [suiteAddress] }))
    const suite = typed.start(suiteThatListens)
    start(runBackup, 'backup')
    start(runSequencer, 'seq')
    await soon('blocks on the backup', async () => (await headOf('backup')).number >= 2)
    const backups = [peerIdOf('<multiaddr of the backup>')]
    assert.deepEqual((await recoveryOf('seq')).quorum?.backups, backups)
    // It begins once the node has dialled it; what comes takes a minute (test/conformance/node.test.ts).
    await until('a case that is kept', () => /^ok /m.test(suite.stdout), WAIT)
    await suite.kill()
    const [ofInstalled] = commands(SUITE_PAGE)
    suites.onSequencer = reportOf(typed.start(ofInstalled))
    suites.onMadeChain = tryMadeChain()
    for (const running of Object.values(suites)) running.catch(() => undefined) // awaited below
  })

  it('bring a third node in, which is added by curl', async () => {
    const [initSecond, runSecond, curl] = runIt().slice(4)
    await init(initSecond, '<multiaddr of the second backup>')
    start(runSecond, 'second')
    const refused = await call('seq', 'admin_addBackup', ['/p2p/x'], 'wrong')
    assert.equal((refused as { readonly error: { readonly code: number } }).error.code, -32011)
    const answer = JSON.parse(await end(typed.start(curl))) as { readonly result?: unknown }
    const [first, second] = ['backup', 'second backup'].map((name) =>
      peerIdOf(`<multiaddr of the ${name}>`)
    )
    assert.deepEqual(answer.result, { peerId: second, backups: [first, second] })
    await soon('blocks on the third', async () => (await headOf('second')).number >= 3)
    assert.equal(await isOpen('seq'), true, 'an addition stops nothing')
  })

  it('stop and start building by the hash of the head', async () => {
    const token = (await readFile(typed.path('seq.keys/admin.token'), 'utf8')).trim()
    const admin = (method: string, ...params: unknown[]) => call('seq', method, params, token)
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

  it('print what they are asked for, and end', async () => {
    const [, rpc] = ports.get('seq') ?? []
    const status = await end(
      typed.start('rekindle status', { rest: `--rpc http://127.0.0.1:${String(rpc)}` })
    )
    assert.match(status, /^role +sequencer$/m)
    const schema = JSON.parse(
      await end(typed.startInstalled('npx rekindle config --print-schema'))
    ) as object
    assert.ok('properties' in schema)
    for (const [printed, says, typing = {}] of [
      ['rekindle --help', /^Usage: rekindle /],
      ['rekindle --version', /^\d+\.\d+\.\d+/],
      ['rekindle init --help', /^Usage: rekindle init /],
      ['rekindle config --print-defaults', /sequencerRpc/],
      ['rekindle explain', /stay-shut-gap/],
      ['rekindle key new', /^address +0x[0-9a-f]{40}$/m, { rest: 'new.key' }],
      ['rekindle key new --peer FILE', /^peerId +16Uiu2HA\w+$/m, { values: { FILE: 'peer.key' } }],
      ['npm run -s devnet -- --help', /^Usage: rekindle-devnet /]
    ] as const) {
      assert.match(await end(typed.start(printed, typing)), says)
    }
  })

  it('name benches and soaks that there are', async () => {
    const help = [
      await end(typed.start('npm run -s soak -- --help')),
      await end(typed.startOwn('npm run -s bench -- --help'))
    ]
    const words = new Set(help.join(' ').split(/[\s,.]+/))
    assert.ok(words.has('main-job') && words.has('worst-gas'))
    for (const command of Object.keys(UNRUN_COMMANDS)) {
      const printed = /^npm run -s (?:bench|soak) -- (.*)$/.exec(command)?.[1] ?? ''
      const named = printed.replace(/--out \S+/, '--out').split(/[\s,]+/)
      const unknown = named.filter((word) => !/^\d*$/.test(word) && !words.has(word))
      assert.deepEqual(unknown, [], command)
    }
  })

  it('try a node by the conformance suite, and one on a chain that is made for it', async () => {
    const onSequencer = await suites.onSequencer
    assert.equal(onSequencer?.failed, 0)
    const onMadeChain = await suites.onMadeChain
    assert.equal(onMadeChain?.failed, 0)
    const notRun = onMadeChain?.results.filter(({ outcome }) => outcome === 'not run') ?? []
    const due = ['BM-5', 'BM-6', 'GO-', 'SD-', 'TI-10']
    assert.deepEqual(
      notRun.map(({ id }) => id).filter((id) => due.some((begin) => id.startsWith(begin))),
      []
    )
    // The same suite by its other name: that it begins is enough.
    const [inClone] = tryIt()
    const again = typed.start(inClone, { isShort: true })
    await until('a case that is kept', () => /^ok /m.test(again.stdout), WAIT)
    await again.kill()
  })

  it('start the sequencer again, with the third node among its backups', async () => {
    await stop('seq')
    start(runIt()[3], 'seq')
    await soon('the gate', () => isOpen('seq'))
    const { quorum } = await recoveryOf('seq')
    const both = ['backup', 'second backup'].map((name) => peerIdOf(`<multiaddr of the ${name}>`))
    assert.deepEqual([quorum?.backups, quorum?.adopted], [both, both])
  })

  it('let two nodes change places: the backup goes on with the chain, the old sequencer follows it', async () => {
    const [move, oldRole, nextRole, runOld, runNext] = commands(
      'README.md',
      '### Make a backup the sequencer'
    )
    await stop('seq')
    const last = await headOf('backup')
    await stop('backup')
    for (const command of [move, oldRole, nextRole]) await end(typed.start(command))
    start(runOld, 'seq')
    start(runNext, 'backup')
    await soon('the gate of the new one', () => isOpen('backup'))
    await soon('its blocks on the old one', async () => {
      return (await headOf('seq')).number >= last.number + 3
    })
    const number = `0x${last.number.toString(16)}`
    const kept = (await call('seq', 'eth_getBlockByNumber', [number, false])) as Head
    assert.equal(kept.hash, last.hash)
    assert.equal((await recoveryOf('seq')).gate, undefined, 'it has no gate any more')
  })

  it('are run above, or listed with a reason why not', () => {
    const printed = [...pages.values()].flatMap((page) => findCommands(page))
    assert.deepEqual(coverageProblems([...new Set(printed)], typed.ran, UNRUN_COMMANDS), [])
  })
})
