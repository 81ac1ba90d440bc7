// Values of the node as JSON: heights and counts as numbers, addresses and hashes as they are.

/** Anything, without bigints, sets, maps and undefined fields. */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Set || Array.isArray(value)) return Array.from(value, toJsonValue)
  if (value instanceof Map) return toJsonValue(Object.fromEntries(value as Map<string, unknown>))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [name, toJsonValue(inner)])
  )
}
