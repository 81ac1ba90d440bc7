// What an operator does about a gate that stays shut, for status (src/recovery/README.md, invariant 6 and "Waits").
import { type BlockRef } from '../../chain/blocks/block.ts'
import { type BlockAction } from './decide.ts'
import { exitOfWait } from './wait-reasons.ts'

/** The command that overrides what is waited for; undefined where time, work or a peer ends it. */
export function exitOf(action: BlockAction | undefined, head: BlockRef): string | undefined {
  switch (action?.action) {
    case 'ask':
      return `restart with --start-without-backups ${head.hash}: what the missing backups hold is given up`
    case 'stay-shut-gap':
      return `restart with --give-up-above ${head.hash}: the blocks above it that nobody serves are given up`
    case 'stay-shut-conflict': {
      const { ours, other } = action.conflict
      return `stop, and rekindle db choose --branch ${ours.hash} --confirm ${other.hash}, or the other way round: rekindle explain conflict`
    }
    case 'wait':
      return exitOfWait(action.reason.code, head.hash)
    default:
      return undefined
  }
}
