// Numbers as the values of flags: whole, within bounds, or a message that says which.
import { InvalidArgumentError } from 'commander'
import { blockTimeProblem } from '../../src/config/config-checks.ts'
import { presetFor } from '../cluster/cluster-layout.ts'

/** A seed of any command here, and one more for each of its runs, is one that all of them take. */
export const SEED_MAX = 2 ** 31 - 1
/** Deadlines of what scenarios wait for are made for no more. */
export const BLOCK_TIME_MAX_MS = 10_000

/** Reads a whole number from `min` to `max`; throws commander's InvalidArgumentError for anything else. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(
      `It must be a whole number from ${String(min)} to ${String(max)}.`
    )
  }
}

/** Milliseconds from block to block that one of the presets can count; throws as `wholeNumber` does. */
export function blockTime(text: string): number {
  const value = wholeNumber(1, BLOCK_TIME_MAX_MS)(text)
  if (blockTimeProblem(presetFor(value), value) === undefined) return value
  throw new InvalidArgumentError('Whole seconds, or 500 or 250 ms.')
}
