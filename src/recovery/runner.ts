// The runner: gathers what is known, asks the pure decision, does what it says, and asks again.
import { Backoff } from '../base/backoff.ts'
import { type BlockRef, type SignedBlock, toRef } from '../chain/blocks/block.ts'
import { adoptTarget, takeRecord } from './actions/actions.ts'
import { type BlockAction, decideBlocks } from './decide/decide.ts'
import { decideState, isOfDiskLayer, type StateAction } from './decide/decide-state.ts'
import { keepEvidence } from './actions/evidence.ts'
import { formatRef } from './decide/findings.ts'
import { type WaitReason } from './decide/wait-reasons.ts'
import { type ShutReason } from './gate.ts'
import { mendState } from './actions/mend-state.ts'
import { createPreparation } from './preparation.ts'
import { type OnExit, type Recovery, type RecoveryDeps, type RecoveryStatus } from './recovery.ts'
import { type RecoveryReport } from './actions/progress.ts'
import { giveUp } from './actions/set-aside.ts'
import {
  createSequencingSwitch,
  nameShutReason,
  type SequencingSwitch
} from './sequencing-switch.ts'
import { askEverybody, askWhileOpen } from './asking.ts'
import { createAskingBeside } from './asking-beside.ts'
import { turnByTurn } from './used-up.ts'
import { createWaker } from './waker.ts'

/** First pause between two rounds of asking; doubles up to ASK_BACKOFF_MAX_MS while nothing changes. */
export const ASK_BACKOFF_MIN_MS = 250
/** The longest pause between two rounds of asking. */
export const ASK_BACKOFF_MAX_MS = 5_000

/** Makes the runner; nothing is asked before `run`. */
export function createRecovery(deps: RecoveryDeps, onExit: OnExit): Recovery {
  return new RecoveryRunner(deps, onExit)
}

class RecoveryRunner implements Recovery {
  readonly #deps: RecoveryDeps
  readonly #onExit: OnExit
  readonly #waker
  readonly #decide: typeof decideBlocks
  readonly #prepare
  readonly #beside
  readonly #backoff = new Backoff({ minMs: ASK_BACKOFF_MIN_MS, maxMs: ASK_BACKOFF_MAX_MS })
  #stateAction: StateAction | undefined
  #blockAction: BlockAction | undefined
  #last: RecoveryReport | undefined
  #isFollowing = false
  #loggedKey = ''
  readonly sequencing: SequencingSwitch
  readonly #pause = (signal: AbortSignal) => this.#waker.wait(this.#backoff.next(), signal)

