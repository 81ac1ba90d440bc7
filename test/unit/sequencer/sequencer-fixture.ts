// The block loop over stubs that note every call, and a clock driven by hand.
import { type LogFields, silentLog } from '../../../src/base/log.ts'
import { type Block, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { createBlockTimes, type PresetName } from '../../../src/chain/blocks/block-times.ts'
import {
  type ExecutionEngine,
  type ForkchoiceResult,
  type PayloadAttributes
} from '../../../src/execution/engine.ts'
import {
  createSequencer,
  type BlockStepEvent,
  type SequencerFault
} from '../../../src/sequencer/sequencer.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'
import { childBlock, signBlock, testGenesisBlock } from '../../support/signed-chain.ts'

/** The time of the genesis block of the test chain. */
export const GENESIS_MS = 1_700_000_000_000

/** Where a test can step in. Each is called once per block. */
export interface Hooks {
  onStep?: (event: BlockStepEvent) => void | Promise<void>
  onPublish?: (block: SignedBlock) => void | Promise<void>
  onPersist?: (block: SignedBlock) => void | Promise<void>
  onForkchoice?: () => ForkchoiceResult | undefined
  /** True for a gate that no fault shuts. */
  isGateStuck?: boolean
  onSign?: () => void | Promise<void>
}

/** What the loop did and stands on. */
export interface SequencerRig {
  readonly clock: ManualClock
  hooks: Hooks
  /** "built 1", "sealed 1", "sign 1", … in the order in which they happened. */
  readonly calls: string[]
  readonly attributes: PayloadAttributes[]
  readonly faults: SequencerFault[]
  readonly signed: SignedBlock[]
  readonly logged: LogFields[]
  head: Block
  gate: 'open' | 'shut'
  /** Opens the gate and lets the loop go on. */
  open: () => void
  /** The loop; settles when it ended. */
  readonly run: Promise<void>
  readonly stop: AbortController
}

/** How the loop begins. */
export interface RigOptions {
  /** How long after genesis. */
  readonly afterMs?: number
  readonly preset?: PresetName
  readonly blockTimeMs?: number
  readonly gate?: 'open' | 'shut'
}

/** Starts the loop. */
export function startSequencer({
  afterMs = 0,
  preset = 'op',
  blockTimeMs = 1000,
  gate = 'open'
}: RigOptions = {}): SequencerRig {
  const stop = new AbortController()
  const waiting: (() => void)[] = []
  const rig: Omit<SequencerRig, 'run'> = {
    clock: createManualClock({ startMs: GENESIS_MS + afterMs }),
    hooks: {},
    calls: [],
    attributes: [],
    faults: [],
    signed: [],
    logged: [],
    head: testGenesisBlock(),
    gate,
    open() {
      rig.gate = 'open'
      for (const wake of waiting.splice(0)) wake()
    },
    stop
  }
  const times = createBlockTimes(preset, blockTimeMs)
  const service = createSequencer(
    {
      clock: rig.clock,
      log: { ...silentLog, error: (_, fields = {}) => void rig.logged.push(fields) },
      gate: {
        assertOpen() {
          if (rig.gate === 'shut') throw new Error('the gate is shut')
        },
        async waitOpen(signal) {
          signal.throwIfAborted()
          if (rig.gate === 'open') return
          await new Promise<void>((resolve, reject) => {
            waiting.push(resolve)
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
          })
        }
      },
      engine: createStubEngine(rig),
      head: () => rig.head,
      ...createStubWriters(rig)
    },
    { times, feeRecipient: `0x${'fe'.repeat(20)}`, gasLimit: undefined }
  )
  return Object.assign(rig, { run: service.run(stop.signal) })
}

function createStubEngine(rig: Omit<SequencerRig, 'run'>): ExecutionEngine {
  const jobs = new Map<string, { parent: Block; attributes: PayloadAttributes }>()
  return {
    async forkchoiceUpdated(_, attributes) {
      const refused = rig.hooks.onForkchoice?.()
      if (refused !== undefined) return refused
      if (attributes === undefined) return { kind: 'valid', payloadId: undefined }
      rig.attributes.push(attributes)
      const payloadId = String(jobs.size)
      jobs.set(payloadId, { parent: rig.head, attributes })
      return { kind: 'valid', payloadId }
    },
    async getPayload(payloadId) {
      const job = jobs.get(payloadId)
      if (job === undefined) throw new Error(`no job ${payloadId}`)
      const { timestamp, prevRandao, gasLimit } = job.attributes
      return { block: childBlock(job.parent, { header: { timestamp, prevRandao, gasLimit } }) }
    },
    async newPayload() {
      throw new Error('the loop executes nothing')
    }
  }
}

function createStubWriters(rig: Omit<SequencerRig, 'run'>) {
  const { calls } = rig
  return {
    async sign({ block }: { readonly block: Block }, recheck: () => void): Promise<SignedBlock> {
      await rig.hooks.onSign?.()
      recheck()
      calls.push(`sign ${block.number}`)
      const signed = signBlock(block)
      rig.signed.push(signed)
      return signed
    },
    async publish(block: SignedBlock): Promise<void> {
      calls.push(`publish ${block.number}`)
      await rig.hooks.onPublish?.(block)
    },
    async persist(block: SignedBlock): Promise<void> {
      calls.push(`persist ${block.number}`)
      await rig.hooks.onPersist?.(block)
      rig.head = block
    },
    async onStep(event: BlockStepEvent): Promise<void> {
      calls.push(`${event.step} ${event.block.number}`)
      await rig.hooks.onStep?.(event)
    },
    onFault(fault: SequencerFault): void {
      calls.push('fault')
      rig.faults.push(fault)
      if (rig.hooks.isGateStuck !== true) rig.gate = 'shut'
    }
  }
}
