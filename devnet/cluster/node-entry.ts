// One devnet node as a process: the production node, an observer that can hold it, and what is left out of it.
import '../../src/net/promise-with-resolvers.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { boundHeapGrowth } from '../../src/base/heap-growth.ts'
import { errorMessage } from '../../src/base/node-error.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../src/net/peer-address.ts'
import { type PeerKey, readPeerKey } from '../../src/net/peer-key.ts'
import { failureLines, startExitCode } from '../../src/cli/failure-lines.ts'
import { createLog } from '../../src/node/log.ts'
import { createNode } from '../../src/node/node.ts'
import { type NodeOverrides } from '../../src/node/overrides.ts'
import { readStartInputs, type StartInputs } from '../../src/config/start-inputs.ts'
import { type OnStep, type StepEvent } from '../../src/node/step-events.ts'
import { type decideBlocks } from '../../src/recovery/decide/decide.ts'
import { type GateReader } from '../../src/recovery/gate.ts'
import { type RecoveryReport } from '../../src/recovery/actions/progress.ts'
import { type SequencerGate } from '../../src/sequencer/sequencer.ts'
import { type TipReply } from '../../src/sync/protocols/answer-tip.ts'
import { createLiar } from './lies.ts'
import { lyingSources } from './state-lies.ts'
import { createLoopDelayMeter } from './loop-delay.ts'
import {
  type Hiding,
  type HoldStep,
  type NodeCommand,
  type NodeMessage,
  type NodeReport,
  type NodeSpec,
  type Without
} from './messages.ts'
import { type RecoverySection } from './report.ts'

/** A gate that is left out does not keep a loop that cannot build from spinning. */
const UNGATED_PAUSE_MS = 200

boundHeapGrowth()

const spec = JSON.parse(process.argv[2] ?? 'null') as NodeSpec
const stop = new AbortController()
const loopDelay = createLoopDelayMeter()
let held: HoldStep | undefined
let heldStage = spec.flags.holdAtStage
let release: (() => void) | undefined
let reportsCount = 0
let clockOffsetMs = 0
/** A clock that is set shows another time of day; what the machine counts and how it sleeps stays. */
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + clockOffsetMs }

process.on('message', (message) => {
  const command = message as NodeCommand
  if (command.command === 'hold') held = command.step
  if (command.command === 'release') letGo()
  if (command.command === 'set-clock') clockOffsetMs = command.offsetMs
  if (command.command === 'measure-loop') loopDelay.begin()
  if (command.command === 'read-loop') post({ event: 'loop', ...loopDelay.read() })
  if (command.command === 'stop') stopNow()
})
process.on('SIGTERM', stopNow)
// The process that started it owns the terminal's interrupts; without that process there is nobody to run for.
process.on('SIGINT', () => undefined)
process.on('disconnect', stopNow)

try {
  const inputs = applyWithout(await readInputs(), spec.without)
  const log = createLog({ level: inputs.config.logLevel, isPretty: false })
  const node = await createNode(inputs, { log, clock }, overridesOf(spec))
  const { peerId, rpcUrl } = node
  await send({ event: 'ready', peerId, rpcUrl, multiaddr: node.multiaddrs()[0] ?? '' })
  await node.run(stop.signal)
  process.exit(0)
} catch (thrown) {
  const lines = failureLines(thrown)
  process.stderr.write(`${lines.join('\n')}\n`)
  const exitCode = stop.signal.aborted ? 1 : startExitCode(thrown)
  if (!process.connected) process.exit(exitCode)
  const failed: NodeReport = { event: 'failed', reason: errorMessage(thrown), exitCode }
  process.send?.(stamp(failed), () => {
    process.exit(exitCode)
  })
}

async function readInputs(): Promise<StartInputs<PeerKey>> {
  const sources = {
    configFile: spec.configFile,
    flags: {},
    strayArguments: [],
    env: {},
    cwd: process.cwd()
  }
  return readStartInputs(sources, {}, { parseAdvertised, parseListen, parsePeer, readPeerKey })
}

/** Protections that are settings. */
function applyWithout(
  inputs: StartInputs<PeerKey>,
  without: Without | undefined
): StartInputs<PeerKey> {
  const { config } = inputs
  if (without === 'quorum') return { ...inputs, config: { ...config, quorum: 'none' } }
  if (without === 'record' && config.signer !== undefined) {
    return { ...inputs, config: { ...config, signer: { ...config.signer, recordFile: undefined } } }
  }
  return inputs
}

/** Protections that no setting takes away. */
function overridesOf({ without, flags }: NodeSpec): NodeOverrides {
  const { hides, lies, stateLie, stateLimits } = flags
  return {
    onStep,
    ...(stateLie && { servedSources: lyingSources(stateLie) }),
    ...(stateLimits && { stateLimits }),
    ...(lies && { answerTip: createLiar() }),
    ...(hides && { answerTip: () => hidingReply(hides), refuses: isBlockProtocol }),
    ...(without === 'recovery' && { decide: decideWithoutRecovery }),
    sequencerGate: (gate) => reportPasses(gateWithout(gate, without))
  }
}

