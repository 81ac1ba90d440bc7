// Flags for one start that name another block than the head: they do nothing, and a line of the log says so.
import { type Hex } from '../base/bytes.ts'
import { type OneStartConfig } from '../config/node-config.ts'
import { type RecoveryStatus } from '../recovery/recovery.ts'

/** One that was given, and what it would have to name. */
export interface UnusedOverride {
  readonly flag: '--start-without-backups' | '--give-up-above'
  readonly given: Hex
  readonly head: Hex
  readonly meaning: string
}

/** Of those given, the one that the wait of now is for and that names another block; undefined where none does. */
export function describeUnused(
  { startWithoutBackups, giveUpAbove }: OneStartConfig,
  { gate, blockAction, head: { hash: head } }: Pick<RecoveryStatus, 'gate' | 'blockAction' | 'head'>
): UnusedOverride | undefined {
  if (gate.kind === 'open') return undefined
  const unused = (flag: UnusedOverride['flag'], given: Hex | undefined) =>
    given === undefined || given === head
      ? undefined
      : { flag, given, head, meaning: 'it names another block than the head: nothing is given up' }
  if (blockAction?.action === 'ask') return unused('--start-without-backups', startWithoutBackups)
  if (blockAction?.action === 'stay-shut-gap') return unused('--give-up-above', giveUpAbove)
  return undefined
}
