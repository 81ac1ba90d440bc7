// State and blocks from other nodes: what a node gets back that it has lost, and what it has that begins with nothing.
import { damageNodeEntries, damageNodes } from './damage.ts'
import { joinLargeState } from './join/accounts.ts'
import { killJoins } from './join/kills.ts'
import { joinByLengths } from './join/lengths.ts'
import { joinBesideLiars } from './join/liars.ts'
import { checkRangeProofs } from './range-proofs.ts'
import { type SoakPart } from './soak-part.ts'

/** `--times` is the number of damages. */
export const JOIN_PARTS: readonly SoakPart[] = [
  { name: 'accounts', isAlone: true, run: joinLargeState },
  { name: 'lengths', isAlone: true, run: joinByLengths },
  { name: 'liars', isAlone: true, run: joinBesideLiars },
  { name: 'kills', isAlone: true, run: killJoins },
  { name: 'damage', run: damageNodes },
  { name: 'entries', run: damageNodeEntries },
  { name: 'ranges', run: checkRangeProofs }
]
