// A sequencer as a process that is suspended, and one whose disk fills up: the gate shuts, says why, and opens again.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseFreePorts } from '../../devnet/cluster/free-ports.ts'
import { systemClock } from '../../src/base/clock.ts'
import { DISK_ROOM_MIN_BYTES } from '../../src/store/disk-room.ts'
import { CommandProcess, runCommand } from '../support/node-command.ts'
import { skipTest } from '../support/skip.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const BLOCK_TIME_MS = 1_000
/** Longer than three slots and the half one between two looks. */
const LONG_PAUSE_MS = 5_000
const SHORT_PAUSE_MS = 1_500
/** What a node and its first blocks take on a disk, and more. */
const SPARE_BYTES = 32 * 2 ** 20
const WITHIN = { withinMs: 30_000 }

interface GateLine {
  readonly event: string
  readonly kind: 'open' | 'shut'
  readonly reason?: string
}

describe('a sequencer', function () {
  this.timeout(120_000)
  let node: CommandProcess | undefined
  let mountPoint: string | undefined

  // Before the directory's own hook: what runs in it ends first.
  afterEach(async () => {
    node?.signal('SIGCONT')
    await node?.kill()
    node = undefined
    if (mountPoint !== undefined) spawnSync('umount', [mountPoint])
    mountPoint = undefined
  })
  const directory = useTemporaryDirectory()

  async function start(dataDir: string): Promise<{ process: CommandProcess; rpcUrl: string }> {
    const [listen, rpc, metrics] = (await chooseFreePorts(3)).map(String)
    const { exitCode, stdout, stderr } = await runCommand(
      'init',
      ...['--role', 'sequencer', '--datadir', dataDir, '--json'],
      ...['--keydir', join(directory.path, 'keys'), '--block-time', String(BLOCK_TIME_MS)],
      ...['--listen', `/ip4/127.0.0.1/tcp/${listen ?? ''}`],
      ...['--rpc', `127.0.0.1:${rpc ?? ''}`, '--metrics', `127.0.0.1:${metrics ?? ''}`]
    )
    assert.equal(exitCode, 0, stderr)
    const { configFile } = JSON.parse(stdout) as { readonly configFile: string }
    const process = new CommandProcess(['run', '--config', configFile, '--quorum', 'none'])
    node = process
    const rpcUrl = `http://127.0.0.1:${rpc ?? ''}`
    await until('the gate opens', () => lastGate(process)?.kind === 'open', WITHIN)
    return { process, rpcUrl }
  }

  it('shuts its gate after a pause of more than three slots, and not after a short one', async () => {
    const { process, rpcUrl } = await start(join(directory.path, 'seq'))
    await until('a block', async () => (await headOf(rpcUrl)) >= 1, WITHIN)
    await pause(process, SHORT_PAUSE_MS)
    const after = await headOf(rpcUrl)
    await until('two more blocks', async () => (await headOf(rpcUrl)) >= after + 2, WITHIN)
    assert.deepEqual(
      gateLines(process).map(({ kind }) => kind),
      ['open']
    )
    const before = await blockAt(rpcUrl, 'latest')
    await pause(process, LONG_PAUSE_MS)
    await until('the gate opens again', () => gateLines(process).length >= 3, WITHIN)
    const [, shut, open] = gateLines(process)
    assert.deepEqual([shut?.kind, shut?.reason, open?.kind], ['shut', 'process-paused', 'open'])
    const number = Number(before.number)
    await until('the missed slots', async () => (await headOf(rpcUrl)) >= number + 5, WITHIN)
    assert.equal((await blockAt(rpcUrl, before.number)).hash, before.hash)
    const filled = await blockAt(rpcUrl, `0x${(number + 5).toString(16)}`)
    assert.equal(Number(filled.timestamp) - Number(before.timestamp), 5)
  })

  it('shuts its gate by name while its disk is full, and goes on when there is room', async function () {
    mountPoint = join(directory.path, 'disk')
    await mkdir(mountPoint)
    const size = `size=${String(DISK_ROOM_MIN_BYTES + SPARE_BYTES)}`
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'none', mountPoint])
    if (mounted.status !== 0) {
      mountPoint = undefined
      skipTest(this, 'no file system can be mounted here')
    }
    const { process, rpcUrl } = await start(join(mountPoint, 'seq'))
    await until('a block', async () => (await headOf(rpcUrl)) >= 1, WITHIN)
    const { bavail, bsize } = await statfs(mountPoint)
    const filler = join(mountPoint, 'filler')
    await writeFile(filler, new Uint8Array(bavail * bsize - DISK_ROOM_MIN_BYTES + bsize))
    const shut = await until(
      'the gate shuts',
      () => {
        const gate = lastGate(process)
        return gate?.kind === 'shut' && gate
      },
      WITHIN
    )
    assert.equal(shut.reason, 'disk-full')
    const { gate } = (await ask(rpcUrl, 'rekindle_status')) as { readonly gate: object }
    assert.deepEqual(gate, { open: false, reason: 'disk-full' })
    const stopped = await headOf(rpcUrl)
    await systemClock.sleep(3 * BLOCK_TIME_MS)
    assert.ok((await headOf(rpcUrl)) <= stopped + 1, 'no block but one that was signed already')
    await rm(filler)
    await until('the gate opens', () => lastGate(process)?.kind === 'open', WITHIN)
    await until('new blocks', async () => (await headOf(rpcUrl)) >= stopped + 3, WITHIN)
    await fillsUpAtOnce(mountPoint, { process, rpcUrl })
  })

  /** Not a byte is left before anybody looked: the record or a database finds no room, and nothing ends. */
  async function fillsUpAtOnce(
    disk: string,
    { process, rpcUrl }: { readonly process: CommandProcess; readonly rpcUrl: string }
  ): Promise<void> {
    const filler = join(disk, 'filler')
    const fill = async () => {
      const { bavail, bsize } = await statfs(disk)
      await writeFile(filler, new Uint8Array(bavail * bsize), { flag: 'a' }).catch(() => undefined) // it is full
    }
    await until('the gate shuts', async () => {
      await fill()
      return lastGate(process)?.reason === 'disk-full'
    })
    const head = await headOf(rpcUrl)
    await rm(filler)
    await until('the gate opens', () => lastGate(process)?.kind === 'open', WITHIN)
    await until('new blocks', async () => (await headOf(rpcUrl)) >= head + 3, WITHIN)
  }
})

/** SIGSTOP, so long, and SIGCONT. */
async function pause(process: CommandProcess, milliseconds: number): Promise<void> {
  process.signal('SIGSTOP')
  await systemClock.sleep(milliseconds)
  process.signal('SIGCONT')
}

function gateLines({ stderr }: CommandProcess): readonly GateLine[] {
  const lines = stderr.split('\n').filter((line) => line.includes('"event":"gate"'))
  return lines.map((line) => JSON.parse(line) as GateLine)
}

function lastGate(process: CommandProcess): GateLine | undefined {
  return gateLines(process).at(-1)
}

async function headOf(rpcUrl: string): Promise<number> {
  return Number(await ask(rpcUrl, 'eth_blockNumber'))
}

async function blockAt(rpcUrl: string, tag: string) {
  return (await ask(rpcUrl, 'eth_getBlockByNumber', [tag, false])) as {
    readonly number: string
    readonly hash: string
    readonly timestamp: string
  }
}

async function ask(rpcUrl: string, method: string, params: readonly unknown[] = []) {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  return ((await response.json()) as { readonly result: unknown }).result
}
