// The flags that are good for one start: given by name each time, so neither the file nor a variable may hold them.
import { type Hex } from '../base/bytes.ts'
import { type ConfigDraft } from './config-draft.ts'
import { quoteValue } from './config-error.ts'
import { type OneStartConfig } from './node-config.ts'

/** What each is for, by the name of its value. */
export const ONE_START_FLAGS = {
  startWithoutBackups: {
    flag: 'start-without-backups',
    purpose:
      'open the gate on this head although the quorum has not answered; names what it gives up'
  },
  giveUpAbove: {
    flag: 'give-up-above',
    purpose: 'give up the announced blocks above this one, which nobody serves'
  }
} as const

/** The flags as text. */
export type OneStartFlags = Readonly<Partial<Record<OneStartName, string | undefined>>>

type OneStartName = keyof typeof ONE_START_FLAGS

/** The flag that a key of the file or a variable (without its prefix) stands for; undefined when none. */
export function oneStartFlagOf(name: string): string | undefined {
  const plain = name.replace(/[-_]/g, '').toLowerCase()
  return Object.values(ONE_START_FLAGS)
    .map(({ flag }) => flag)
    .find((flag) => flag.replaceAll('-', '') === plain)
}

/** Why none of them may last. */
export function oneStartProblem(flag: string): string {
  return `is good for one start and must not last: give it as --${flag}`
}

/** The hashes they name. */
export function readOneStart(draft: ConfigDraft, given: OneStartFlags): OneStartConfig {
  const read = (name: OneStartName): Hex | undefined => {
    const text = given[name]
    if (text === undefined) return undefined
    const { flag } = ONE_START_FLAGS[name]
    if (!/^0x[0-9a-fA-F]{64}$/.test(text)) {
      draft.reportFlag(flag, `${quoteValue(text)} is not a block hash: 0x and 64 hex digits`)
    }
    if (draft.values.role === 'backup') {
      draft.reportFlag(flag, 'is for a sequencer: a backup has no gate and waits for nobody')
    }
    return text.toLowerCase() as Hex
  }
  return {
    startWithoutBackups: read('startWithoutBackups'),
    giveUpAbove: read('giveUpAbove')
  }
}
