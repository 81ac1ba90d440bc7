// All attacks, in the order in which they are run.
import { type Attack } from './attack.ts'
import { QUIET } from './attacks/quiet.ts'

/** A new attack is a file of its own, named here. */
export const ATTACKS: readonly Attack[] = [QUIET]
