// Chance that a seed repeats: xorshift32, good enough to choose moments.

/** A whole number from 0 to below `sides`, another each time. */
export function createDice(seed: number): (sides: number) => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return (sides) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % sides
  }
}
