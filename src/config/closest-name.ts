// The known name that is closest to a misspelt one.

/** Single edits between the two that still count as a slip. */
const EDITS_MAX = 2

/** The nearest of the names by single edits, letters of either case; undefined when none is near. */
export function closestName(name: string, names: readonly string[]): string | undefined {
  let closest: string | undefined
  let fewest = EDITS_MAX + 1
  for (const candidate of names) {
    const edits = countEdits(name.toLowerCase(), candidate.toLowerCase())
    if (edits < fewest && edits < candidate.length / 2) {
      closest = candidate
      fewest = edits
    }
  }
  return closest
}

/** Levenshtein's distance, by rows. */
function countEdits(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > EDITS_MAX) return EDITS_MAX + 1
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let at = 1; at <= from.length; at++) {
    const next = [at]
    for (let to1 = 1; to1 <= to.length; to1++) {
      const replaced = row[to1 - 1]! + (from[at - 1] === to[to1 - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[to1]! + 1, next[to1 - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
