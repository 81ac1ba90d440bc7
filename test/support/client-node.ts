// One sequencer that needs no backups, as a process, for clients of JSON-RPC: 250 ms blocks, the sample's rich accounts.
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { CommandProcess } from './node-command.ts'
import { until } from './until.ts'

/** The sample genesis' mnemonic: anybody can spend from its accounts. */
export const SAMPLE_MNEMONIC = 'test test test test test test test test test test test junk'
/** The sample genesis' chain id. */
export const SAMPLE_CHAIN_ID = 901

/** A node that runs. */
export interface ClientNode {
  readonly httpUrl: string
  readonly wsUrl: string
  stop(): Promise<void>
}

/** Starts it, and resolves once it builds blocks. */
export async function startClientNode(directory: string): Promise<ClientNode> {
  const [peers, rpc, metrics] = await chooseFreePorts(3)
  const host = `127.0.0.1:${String(rpc)}`
  const init = new CommandProcess(
    [
      ...['init', '--role', 'sequencer', '--datadir', 'seq', '--quorum', 'none'],
      ...['--preset', 'opbnb', '--block-time', '250', '--rpc', host],
      ...['--listen', `/ip4/127.0.0.1/tcp/${String(peers)}`],
      ...['--metrics', `127.0.0.1:${String(metrics)}`]
    ],
    { cwd: directory }
  )
  const { exitCode, stderr } = await init.ended()
  if (exitCode !== 0) throw new Error(stderr)
  const config = join('seq.keys', 'config.json')
  const node = new CommandProcess(['run', '--config', config], { cwd: directory })
  const httpUrl = `http://${host}`
  try {
    await until('the first blocks', () => hasBlocks(httpUrl).catch(() => false))
  } catch (thrown) {
    await node.kill()
    throw thrown
  }
  return { httpUrl, wsUrl: `ws://${host}`, stop: () => node.kill() }
}

async function hasBlocks(url: string): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] })
  })
  const { result } = (await response.json()) as { readonly result?: string }
  return Number(result) > 1
}
