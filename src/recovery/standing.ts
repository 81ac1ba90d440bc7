// What a node says of itself, as one pure function of what it knows: health, eth_syncing, metrics, status and log read it.
import { type BlockAction } from './decide/decide.ts'
import { type StateAction } from './decide/decide-state.ts'
import { type Role } from './decide/findings.ts'
import { type WaitCode } from './decide/wait-reasons.ts'
import { type GateState, type ShutReason } from './gate.ts'
import { CLOCK_OFF_MAX_MS } from './knowledge/clock-fault.ts'

/**
 * A head may be so far behind the clock, or behind what named peers show, before the node says so; never less than
 * LAG_SLOTS_MIN slots. A sequencer fills an older slot with an empty block.
 */
export const LAG_MAX_MS = 12_000
/** A block is announced, fetched and executed within so many slots. */
export const LAG_SLOTS_MIN = 3

/** What no wait of the gate says: how a node without one, or with an open one, stands. */
export type LagCode = 'behind' | 'behind-clock' | 'flush-awaited' | 'no-peers'

/** The words of README.md's tables: why a gate is shut, and what else keeps a node from being ready. */
export type StandingWord =
  'ready' | 'following' | ShutReason | WaitCode | LagCode | 'ask' | 'joining' | ShutAction

type ShutAction = Extract<BlockAction['action'], `stay-shut-${string}`>

/** What is known when the node is asked how it stands. */
export interface StandingFindings {
  readonly role: Role
  readonly gate: GateState
  /** Undefined before recovery has decided for the first time. */
  readonly blockAction: BlockAction | undefined
  readonly stateAction: StateAction | undefined
  /** True while the next block waits for the disk. */
  readonly isFlushAwaited: boolean
  readonly isJoining: boolean
  readonly headNumber: bigint
  /** The clock minus the head's timestamp: negative for a head in the future. */
  readonly headAgeMs: number
  readonly slotMs: number
  /** The highest block that this node holds, or that a peer named by the operator says it holds. */
  readonly highestShown: bigint
  /** Of the peers that the operator named, how many are connected. */
  readonly namedConnectedCount: number
}

/** How a node stands. */
export interface Standing {
  /**
   * ready: it does what its role is for. lagging: blocks can come, but it is alone, or what it shows is old.
   * recovering: no block can come before work or a wait is over.
   */
  readonly kind: 'ready' | 'lagging' | 'recovering'
  readonly says: StandingWord
  /** False while the head is not that of the chain, as far as can be known: what `eth_syncing` goes by. */
  readonly isCaughtUp: boolean
  /** Blocks between the head and the highest that is known of, by peers or by the clock; 0 when caught up. */
  readonly behindCount: bigint
}

/** Total: each input has a word. */
export function standingOf(findings: StandingFindings): Standing {
  const { role, headNumber, headAgeMs, slotMs, highestShown } = findings
  const { kind, says } = role === 'sequencer' ? ofSequencer(findings) : ofBackup(findings)
  const isCaughtUp = kind === 'ready' || says === 'flush-awaited'
  const bySlots = isOld(findings) ? headNumber + BigInt(Math.floor(headAgeMs / slotMs)) : headNumber
  const highest = highestShown > bySlots ? highestShown : bySlots
  const isBehind = !isCaughtUp && highest > headNumber
  return { kind, says, isCaughtUp, behindCount: isBehind ? highest - headNumber : 0n }
}

/** Why the gate is shut, by the word of the table where recovery knows more than that it works. */
export function shutWord(
  reason: ShutReason,
  { blockAction, stateAction }: Pick<StandingFindings, 'blockAction' | 'stateAction'>
): StandingWord {
  if (reason !== 'recovering') return reason
  switch (blockAction?.action) {
    case 'ask':
    case 'stay-shut-conflict':
    case 'stay-shut-gap':
      return blockAction.action
    case 'wait':
      return blockAction.reason.code
    default:
      return isStateThere(stateAction) ? 'recovering' : lostStateWord(stateAction)
  }
}

type Said = Pick<Standing, 'kind' | 'says'>

/** Its own chain is what counts: what peers show above it is recovery's to judge before the gate opens. */
function ofSequencer(findings: StandingFindings): Said {
  const { gate, isFlushAwaited } = findings
  if (gate.kind === 'shut') return { kind: 'recovering', says: shutWord(gate.reason, findings) }
  if (isFlushAwaited) return { kind: 'lagging', says: 'flush-awaited' }
  if (isOld(findings)) return { kind: 'lagging', says: 'behind-clock' }
  return { kind: 'ready', says: 'ready' }
}

/** Adopting a block or two is how a backup follows, so that alone is no recovery. */
function ofBackup(findings: StandingFindings): Said {
  const { blockAction, stateAction, isFlushAwaited, isJoining, headAgeMs } = findings
  if (!isStateThere(stateAction)) {
    return { kind: 'recovering', says: lostStateWord(stateAction) }
  }
  const isAtWork = blockAction?.action !== 'follow'
  if (isAtWork && (blockAction?.action !== 'adopt' || isBehind(findings))) {
    return { kind: 'recovering', says: 'recovering' }
  }
  if (isFlushAwaited) return { kind: 'lagging', says: 'flush-awaited' }
  if (isJoining) return { kind: 'lagging', says: 'joining' }
  if (blockAction.action === 'follow' && blockAction.gap !== undefined) {
    return { kind: 'lagging', says: 'stay-shut-gap' }
  }
  if (headAgeMs < -CLOCK_OFF_MAX_MS) return { kind: 'lagging', says: 'clock' }
  if (isBehind(findings)) return { kind: 'lagging', says: 'behind' }
  if (isOld(findings)) return { kind: 'lagging', says: 'behind-clock' }
  if (findings.namedConnectedCount === 0) return { kind: 'lagging', says: 'no-peers' }
  return { kind: 'ready', says: 'following' }
}

/** A state that comes from peers is that of a node which joins, whatever its role. */
function lostStateWord(stateAction: StateAction | undefined): 'joining' | 'state-not-readable' {
  return stateAction?.action === 'fetch-state' ? 'joining' : 'state-not-readable'
}

function isStateThere(stateAction: StateAction | undefined): boolean {
  return stateAction === undefined || stateAction.action === 'none'
}

function isOld({ headAgeMs, slotMs }: StandingFindings): boolean {
  return headAgeMs > lagMaxMs(slotMs)
}

function isBehind({ headNumber, highestShown, slotMs }: StandingFindings): boolean {
  return highestShown - headNumber > BigInt(Math.floor(lagMaxMs(slotMs) / slotMs))
}

function lagMaxMs(slotMs: number): number {
  return Math.max(LAG_MAX_MS, LAG_SLOTS_MIN * slotMs)
}
