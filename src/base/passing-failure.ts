// Failures of the system that pass by themselves, told from damage and from what is not permitted.

/** What is used up for now. */
export type PassingCause = 'disk-full' | 'files-exhausted'

/** By the system's code, or by that of one of our own failures. */
const CAUSES: ReadonlyMap<string, PassingCause> = new Map([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['disk-full', 'disk-full'],
  ['EMFILE', 'files-exhausted'],
  ['ENFILE', 'files-exhausted'],
  ['files-exhausted', 'files-exhausted']
])
/** Errors hold each other as causes; no chain of ours is longer. */
const CAUSES_MAX = 16

/** Why it failed, at whatever depth of causes, if that passes: the same may be tried again later. Else undefined. */
export function passingCause(thrown: unknown): PassingCause | undefined {
  let error = thrown
  for (let depth = 0; error instanceof Error && depth < CAUSES_MAX; depth++) {
    const cause = CAUSES.get(codeOf(error)) ?? CAUSES.get(codeOf(failureOf(error)))
    if (cause !== undefined) return cause
    error = error.cause
  }
  return undefined
}

function failureOf(error: Error): unknown {
  return 'failure' in error ? error.failure : undefined
}

function codeOf(value: unknown): string {
  const isCoded = typeof value === 'object' && value !== null && 'code' in value
  return isCoded && typeof value.code === 'string' ? value.code : ''
}
