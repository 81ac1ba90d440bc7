// Strangers against a cluster: every attack is a part, and so is each group of them.
import { type SoakPart } from '../soak-part.ts'
import { ATTACKS } from './attacks.ts'
import { runTrial } from './trial.ts'

/** In the order of the list; each measures the machine, so they run one after the other. */
export const STRANGERS_PARTS: readonly SoakPart[] = ATTACKS.map((attack) => ({
  name: attack.name,
  group: attack.group,
  isAlone: true,
  run: ({ seed, seconds }) => runTrial(attack, { seed, seconds })
}))
