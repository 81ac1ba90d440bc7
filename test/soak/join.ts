// State and blocks from other nodes: what a node gets back that it has lost.
import { damageNodeEntries, damageNodes } from './damage.ts'
import { type SoakPart } from './soak-part.ts'

/** `--times` is the number of damages. */
export const JOIN_PARTS: readonly SoakPart[] = [
  { name: 'damage', run: damageNodes },
  { name: 'entries', run: damageNodeEntries }
]
