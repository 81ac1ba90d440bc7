// Chance as an argument: components take a Random, tests seed their own.
import { randomInt } from 'node:crypto'

/** Where chance comes from. */
export interface Random {
  /** A uniform integer from 0 up to, not including, `end` (1..2^32). */
  below(end: number): number
}

/** The machine's randomness. */
export const systemRandom: Random = { below: (end) => randomInt(end) }

/** A reproducible sequence from a 32-bit seed (mulberry32). Not for secrets. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    below(end) {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
    }
  }
}
