// What a scenario is: who signs with what protection, what is done to whom, and what must hold at the end.
import { type Hex } from '../../src/base/bytes.ts'
import { type BlockFacts, type HoldStep, type StartFlags } from '../cluster/messages.ts'
import { type ScenarioSetup } from '../cluster/setup.ts'
import { type RecoveryActions } from './recovery-actions.ts'
import { type StatusWords } from '../cluster/status-words.ts'
import { type CheckResult, type RecoverySection } from '../cluster/report.ts'

/** The block a scenario is about, and what may become of it. */
export interface LostBlock extends BlockFacts {
  /** True when somebody outside the sequencer has it: then it must be kept. */
  readonly announced: boolean
  /** True when the sequencer's own record has it: then it must be kept too. */
  readonly recorded: boolean
}

/** What a scenario can do; each action waits for its effect, never for time. */
export interface ScenarioActions extends RecoveryActions {
  /** Lets the cluster build until the sequencer has so many blocks. */
  buildUntil(number: number): Promise<void>
  /** Holds the sequencer after `step` of its next block, with transactions waiting. */
  holdAt(step: HoldStep): Promise<BlockFacts>
  /** Lets the held sequencer go on. */
  letGo(): Promise<void>
  /** Waits until each of these backups has accepted the block, as seen from outside. */
  untilAccepted(block: BlockFacts, backups: readonly string[]): Promise<void>
  /** SIGKILL. */
  kill(node: string): Promise<void>
  /** Takes every state diff out of a killed node's data directory. */
  removeDiffs(node: string): Promise<void>
  /** Starts a killed or stopped node again on its data directory. */
  start(node: string, flags?: StartFlags): Promise<void>
  /** Cuts a node off from every other: it hears and says nothing until `connect`. */
  cutOff(node: string): Promise<void>
  connect(node: string): Promise<void>
  /** Takes the observer's connections away, so that a message reaches nobody. */
  silenceObserver(): Promise<void>
  listenAgain(): Promise<void>
  /** Waits until the sequencer says that its gate is shut and names these missing backups, from RPC. */
  untilShutMissing(backups: readonly string[]): Promise<StatusWords>
  /** Holds while `milliseconds` pass that the sequencer's gate does not open. */
  staysShut(milliseconds: number): Promise<void>
  /** Waits until the gate of this sequencer is shut, and its status gives this reason or waits for this. */
  untilShutBecause(node: string, code: string): Promise<StatusWords>
  /** Waits until the second sequencer has signed so many more blocks. */
  untilSecondSigned(blocksCount: number): Promise<void>
  /** Waits until the sequencer has opened its gate and built so many blocks on it. */
  untilBuilding(blocks: number): Promise<void>
  readonly backups: readonly string[]
}

/** What the scenario leaves for its checks. */
export interface ScenarioOutcome {
  readonly lost: LostBlock | undefined
  /** Blocks that an operator gave up by name. */
  readonly setAside?: readonly Hex[]
  /** Judges what the recovering node says it did, against what the scenario expects. */
  readonly judge: (recovery: RecoverySection) => CheckResult
}

/** One scenario: a name, a set-up, and what is done. */
export interface Scenario {
  readonly name: string
  readonly summary: string
  readonly setup: ScenarioSetup
  /** With fewer backups there is nothing to see; 1 where it is left out. */
  readonly backupsMin?: number
  /** True when only transfers bring about what it waits for. */
  readonly needsLoad?: true
  /** What is done before the token is deployed and transfers begin. */
  prepare?(actions: ScenarioActions): Promise<void>
  run(actions: ScenarioActions): Promise<ScenarioOutcome>
}

/** A check on the report's sources: each of `all`, and one of `any`. */
export function expectSources(
  all: readonly string[],
  any: readonly string[]
): ScenarioOutcome['judge'] {
  return ({ sources }) => {
    const ok =
      all.every((source) => sources.includes(source)) &&
      (any.length === 0 || any.some((source) => sources.includes(source)))
    const wanted = [...all, ...(any.length > 0 ? [`one of ${any.join(', ')}`] : [])].join(' and ')
    return {
      name: 'recovered-as-expected',
      ok,
      detail: `sources ${JSON.stringify(sources)}; expected ${wanted === '' ? 'none' : wanted}`
    }
  }
}
