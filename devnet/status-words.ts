// What a node says of its gate, wherever in `rekindle_status` or `/health` it says it: by the words, not their place.

/** How deep an answer is looked into; what lies deeper is for programs. */
const DEPTH_MAX = 6

/** What an answer says of the gate: open, shut, or nothing. */
export function gateWord(answer: unknown): 'open' | 'shut' | undefined {
  for (const gate of valuesUnder(answer, ['gate'])) {
    const words = [gate, ...valuesUnder(gate, ['kind', 'state'])]
    if (words.includes('shut')) return 'shut'
    if (words.includes('open')) return 'open'
  }
  return undefined
}

/** Why, and what is being done: every non-empty text under a key that gives a reason, a stage or an action. */
export function reasonWords(answer: unknown): readonly string[] {
  const found = valuesUnder(answer, ['reason', 'stage', 'stages', 'action', 'name', 'state'])
  return found.filter((value) => typeof value === 'string' && value !== '') as readonly string[]
}

/** Everyone whom an answer names as missing; undefined when it names nobody at all. */
export function missingWords(answer: unknown): readonly string[] | undefined {
  const lists = valuesUnder(answer, ['missing']).filter((value) => Array.isArray(value))
  if (lists.length === 0) return undefined
  return [...new Set(lists.flat().map((one) => JSON.stringify(one)))]
}

/** All values under these keys, from the outside in. */
function valuesUnder(answer: unknown, keys: readonly string[], depth = 0): readonly unknown[] {
  if (typeof answer !== 'object' || answer === null || depth > DEPTH_MAX) return []
  const own = Object.entries(answer)
    .filter(([key]) => keys.includes(key))
    .map(([, value]) => value as unknown)
  const below = Object.values(answer).flatMap((value) => valuesUnder(value, keys, depth + 1))
  return [...own, ...below]
}
