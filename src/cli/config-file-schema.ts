// JSON Schema (2020-12) of the config file, made from what each key takes.
import { z } from 'zod'
import { CONFIG_KEY_NAMES, configKey } from '../config/config-keys.ts'
import { configSchema } from '../config/config-schemas.ts'

/** An object for JSON: every key with its purpose, unit and default. */
export function configFileSchema(): unknown {
  const shape = Object.fromEntries(
    CONFIG_KEY_NAMES.map((name) => {
      const { purpose, unit, default: value } = configKey(name)
      const schema = configSchema(name).optional()
      const description = unit === undefined ? purpose : `${purpose} [${unit}]`
      const known = value === undefined ? schema : schema.meta({ default: value })
      return [name, known.meta({ ...known.meta(), description })]
    })
  )
  const $schema = z.string().optional().meta({ description: 'where this schema is' })
  return z.toJSONSchema(z.strictObject({ $schema, ...shape }))
}
