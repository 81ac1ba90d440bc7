// What became of a case, and how it says what it saw.

/** A MUST that no peer can see, and why. */
export interface HiddenRule {
  readonly rule: string
  readonly reason: string
}

/** What became of one case. */
export interface CaseResult {
  readonly id: string
  readonly rules: readonly string[]
  readonly title: string
  readonly outcome: 'ok' | 'failed' | 'not run'
  /** What was seen, or why it was not run; empty where all is well. */
  readonly detail: string
}

/** The node breaks the rule. */
export class RuleBroken extends Error {}

/** The case needs what the node, or the command line, does not give. */
export class NotRun extends Error {}

/** Throws RuleBroken unless it holds. */
export function expectRule(holds: boolean, seen: string): asserts holds {
  if (!holds) throw new RuleBroken(seen)
}

/** Throws NotRun when there is nothing to look at. */
export function requireGiven<T>(value: T | undefined, reason: string): T {
  if (value === undefined) throw new NotRun(reason)
  return value
}
