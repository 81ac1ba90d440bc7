// A node's start by its parts, from the bundle that ships, against the same node from the modules that it is made of.
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { buildChain } from '../../devnet/harness/build-chain.ts'
import { type NodeLayout, SEQUENCER } from '../../devnet/cluster/cluster-layout.ts'
import { NODE_ENTRY_FILE } from '../../devnet/cluster/node-process.ts'
import { type Bench, benchLine } from './bench-line.ts'
import { timeStart } from './timed-start.ts'

/** Of the time until the node is ready, and of the part that a bundle is for. */
const TARGETS = { total: 0.75, modules: 0.6 }
const SEED = 1
const BLOCK_TIME_MS = 1_000
const SHAPE = { transactionsPerBlock: 1, calldataBytes: 0, blocksCount: 5 }
const MODULES_ENTRY_FILE = fileURLToPath(
  new URL('../../devnet/cluster/node-entry.js', import.meta.url)
)

/** The parts in milliseconds, and `total` from the spawn until the node says that it is ready. */
type Parts = Readonly<Record<string, number>>

const startedSchema = z.looseObject({
  event: z.literal('started'),
  startMs: z.record(z.string(), z.number())
})

/** The sequencer of a short chain starts from each in turn; a line for the total, and one for each part. */
export const startParts: Bench = async function* ({ times }) {
  const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
  try {
    const { layout } = await buildChain({
      directory: join(directory, 'cluster'),
      backupsCount: 1,
      blockTimeMs: BLOCK_TIME_MS,
      seed: SEED,
      setup: { signedRecord: 'off', quorum: 'auto' },
      shape: SHAPE,
      accountsCount: 0
    })
    const node = layout.nodes.find(({ name }) => name === SEQUENCER)
    if (node === undefined) throw new Error('the sequencer is missing')
    await startFrom(NODE_ENTRY_FILE, node) // what the chain's making left to be read back
    const ours: Parts[] = []
    const baseline: Parts[] = []
    while (ours.length < times) {
      ours.push(await startFrom(NODE_ENTRY_FILE, node))
      baseline.push(await startFrom(MODULES_ENTRY_FILE, node))
    }
    for (const part of Object.keys(ours[0] ?? {})) {
      const target = part === 'total' || part === 'modules' ? TARGETS[part] : null
      const valuesOf = (measured: readonly Parts[]) => measured.map((parts) => parts[part] ?? 0)
      const facts = { bench: 'start-parts', size: part, unit: 'ms', target }
      yield benchLine(facts, valuesOf(ours), valuesOf(baseline))
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The parts of one start. */
async function startFrom(entryFile: string, node: NodeLayout): Promise<Parts> {
  await truncate(node.logFile).catch(() => undefined) // the first start makes it
  const total = await timeStart(node, entryFile)
  return { total, ...(await readStartMs(node.logFile)) }
}

/** What the node wrote of its start. Throws where it wrote nothing. */
async function readStartMs(logFile: string): Promise<Parts> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').filter((line) => line !== '')
  for (const line of lines) {
    const started = startedSchema.safeParse(JSON.parse(line))
    if (started.success) return started.data.startMs
  }
  throw new Error(`${logFile} has no line of a start`)
}
