// State that can be lost and rebuilt: SIGKILL at random moments, flushes and the journal write among them, and what importing costs.
import { type SoakPart } from './soak-part.ts'
import { measureImport } from './state-import.ts'
import { killStates } from './state-kills.ts'

/** Of the kills, all are made, whatever a record has to do with them. */
export const STATE_PARTS: readonly SoakPart[] = [
  { name: 'state-kills', run: killStates },
  { name: 'import', isAlone: true, run: ({ seed }) => measureImport({ seed }) }
]
