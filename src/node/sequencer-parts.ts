// The block loop with its signer and what may stop it.
import { encodeSignedPart } from '../../protocols/block-message/codec.ts'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { LruMap } from '../base/lru.ts'
import { type Service } from '../base/service.ts'
import { type SignedBlock } from '../chain/blocks/block.ts'
import { blockToMessage } from '../chain/blocks/payload.ts'
import { type GateReader } from '../recovery/gate.ts'
import { type Recovery } from '../recovery/recovery.ts'
import {
  type BuildingFault,
  createDiskWatch,
  createPeriodWatch
} from '../sequencer/building-watches.ts'
import { createSequencer, type SequencerGate, type SignBlock } from '../sequencer/sequencer.ts'
import { diskHasRoom } from '../store/disk-room.ts'
import { createBlockSigner } from '../signer/block-signer.ts'
import { type OpenSigner } from '../signer/open-signer.ts'
import { createRecordPruning } from '../signer/record-prune.ts'
import { type ChainParts } from './chain-parts.ts'
import { createPauseWatch, type PauseWatch } from '../base/pause-watch.ts'
import { type StartInputs } from '../config/start-inputs.ts'
import { type OnStep } from './step-events.ts'

/** What the loop is joined to. */
export interface SequencerPartsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly chain: ChainParts
  readonly signer: OpenSigner
  readonly gate: Pick<GateReader, 'state'>
  /** The gate as the loop sees it. */
  readonly sequencerGate: SequencerGate
  readonly recovery: Recovery
  readonly publish: (block: SignedBlock) => Promise<void>
  readonly replicatedHead: () => bigint | undefined
  readonly onStep: OnStep
}

/** The services of a sequencer, and what it signed in this process. */
export interface SequencerParts {
  readonly services: readonly Service[]
  /** Resolves when no block stands between its signature and the head. */
  settled(): Promise<void>
  /** Our own block may come back by gossip; it is no other sequencer's. */
  hasSigned(hash: Hex): boolean
}

/** Blocks of ours remembered: more than gossip could still bring back. */
const SIGNED_REMEMBERED_MAX = 10_000

/** Joins the loop to one node. */
export function createSequencerParts(
  deps: SequencerPartsDeps,
  { config, genesis }: StartInputs
): SequencerParts {
  const { clock, log, chain, gate, sequencerGate, recovery, publish, onStep } = deps
  const { applier, engine, times } = chain
  const signed = new LruMap<Hex, true>(SIGNED_REMEMBERED_MAX)
  const onPause = (pausedMs: number) => {
    const level = gate.state().kind === 'open' ? 'warn' : 'info'
    log[level]('process-paused', { pausedMs: Math.round(pausedMs) })
    // Also while the gate is shut: it must not open on what was said before.
    recovery.onFault('process-paused')
  }
  const onHeld = (heldMs: number) => {
    log.warn('event-loop-held', { heldMs: Math.round(heldMs) })
  }
  const pauseWatch = createPauseWatch({ clock, onPause, onHeld }, times)
  const sequencer = createSequencer(
    {
      clock,
      log,
      gate: sequencerGate,
      engine,
      head: applier.head,
      sign: signWith(deps, genesis.config.chainId, { signed, pauseWatch }),
      publish,
      persist: (block) => applier.apply(block),
      onStep,
      onFault: recovery.onFault.bind(recovery)
    },
    { times, feeRecipient: config.feeRecipient, gasLimit: config.gasLimit }
  )
  const { key, record } = deps.signer
  if (record !== undefined) {
    applier.onHead(createRecordPruning(record, deps.replicatedHead, log))
  }
  const watched = {
    ...{ clock, log },
    isOpen: () => gate.state().kind === 'open',
    onFault: (fault: BuildingFault) => {
      recovery.onFault(fault)
    }
  }
  const signerAt = (number: bigint) => chain.schedule.signerAt(number)
  applier.onHead(createPeriodWatch(watched, { own: key.address, signerAt }))
  const diskWatch = createDiskWatch(watched, () => diskHasRoom(config.dataDir))
  return {
    services: [sequencer, pauseWatch, diskWatch],
    settled: () => sequencer.settled(),
    hasSigned: (hash) => signed.has(hash)
  }
}

/** The pause is looked for once more right before the signature: no timer may have run since it ended. */
function signWith(
  { signer: { key, record } }: SequencerPartsDeps,
  chainId: bigint,
  { signed, pauseWatch }: { readonly signed: LruMap<Hex, true>; readonly pauseWatch: PauseWatch }
): SignBlock {
  const signer = createBlockSigner({ key, record }, { chainId })
  return async ({ block }, recheck) => {
    const message = blockToMessage(block)
    const { number, hash } = block
    const { version } = message
    const unsigned = { number, hash, version, signed: encodeSignedPart(message) }
    const bytes = await signer.sign(unsigned, () => {
      pauseWatch.check()
      recheck()
    })
    signed.set(hash, true)
    return { ...block, version, message: bytes, signer: signer.address }
  }
}