  constructor(deps: RecoveryDeps, onExit: OnExit) {
    this.#deps = deps
    this.#onExit = onExit
    this.#waker = createWaker(deps.clock)
    this.#decide = deps.decide ?? decideBlocks
    this.#prepare = createPreparation(deps)
    this.#beside = createAskingBeside(deps, this.#waker)
    this.sequencing = createSequencingSwitch(deps, this.#waker)
  }

  status(): RecoveryStatus {
    const { gate, progress, chain, knowledge } = this.#deps
    return {
      gate: gate.state(),
      stateAction: this.#stateAction,
      blockAction: this.#blockAction,
      stages: progress.current(),
      head: chain.head(),
      conflicts: knowledge.conflicts(),
      foreign: knowledge.foreign(),
      ...knowledge.peers.spoken(),
      last: this.#last
    }
  }

  onPeersChanged(): void {
    this.#deps.knowledge.peersChanged()
    this.#backoff.reset()
    this.#waker.wake()
  }

  onSpeaks(peer: string): void {
    if (this.#deps.knowledge.peers.noteSpeaks(peer)) this.#waker.wake()
  }

  onAccepted(block: SignedBlock, from: string): void {
    const { chain, gate, knowledge, log, record, hasSigned } = this.#deps
    if (hasSigned(block.hash) || chain.accepted.isSetAside(block.hash)) return
    const isOurs = record.hashAt(block.number) === block.hash
    const isOpen = gate.state().kind === 'open'
    if (!isOpen && !isOurs) knowledge.peers.noteArrived(block.hash)
    const head = chain.head()
    const canonical = chain.blocks.canonicalHash(block.number)
    if (block.hash === canonical) return
    if (block.number <= head.number && canonical !== undefined) {
      const ours = { number: block.number, hash: canonical }
      knowledge.noteConflict({ ours, other: block, holders: [from] })
    }
    if (!knowledge.isOurTurn(block.number)) {
      // Signed by whom the schedule names, and that is not us: no second sequencer, but one that has taken over.
      this.onFault('not-scheduled')
    } else if (isOpen && !isOurs) {
      knowledge.noteForeign({ block: toRef(block), from })
      log.error('foreign-block', { block: formatRef(block), from })
      gate.shut('foreign-block')
    }
    this.#waker.wake()
  }

  onFault(reason: ShutReason): void {
    if (reason === 'process-paused') this.#deps.knowledge.peers.notePause()
    // A gate that is shut already keeps the reason it was shut for.
    if (this.#deps.gate.state().kind === 'open') this.#deps.gate.shut(reason)
    this.#waker.wake()
  }

  onBackupsChanged(): void {
    this.#deps.knowledge.backupsChanged()
    this.onPeersChanged()
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#deps.progress.stage('search-store', () => this.#deps.knowledge.open())
      await turnByTurn(this.#deps, signal, [this.#turn.bind(this), this.#pause])
    } catch (thrown) {
      if (!signal.aborted) throw thrown
    } finally {
      this.#deps.gate.shut('stopping')
      await this.#beside.settled()
    }
  }

  /** One decision and its action. State and asking go on side by side; blocks apply on a readable state. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { knowledge, settled } = this.#deps
    // A block that had its signature as the gate shut becomes the head: what is decided below it is out of date, and the
    // record refuses it. No other gets a signature before the gate opens.
    await settled?.()
    const stateAction = decideState(knowledge.stateFindings())
    const blockAction = this.#decide(knowledge.blockFindings())
    this.#note(stateAction, blockAction)
    if (stateAction.action === 'none') await this.#act(blockAction, signal)
    else await this.#mendState(stateAction, blockAction, signal)
  }

  async #mendState(
    stateAction: StateAction,
    blockAction: BlockAction,
    signal: AbortSignal
  ): Promise<void> {
    const before = this.#deps.chain.head().hash
    if (stateAction.action === 'fetch-state') {
      await this.#fetchState(stateAction, blockAction, signal)
      return
    }
    const mending = mendState(this.#deps, stateAction, signal)
    // The way to the disk layer needs the same blocks: what this node had as its own comes before what peers show.
    if (isOfDiskLayer(stateAction)) await mending
    const [next] = await Promise.all([mending, this.#prepare(blockAction, signal)])
    if (this.#deps.chain.head().hash !== before) this.#headMoved()
    if (next === 'wait') await this.#pause(signal)
  }

  /** What peers show comes first: the state is that of the newest block. What lies below it is not wanted. */
  async #fetchState(
    stateAction: StateAction,
    blockAction: BlockAction,
    signal: AbortSignal
  ): Promise<void> {
    if (blockAction.action !== 'adopt') await this.#prepare(blockAction, signal)
    // A backup that found nobody yet has said that it follows: it begins now.
    this.#last = undefined
    if ((await mendState(this.#deps, stateAction, signal)) === 'wait') await this.#pause(signal)
  }

  async #act(action: BlockAction, signal: AbortSignal): Promise<void> {
    switch (action.action) {
      case 'exit':
        this.#onExit(action)
        await this.#waker.wait(undefined, signal)
        return
      case 'adopt':
        await adoptTarget(this.#deps, action.target.block, signal)
        this.#headMoved()
        return
      case 'take-record':
        await takeRecord(this.#deps, action.tip, signal)
        this.#headMoved()
        return
      case 'ask':
        await askEverybody(this.#deps, signal)
        await this.#waitForMissing(signal)
        return
      case 'open':
        if (await this.#open(action.on)) await this.#whileOpen(signal)
        // Refused, something came that the next decision sees; should it see nothing, it is not taken at once.
        else await this.#pause(signal)
        return
      case 'wait':
        await this.#waitForReason(action.reason, signal)
        return
      case 'follow':
        await this.#follow(signal)
        return
      case 'give-up':
        await giveUp(this.#deps, action)
        this.#headMoved()
        return
      case 'stay-shut-conflict':
      case 'stay-shut-gap':
        if ((await keepEvidence(this.#deps, signal)) === 'looked') return
        await this.#pause(signal)
        await askEverybody(this.#deps, signal)
    }
  }

  /** After a round: names the backups that have not answered, and asks them again after a backoff. */
  async #waitForMissing(signal: AbortSignal): Promise<void> {
    const again = this.#decide(this.#deps.knowledge.blockFindings())
    if (again.action !== 'ask') return
    this.#deps.onMissing?.(again.missing)
    await this.#pause(signal)
  }

  /** False when the gate stays shut after all; else it was opened, and may be shut again when this resolves. */
  async #open(on: BlockRef): Promise<boolean> {
    const { record, knowledge, gate, progress, log } = this.#deps
    // Those that the decision counted: one that is added meanwhile has not been asked.
    const backups = knowledge.peers.backups()
    await record.adopt(on)
    if (!this.#isStillOpen(on)) return false
    await knowledge.peers.announceBackups(backups)
    if (!this.#isStillOpen(on)) return false
    const overridden = knowledge.overridden()
    if (overridden.length > 0) {
      log.warn('opened-without-backups', { head: formatRef(on), missing: overridden })
    }
    this.#last = progress.report()
    log.info('recovered', { head: formatRef(on), ...this.#last })
    gate.open(on)
    await knowledge.peers.settleBackups()
    return true
  }

  /** What came in while files were written met a shut gate: it counts before the gate opens, not after. */
  #isStillOpen(on: BlockRef): boolean {
    const { knowledge, chain } = this.#deps
    if (chain.head().hash !== on.hash || knowledge.isBarred()) return false
    const again = this.#decide(knowledge.blockFindings())
    const isStill = again.action === 'open' && again.on.hash === on.hash
    return isStill && decideState(knowledge.stateFindings()).action === 'none'
  }

  /**
   * A backup at its head: waits for the next accepted block, and asks when somebody new came. The first round is waited
   * for; later ones run beside the blocks, or any stranger that connects and does not answer would hold these up.
   */
  async #follow(signal: AbortSignal): Promise<void> {
    const { knowledge, peers, chain, progress, followAskMs } = this.#deps
    const isFirst = this.#last === undefined
    this.#beside.throwIfFailed()
    // Until one of those whom an operator named has spoken, nobody knows whether all is here.
    const askInMs = knowledge.peers.askInMs()
    if (askInMs <= 0 && isFirst) return askEverybody(this.#deps, signal)
    if (askInMs <= 0) this.#beside.begin(signal)
    if ((await keepEvidence(this.#deps, signal)) === 'looked') return
    if (isFirst) {
      this.#last = progress.report()
      this.#deps.log.info('recovered', { head: formatRef(chain.head()), ...this.#last })
    }
    this.#isFollowing = true
    const waitMs = askInMs <= 0 ? followAskMs : Math.min(followAskMs, askInMs)
    if ((await this.#waker.wait(waitMs, signal)) !== 'timeout') return
    if (peers.claimsAbove(chain.head().number)) this.#beside.begin(signal)
  }

  async #waitForReason(reason: WaitReason, signal: AbortSignal): Promise<void> {
    nameShutReason(this.#deps.gate, reason)
    const isQuiet = reason.code === 'quiet-round'
    const ms = isQuiet ? reason.remainingMs : this.#backoff.next()
    const wait = () => this.#waker.wait(ms, signal)
    const outcome = await (isQuiet ? this.#deps.progress.stage('quiet-round', wait) : wait())
    if (outcome === 'timeout') await askEverybody(this.#deps, signal)
  }

  /** Until the gate is shut, which may be so by now: what was heard before it opened counts for nothing then. */
  async #whileOpen(signal: AbortSignal): Promise<void> {
    while (this.#deps.gate.state().kind === 'open') {
      const brought = await askWhileOpen(this.#deps, this.#waker, signal)
      for (const { block, peer } of brought) this.onAccepted(block, peer)
    }
    this.#deps.knowledge.restart()
    this.#deps.progress.restart()
    this.#backoff.reset()
  }

  #headMoved(): void {
    this.#deps.knowledge.peers.forget()
    this.#backoff.reset()
  }

  /** One log line when the finding changes, not one per turn. */
  #note(stateAction: StateAction, blockAction: BlockAction): void {
    this.#stateAction = stateAction
    this.#blockAction = blockAction
    const { action } = blockAction
    const key = `${stateAction.action} ${action}`
    if (key === this.#loggedKey) return
    this.#loggedKey = key
    // A backup that follows adopts each block as it comes.
    if ((action === 'follow' || this.#isFollowing) && stateAction.action === 'none') return
    this.#deps.log.info('recovery', { state: stateAction, blocks: blockAction })
  }
}
