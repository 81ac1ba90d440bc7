// Why the gate stays shut although no work is left to do: one row a reason, read by decide, gate, status and explain.
import { type Hex } from '../../base/bytes.ts'
import { type PassingCause } from '../../base/passing-failure.ts'
import { type BlockRef } from '../../chain/blocks/block.ts'

/** Why our clock may not be trusted to build. */
export interface ClockFault {
  readonly reason: 'before-head' | 'off-from-backups'
  readonly offMs: number
  readonly by: readonly string[]
}

/** A block our key signed that we neither signed nor adopted: another sequencer uses this key. */
export interface ForeignBlock {
  readonly block: BlockRef
  readonly from: string
  /** The block set aside on whose branch it was built; undefined when it is on none, or not known to be. */
  readonly standsOn?: BlockRef
}

/** What the rows go by, and nothing else does: `knowledge/` gathers it as of now. */
export interface GateConditions {
  /** True when the state at `head` can be read. */
  readonly stateAtHead: boolean
  /** A height among those whose hashes execution may ask for, of which it is lost and not back yet. */
  readonly unknownHash: bigint | undefined
  readonly clockFault: ClockFault | undefined
  readonly scheduleNamesUs: boolean
  readonly sequencing: boolean
  /** What writes wait for, or would soon: room on the disk, files that may be opened. */
  readonly writesWaitFor: PassingCause | undefined
  readonly foreign: ForeignBlock | undefined
}

/** The same, with what the decision makes of the rounds of asking. */
export interface WaitConditions extends GateConditions {
  /** Full rounds in a row that showed new blocks; undefined while they are too few to mean anything. */
  readonly roundsWithNewBlocks: number | undefined
  /** Milliseconds until a further full round may count; 0 where none is needed. */
  readonly quietRemainingMs: number
}

/**
 * What the gate says during the wait. names: this reason, in place of `recovering`. shuts: what shut it has said so
 * already. silent: that it recovers.
 */
type GateWord = 'names' | 'shuts' | 'silent'

interface WaitRow<Code, Gate, Facts> {
  /** The word in status, in logs, and after `rekindle explain`. */
  readonly code: Code
  readonly gate: Gate
  /** The facts of the wait, for status; undefined where there is nothing to wait for. */
  readonly when: (conditions: WaitConditions, code: Code) => Facts | undefined
  /** What an operator does on this head to end it; left out where time, work or a peer does. */
  readonly exit?: (head: Hex) => string
  /** For `rekindle explain`: what it is, and what is safe to do. */
  readonly meaning: string
  readonly safe: string
}

/** No more is known than the reason itself. */
const BARE = {}

/** Where the reason is what writes wait for. */
const whenWritesWait = ({ writesWaitFor }: WaitConditions, code: PassingCause) =>
  writesWaitFor === code ? BARE : undefined

const ANOTHER_SEQUENCER = {
  meaning:
    'Blocks appear that this key signed and this node did not: another sequencer uses the key. Where one stands on a block that was set aside, status names that one: the branch went on after it was decided against, or its blocks were not all known then.',
  safe: 'Find the other one and stop it before this one builds again. Then start this one anew, or call admin_startSequencer with the hash of its head: what stands on a block that was set aside is set aside with it, so nothing is left to choose.'
}

const startSequencer = (head: Hex) => `admin_startSequencer ${head}, or a restart`

