// 1,000 reads a second beside the building of blocks: no slot goes without its block, and every answer is right.
import { fork } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SEQUENCER } from '../../../devnet/cluster/cluster-layout.ts'
import { type Hex } from '../../../src/base/bytes.ts'
import { Timeline } from '../../../devnet/cluster/report.ts'
import { readBlockNumber } from '../../../devnet/cluster/rpc-client.ts'
import { loadAddresses } from '../../../devnet/load/accounts.ts'
import { type Scenario } from '../../../devnet/scenarios/scenario.ts'
import { type Criterion, say } from '../criterion.ts'
import { HeardBlocks, type MeasuredBlocks } from '../heard-blocks.ts'
import { keepIfBroken, openSoakRun, unjudged } from '../soak-cluster.ts'
import { type SoakOptions, type SoakPart } from '../soak-part.ts'
import { gatherFacts } from './read-facts.ts'
import { type ReadCounts, type ReadOrder } from './read-order.ts'
import { readsCriteria } from './reads-criteria.ts'

const READER_FILE = fileURLToPath(new URL('./reader.js', import.meta.url))
const RATE_PER_SECOND = 1_000
const BACKUPS = 3
const TRANSFERS_PER_SECOND = 20
/** Blocks that are read: behind those of the deployment, and with transfers in each. */
const KNOWN_BLOCKS = 30
const WARM_UP_BLOCKS = 5

/** It measures the machine too. */
export const READS_PARTS: readonly SoakPart[] = [
  { name: 'reads', isAlone: true, run: measureReads }
]

/** A sequencer with three backups and transfers; all reads go to the sequencer, which builds. */
async function measureReads({
  seed,
  seconds,
  blockTimeMs
}: SoakOptions): Promise<readonly Criterion[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-reads-'))
  const heard = new HeardBlocks()
  const timeline = new Timeline((entry) => {
    heard.note(entry)
    if (entry.event === 'token-deployed') token = entry.address as Hex
  })
  let token: Hex = '0x'
  let counts: ReadCounts | undefined
  let measured: MeasuredBlocks | undefined
  let cpuSeconds = 0
  const scenario: Scenario = {
    name: 'reads',
    summary: `${String(RATE_PER_SECOND)} reads a second for ${String(seconds)} s`,
    setup: { signedRecord: 'on', quorum: 'auto' },
    async run(actions) {
      const { rpcUrl } = run.cluster.node(SEQUENCER)
      const start = (await readBlockNumber(rpcUrl)) + WARM_UP_BLOCKS
      await actions.buildUntil(start + KNOWN_BLOCKS)
      const known = { first: start, last: start + KNOWN_BLOCKS - 1, token }
      const facts = await gatherFacts(rpcUrl, { ...known, addresses: loadAddresses(seed) })
      const first = (await readBlockNumber(rpcUrl)) + 1
      const { pid } = run.cluster.run(SEQUENCER).process
      const before = await cpuSecondsOf(pid)
      const order = { rpcUrl, ratePerSecond: RATE_PER_SECOND, seconds, seed, facts }
      counts = await runReaders(directory, order)
      cpuSeconds = (await cpuSecondsOf(pid)) - before
      const slots = (await readBlockNumber(rpcUrl)) - first + 1
      measured = await heard.measure({ rpcUrl, first, slots, blockTimeMs })
      return unjudged('nothing was lost')
    }
  }
  const run = await openSoakRun({
    directory,
    scenario,
    seed,
    blockTimeMs,
    backupsCount: BACKUPS,
    transfersPerSecond: TRANSFERS_PER_SECOND,
    timeline
  })
  await run.act()
  const checks = await run.look()
  const report = await run.close()
  await keepIfBroken(directory, !report.ok)
  if (counts === undefined || measured === undefined) {
    throw new Error(JSON.stringify(report.checks.filter(({ ok }) => !ok)))
  }
  for (const fault of counts.faults) say(`reads: ${fault}`)
  const broken = [...report.checks, ...checks].filter(({ ok }) => !ok)
  return readsCriteria(counts, {
    measured,
    cpuSeconds,
    expected: { readsCount: RATE_PER_SECOND * seconds, slots: (seconds * 1_000) / blockTimeMs },
    broken: broken.map(({ name, detail }) => `${name}: ${detail}`)
  })
}

/** In a process of their own, as clients are. */
async function runReaders(directory: string, order: ReadOrder): Promise<ReadCounts> {
  const file = join(directory, 'read-order.json')
  await writeFile(file, JSON.stringify(order))
  const child = fork(READER_FILE, [file], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  return new Promise((resolve, reject) => {
    let found: ReadCounts | undefined
    child.on('message', (message) => {
      found = message as ReadCounts
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (found !== undefined) resolve(found)
      else reject(new Error(`the readers ended with ${String(code)} and said nothing`))
    })
  })
}

/** Of all threads of a process so far; 0 where there is no /proc. */
async function cpuSecondsOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '')
  // Behind the name in brackets: utime and stime are the 12th and 13th, in hundredths of a second.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
}