/** The gate as the sequencer sees it. */
function gateWithout(gate: GateReader, without: Without | undefined): SequencerGate {
  if (without === 'recovery') return createGateThatStaysOpen(gate)
  if (without !== 'gate') return gate
  return {
    assertOpen: () => undefined,
    waitOpen: (signal) => systemClock.sleep(UNGATED_PAUSE_MS, signal)
  }
}

/** Says each time that the gate did not refuse; what it should have done is told by the gate's own reports. */
function reportPasses(gate: SequencerGate): SequencerGate {
  return {
    assertOpen() {
      gate.assertOpen()
      post({ event: 'gate-passed' })
    },
    waitOpen: (signal) => gate.waitOpen(signal)
  }
}

/** A lie that needs no forged signature: the node holds the block and does not show it. */
function hidingReply(hides: Hiding): TipReply {
  if (hides === 'says-same') return { relation: 'same' }
  return { relation: 'unavailable', reason: 'joining' }
}

function isBlockProtocol(protocol: string): boolean {
  return protocol.startsWith('blocks_by_')
}

/**
 * As today's systems do: whatever the store holds is the head, and nobody is asked. A gate that was shut by what
 * peers hold is not opened again: the sequencer does not heed it, and to open it would be refused for ever.
 */
function decideWithoutRecovery({
  head,
  stateAtHead,
  conflict,
  foreign
}: Parameters<typeof decideBlocks>[0]): ReturnType<typeof decideBlocks> {
  if (conflict !== undefined) return { action: 'stay-shut-conflict', conflict }
  if (foreign !== undefined) {
    return { action: 'wait', reason: { code: 'foreign-block', foreign } }
  }
  if (stateAtHead) return { action: 'open', on: head }
  return { action: 'wait', reason: { code: 'state-not-readable' } }
}

/** Without recovery nobody shuts a gate that has opened, whatever blocks of its key a peer shows. */
function createGateThatStaysOpen(gate: GateReader): SequencerGate {
  let hasOpened = false
  return {
    assertOpen() {
      if (!hasOpened) gate.assertOpen()
    },
    async waitOpen(signal) {
      if (hasOpened) return
      await gate.waitOpen(signal)
      hasOpened = true
    }
  }
}

/**
 * Reports every step, and holds the node where it was told to. It goes on once the report is out: no block reaches
 * a peer whose steps would be lost with a killed process.
 */
async function onStep(event: StepEvent): ReturnType<OnStep> {
  await send(toReport(event))
  if (event.step === 'recovery-stage' && heldStage === event.stage) {
    heldStage = undefined
    await standStill({ event: 'held-stage', stage: event.stage })
  }
  if (!('block' in event) || held !== event.step) return
  const step = held
  held = undefined
  await standStill({ event: 'held', step, block: toFacts(event.block) })
}

/** Says where it stands, and settles when it is released. */
async function standStill(message: NodeReport): Promise<void> {
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await send(message)
  await released
}

function toReport(event: StepEvent): NodeReport {
  switch (event.step) {
    case 'gate':
      return {
        event: 'gate',
        open: event.state.kind === 'open',
        reason: event.state.kind === 'open' ? '' : event.state.reason
      }
    case 'recovered':
      return { event: 'recovered', recovery: toSection(event.report) }
    case 'recovery-stage':
      return { event: 'stage', stage: event.stage, items: event.items }
    default:
      return { event: 'step', step: event.step, block: toFacts(event.block) }
  }
}

function toFacts({ number, hash }: { readonly number: bigint; readonly hash: `0x${string}` }) {
  return { number: Number(number), hash }
}

function toSection({ firstBlock, lastBlock, ...rest }: RecoveryReport): RecoverySection {
  const toNumber = (number: bigint | undefined) => (number === undefined ? null : Number(number))
  return { ...rest, firstBlock: toNumber(firstBlock), lastBlock: toNumber(lastBlock) }
}

function letGo(): void {
  held = undefined
  heldStage = undefined
  release?.()
  release = undefined
}

/** A second call ends the process at once. */
function stopNow(): void {
  if (stop.signal.aborted) process.exit(1)
  stop.abort(new Error('the node was told to stop'))
  // A step that is held goes on when the gate has shut, and not into the next block just before that.
  setImmediate(letGo)
}

/** Settles once the report is in the channel, where it outlives this process, or nobody listens any more. */
function send(report: NodeReport): Promise<void> {
  return new Promise((resolve) => {
    post(report, () => {
      resolve()
    })
  })
}

function post(report: NodeReport, onOut: () => void = () => undefined): void {
  if (!process.connected || process.send === undefined) onOut()
  else process.send(stamp(report), onOut)
}

function stamp(report: NodeReport): NodeMessage {
  reportsCount += 1
  return { ...report, seq: reportsCount, atMs: systemClock.nowMs() }
}
