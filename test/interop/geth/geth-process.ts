// A geth of the machine: made to import a chain, and started on loopback without peers.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chooseFreePorts } from '../../../devnet/cluster/free-ports.ts'
import { until } from '../../support/until.ts'

const run = promisify(execFile)

/** A busy machine may take a while. */
const START_MAX_MS = 60_000

/** What geth is given. */
export interface GethOptions {
  /** The program. */
  readonly geth: string
  /** An empty directory. */
  readonly directory: string
  readonly chainId: bigint
  readonly genesisText: string
  /** All blocks after genesis in RLP, one after the other. */
  readonly blocks: Uint8Array
}

/** A running geth. */
export interface RunningGeth {
  readonly url: string
  stop(): Promise<void>
}

/** Throws where geth refuses the genesis or a block, with what it printed. */
export async function startGeth(options: GethOptions): Promise<RunningGeth> {
  const { geth, directory, chainId, genesisText, blocks } = options
  const genesisFile = join(directory, 'genesis.json')
  const blocksFile = join(directory, 'blocks.rlp')
  const dataDir = ['--datadir', join(directory, 'geth')]
  await writeFile(genesisFile, genesisText)
  await writeFile(blocksFile, blocks)
  await run(geth, ['init', ...dataDir, genesisFile])
  await run(geth, ['import', ...dataDir, blocksFile])
  const [httpPort, authPort] = await chooseFreePorts(2)
  const child = spawn(
    geth,
    [
      ...[...dataDir, '--networkid', chainId.toString(), '--nodiscover', '--maxpeers', '0'],
      ...['--port', '0', '--nat', 'none', '--ipcdisable', '--authrpc.port', String(authPort)],
      ...['--http', '--http.addr', '127.0.0.1', '--http.port', String(httpPort)],
      ...['--http.api', 'eth,net,web3,txpool,debug']
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] }
  )
  const url = `http://127.0.0.1:${String(httpPort)}`
  await untilReady(child)
  return { url, stop: () => stop(child) }
}

async function untilReady(child: ChildProcess): Promise<void> {
  let printed = ''
  child.stderr?.on('data', (part: Buffer) => (printed = (printed + part.toString()).slice(-8_000)))
  await until(
    'geth serves HTTP',
    () => {
      if (child.exitCode !== null) throw new Error(`geth ended: ${printed}`)
      return printed.includes('HTTP server started')
    },
    { withinMs: START_MAX_MS }
  )
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGINT')
  await once(child, 'exit')
}