/** Every reason; the first that holds is the one that counts, so the lasting ones stand first. */
export const WAIT_REASONS = [
  wait({
    code: 'foreign-block',
    gate: 'shuts',
    when: ({ foreign }) => foreign && { foreign },
    exit: startSequencer,
    ...ANOTHER_SEQUENCER
  }),
  wait({
    code: 'sequencing-stopped',
    gate: 'names',
    when: ({ sequencing }) => (sequencing ? undefined : BARE),
    exit: startSequencer,
    meaning: 'An operator stopped sequencing.',
    safe: 'Start it again by the hash of the head when that is wanted.'
  }),
  wait({
    code: 'not-scheduled',
    gate: 'names',
    when: ({ scheduleNamesUs }) => (scheduleNamesUs ? undefined : BARE),
    meaning: 'The signers of the chain name another key for the next block.',
    safe: 'Nothing, if another sequencer is to build now; else compare the signers in genesis and config.'
  }),
  wait({
    code: 'another-sequencer',
    gate: 'silent',
    when: ({ roundsWithNewBlocks }) =>
      roundsWithNewBlocks === undefined ? undefined : { roundsWithNewBlocks },
    ...ANOTHER_SEQUENCER
  }),
  wait({
    code: 'disk-full',
    gate: 'names',
    when: whenWritesWait,
    exit: () => 'make room on the disk of the data directory',
    meaning: 'There is no room for what comes next, so nothing is built.',
    safe: 'Make room. What was to be written is written then, and the gate opens by itself; if the node stopped, start it again.'
  }),
  wait({
    code: 'files-exhausted',
    gate: 'names',
    when: whenWritesWait,
    exit: () => 'raise the limit of open files, or close what holds them',
    meaning:
      'The process or the system has as many files and sockets open as it may, or the disk is full. Writes wait, and nothing is built.',
    safe: 'Raise the limit of open files (ulimit -n, LimitNOFILE), close what holds them, or make room on the disk. What was to be written is written then, and the gate opens by itself. Killing the node is safe.'
  }),
  wait({
    code: 'clock',
    gate: 'silent',
    when: ({ clockFault }) => clockFault && { fault: clockFault },
    exit: () => 'set the clock',
    meaning:
      'The clock of this machine is before the last block, or off from those of the backups.',
    safe: 'Set the clock. Nothing is built meanwhile.'
  }),
  wait({
    code: 'state-not-readable',
    gate: 'shuts',
    when: ({ stateAtHead }) => (stateAtHead ? undefined : BARE),
    meaning:
      'The state of a block is not there (any more): lost with the memory of a killed process, or too old.',
    safe: 'Wait: recovery rebuilds the state of the head from stored blocks. Older states are kept for 128 blocks.'
  }),
  wait({
    // What is executed may ask for the hash of a stored block that is lost: with a wrong one the root is wrong.
    code: 'blocks-missing',
    gate: 'silent',
    when: ({ unknownHash }) => (unknownHash === undefined ? undefined : { number: unknownHash }),
    exit: () => 'connect a node that has the blocks shown under holes, under peers',
    meaning:
      'Stored blocks below the head are lost: the disk changed what was written. Each is proved by its child, and asked for from peers. While one of the last 256 hashes is not known, nothing is built.',
    safe: 'Check the disk, and connect a node that has the blocks, under peers: all else happens by itself. If nobody has them, moving the data directory away is safe where a peer has the rest of the chain. Keep the key directory.'
  }),
  wait({
    code: 'quiet-round',
    gate: 'silent',
    when: ({ quietRemainingMs: remainingMs }) => (remainingMs > 0 ? { remainingMs } : undefined),
    meaning:
      'No record vouches for the last block, so a second round of asking waits until all that was under way has arrived.',
    safe: 'Wait; it takes at least six seconds and three slots.'
  })
] as const

type Row = (typeof WAIT_REASONS)[number]

/** The word of a wait. */
export type WaitCode = Row['code']

/** What the gate waits for, with the facts of it. */
export type WaitReason = NonNullable<ReturnType<Row['reasonIn']>>

/** Waits that the gate itself says. */
type NamedWait = Extract<Row, { readonly gate: 'names' }>['code']

/** Waits that the gate says, or that shut it. */
export type GateWait = NamedWait | Extract<Row, { readonly gate: 'shuts' }>['code']

/** What the gate still waits for; undefined when nothing is left. */
export function firstWait(conditions: WaitConditions): WaitReason | undefined {
  for (const row of WAIT_REASONS) {
    const reason = row.reasonIn(conditions)
    if (reason !== undefined) return reason
  }
  return undefined
}

/** True where the gate says the wait in place of `recovering`. */
export function isNamedAtGate(code: WaitCode): code is NamedWait {
  return rowOf(code).gate === 'names'
}

/** What ends a wait that neither time nor a peer ends; undefined for the others. */
export function exitOfWait(code: WaitCode, head: Hex): string | undefined {
  return rowOf(code).exit?.(head)
}

/** What `rekindle explain` says of a wait. */
export function explainWait(code: WaitCode): Pick<Row, 'meaning' | 'safe'> {
  const { meaning, safe } = rowOf(code)
  return { meaning, safe }
}

function rowOf(code: WaitCode): Row {
  const row = WAIT_REASONS.find((one) => one.code === code)
  if (row === undefined) throw new Error(`${code} is no reason to wait`)
  return row
}

/** Joins the code of a row to the facts that it finds. */
function wait<const Code extends string, const Gate extends GateWord, Facts extends object>({
  when,
  ...row
}: WaitRow<Code, Gate, Facts>) {
  const { code, gate, exit, meaning, safe } = row
  return {
    ...{ code, gate, exit, meaning, safe },
    reasonIn(conditions: WaitConditions): ({ readonly code: Code } & Readonly<Facts>) | undefined {
      const facts = when(conditions, code)
      return facts && { code, ...facts }
    }
  }
}
