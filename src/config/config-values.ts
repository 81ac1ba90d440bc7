// Each value against what its key takes; all that is wrong is said, and what is right is kept.
import { type z } from 'zod'
import { type ConfigProblem, quoteValue } from './config-error.ts'
import { CONFIG_KEY_NAMES, configKey, type ConfigKeyName } from './config-keys.ts'
import { type GivenValue } from './config-layers.ts'
import { configSchema, type ConfigValues } from './config-schemas.ts'

/** The values that are good, and a problem for each that is not. */
export interface CheckedValues {
  readonly values: ConfigValues
  readonly problems: readonly ConfigProblem[]
}

/** Checks each value by itself, and puts defaults in where none was given. */
export function checkValues(given: ReadonlyMap<ConfigKeyName, GivenValue>): CheckedValues {
  const problems: ConfigProblem[] = []
  const values: Record<string, unknown> = {}
  for (const name of CONFIG_KEY_NAMES) {
    const { default: fallback } = configKey(name)
    const one = given.get(name)
    if (one === undefined) {
      if (fallback !== undefined) values[name] = fallback
      continue
    }
    const result = configSchema(name).safeParse(one.value)
    if (result.success) values[name] = result.data
    else problems.push(...toProblems(name, one, result.error))
  }
  return { values, problems }
}

function toProblems(
  name: ConfigKeyName,
  { value, from }: GivenValue,
  { issues }: z.ZodError
): readonly ConfigProblem[] {
  return issues.map(({ path, message, ...issue }) => {
    const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    const key = [name, ...steps].join('')
    const inner = valueAt(value, path)
    if (issue.code === 'unrecognized_keys') {
      return { key, from, problem: `there is no such key: ${issue.keys.join(', ')}` }
    }
    const expected = path.length === 0 ? configKey(name).expected : message
    return { key, from, problem: `${quoteValue(inner)} is not ${expected}` }
  })
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null) return undefined
    inner = (inner as Readonly<Record<PropertyKey, unknown>>)[step]
  }
  return inner
}
