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

/** The case needs what the node, or the command line, does not give; or it could not see what it judges. */
export class NotRun extends Error {}

/** The node cannot be dialled any more: no case can see anything. */
export class NodeAway extends NotRun {}

/** Throws RuleBroken unless it holds. */
export function expectRule(holds: boolean, seen: string): asserts holds {
  if (!holds) throw new RuleBroken(seen)
}

/** Throws NotRun unless something was seen: where nothing is looked at, nothing is right. */
export function expectSeen(count: number, reason: string): void {
  if (count === 0) throw new NotRun(reason)
}

/** Throws NotRun when there is nothing to look at. */
export function requireGiven<T>(value: T | undefined, reason: string): T {
  if (value === undefined) throw new NotRun(reason)
  return value
}
