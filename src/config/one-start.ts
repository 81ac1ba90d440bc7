// Flags for one start only: given by name each time, so neither the config file nor a variable may hold them.

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

/** The name of one. */
export type OneStartName = keyof typeof ONE_START_FLAGS

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
