// Two keys under one schedule, as processes: the first builds up to its last block, the second takes over there.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { CommandProcess, runCommand } from '../support/node-command.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

/** The second key, and the address that other wallets show for it. */
const SECOND_KEY = '6cbed15c793ce57650b9877cf6fa156fbef513c4e6134f022a85b1ffdd59b2a1'
const SECOND_ADDRESS = '0xffcf8fdee72ac11b5c542428b35eef5769c409f0'
const SECOND_FROM = 40

interface Node {
  readonly configFile: string
  readonly genesisFile: string
  readonly multiaddr: string
  readonly rpc: number
}

interface Status {
  readonly head: { readonly number: number; readonly hash: string }
  readonly gate: { readonly open: boolean; readonly reason: string | null }
}

describe('two keys under one schedule', function () {
  this.timeout(180_000)
  const running: CommandProcess[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.kill()))
  })
  const directory = useTemporaryDirectory()

  async function init(name: string, ...flags: readonly string[]): Promise<Node> {
    const [listen, rpc, metrics] = await chooseFreePorts(3)
    const { exitCode, stdout, stderr } = await runCommand(
      'init',
      ...['--role', 'sequencer', '--datadir', join(directory.path, name), '--json'],
      ...['--listen', `/ip4/127.0.0.1/tcp/${String(listen)}`],
      ...['--rpc', `127.0.0.1:${String(rpc)}`, '--metrics', `127.0.0.1:${String(metrics)}`],
      ...flags
    )
    assert.equal(exitCode, 0, stderr)
    return { ...(JSON.parse(stdout) as Omit<Node, 'rpc'>), rpc: rpc ?? 0 }
  }

  function run(node: Node, backup: Node): void {
    const args = ['run', '--config', node.configFile, '--backup', backup.multiaddr]
    running.push(new CommandProcess(args))
  }

  it('hand over at the height that the schedule says, without a word from an operator', async () => {
    const first = await init('first', '--block-time', '1000')
    const genesis = JSON.parse(await readFile(first.genesisFile, 'utf8')) as {
      config: { rekindle: { signers: { fromBlock: number; address: string }[] } }
    }
    genesis.config.rekindle.signers.push({ fromBlock: SECOND_FROM, address: SECOND_ADDRESS })
    await writeFile(first.genesisFile, JSON.stringify(genesis))
    const key = join(directory.path, 'second.key')
    await writeFile(key, `${SECOND_KEY}\n`, { mode: 0o600 })
    const second = await init('second', '--sequencer-key', key, '--genesis', first.genesisFile)
    run(second, first)
    run(first, second)

    await until(
      'the second waits for its turn',
      () => check(second, ({ head, gate }) => head.number > 2 && gate.reason === 'not-scheduled'),
      { withinMs: 60_000 }
    )
    const early = await status(second.rpc)
    assert.ok(early.head.number < SECOND_FROM - 1, 'it waits below its first height')
    assert.equal(early.gate.open, false)
    await until(
      'the second builds and the first follows it',
      () => check(first, ({ head }) => head.number >= SECOND_FROM + 2),
      { withinMs: 120_000 }
    )
    assert.equal((await status(second.rpc)).gate.open, true)
    assert.deepEqual((await status(first.rpc)).gate, { open: false, reason: 'not-scheduled' })
    for (const height of [SECOND_FROM - 1, SECOND_FROM]) {
      assert.equal(await blockHash(first.rpc, height), await blockHash(second.rpc, height))
    }
  })
})

/** False while the node does not answer yet. */
async function check({ rpc }: Node, holds: (status: Status) => boolean): Promise<boolean> {
  try {
    return holds(await status(rpc))
  } catch {
    return false // it is still starting
  }
}

async function call(port: number, method: string, ...params: unknown[]): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${String(port)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  return ((await response.json()) as { readonly result: unknown }).result
}

async function status(port: number): Promise<Status> {
  return (await call(port, 'rekindle_status')) as Status
}

async function blockHash(port: number, number: number): Promise<string> {
  const block = await call(port, 'eth_getBlockByNumber', `0x${number.toString(16)}`, false)
  return (block as { readonly hash: string }).hash
}
