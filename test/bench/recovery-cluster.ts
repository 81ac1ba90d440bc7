// A cluster whose sequencer is started again and again on data directories prepared beforehand.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildChain,
  type BuildOptions,
  type ChainShape,
  extendChain
} from '../../devnet/harness/build-chain.ts'
import {
  type ClusterLayout,
  linkTargets,
  type NodeLayout,
  SEQUENCER
} from '../../devnet/cluster/cluster-layout.ts'
import { copyData } from '../../devnet/cluster/directory-copies.ts'
import { Links } from '../../devnet/cluster/links.ts'
import { type NodeMessage } from '../../devnet/cluster/messages.ts'
import { NODE_ENTRY_FILE, NodeProcess } from '../../devnet/cluster/node-process.ts'
import { type RecoverySection } from '../../devnet/cluster/report.ts'

const BACKUPS = 3
const SEED = 1
/** The longest that a genesis may name: few slots are missed while the bench runs. */
const BLOCK_TIME_MS = 60_000
const GATE_TIMEOUT_MS = 300_000

/** One start of the sequencer. */
export interface SequencerStart {
  /** From the start of its process to its open gate. */
  readonly startToGateMs: number
  readonly recovery: RecoverySection
}

/** Backups that run, and a sequencer that does not. */
export class RecoveryCluster {
  readonly #directory: string
  readonly #layout: ClusterLayout
  readonly #sequencer: NodeLayout
  #links: Links | undefined
  readonly #backups: NodeProcess[] = []

  constructor(directory: string, layout: ClusterLayout) {
    this.#directory = directory
    this.#layout = layout
    const sequencer = layout.nodes.find(({ name }) => name === SEQUENCER)
    if (sequencer === undefined) throw new Error('the layout has no sequencer')
    this.#sequencer = sequencer
  }

  /** Builds the chain up to its first snapshot; `laterBlocks` may follow. */
  static async build(shape: ChainShape, laterBlocks: number): Promise<RecoveryCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'rekindle-bench-'))
    const { layout } = await buildChain({
      directory: join(directory, 'cluster'),
      backupsCount: BACKUPS,
      blockTimeMs: BLOCK_TIME_MS,
      seed: SEED,
      setup: { signedRecord: 'on', quorum: 'auto' },
      shape,
      laterBlocks,
      accountsCount: 0
    })
    return new RecoveryCluster(directory, layout)
  }

  /** Extends the sequencer's chain; nothing may run. */
  async extend(shape: ChainShape, { isStateKept }: Pick<BuildOptions, 'isStateKept'>) {
    await extendChain(this.#sequencer.configFile, shape, { seed: SEED, isStateKept })
  }

  /** Keeps the sequencer's data directory as it stands under a name. */
  async keep(name: string): Promise<void> {
    await cp(this.#sequencer.dataDir, this.#kept(name), { recursive: true })
  }

  /** Gives the backups the chain as it stands and starts them; keeps the record. */
  async startBackups(): Promise<void> {
    await cp(this.#recordFile, this.#kept('record'))
    const { nodes, links } = this.#layout
    this.#links = await Links.open(links, linkTargets(this.#layout))
    for (const node of nodes) {
      if (node === this.#sequencer) continue
      await copyData(this.#sequencer.dataDir, node.dataDir)
      this.#backups.push(spawn(node, () => undefined))
    }
    await Promise.all(this.#backups.map((backup) => backup.untilReady()))
  }

  /** Starts the sequencer on a kept directory with the whole record; SIGKILL once its gate is open. */
  async startSequencer(kept: string): Promise<SequencerStart> {
    await copyData(this.#kept(kept), this.#sequencer.dataDir)
    await rm(this.#recordFile)
    await cp(this.#kept('record'), this.#recordFile)
    let recovery: RecoverySection | undefined
    const startedMs = performance.now()
    const process = spawn(this.#sequencer, (message) => {
      if (message.event === 'recovered') recovery = message.recovery
    })
    try {
      // It stands still before it signs anything, so that the backups stay as they are.
      const held = process.holdAt('built', GATE_TIMEOUT_MS)
      held.catch(() => undefined) // the gate's wait fails as well, and says why
      const openedMs = await process.waitFor(
        'the gate opens',
        (message) => (message.event === 'gate' && message.open ? performance.now() : undefined),
        GATE_TIMEOUT_MS
      )
      await held
      if (recovery === undefined) throw new Error('the sequencer reported no recovery')
      return { startToGateMs: openedMs - startedMs, recovery }
    } finally {
      await process.kill()
    }
  }

  /** Ends everything and deletes the directory. */
  async close(): Promise<void> {
    await Promise.all(this.#backups.map((backup) => backup.kill()))
    await this.#links?.close()
    await rm(this.#directory, { recursive: true, force: true })
  }

  get #recordFile(): string {
    const { recordFile } = this.#sequencer
    if (recordFile === undefined) throw new Error('the bench runs with the record on')
    return recordFile
  }

  #kept(name: string): string {
    return join(this.#directory, `kept-${name}`)
  }
}

function spawn(
  { name, configFile, logFile }: NodeLayout,
  listener: (message: NodeMessage) => void
): NodeProcess {
  const files = { entryFile: NODE_ENTRY_FILE, logFile }
  return NodeProcess.spawn({ name, configFile, without: undefined, flags: {} }, files, listener)
}
