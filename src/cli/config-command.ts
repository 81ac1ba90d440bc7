// `rekindle config`: every key with its unit and default, and the schema of the config file.
import { z } from 'zod'
import { defaultText } from './command-flags.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { CONFIG_KEY_NAMES, configKey, type ConfigKeyName } from '../config/config-keys.ts'
import { ENV_PREFIX } from '../config/config-layers.ts'
import { ONE_START_FLAGS } from '../config/one-start.ts'

/** Prints what was asked for; both may be. Returns the exit code. */
export function printConfig(
  { isDefaults, isSchema }: { readonly isDefaults: boolean; readonly isSchema: boolean },
  io: Pick<CommandIo, 'print' | 'complain'>
): number {
  if (!isDefaults && !isSchema) {
    io.complain('rekindle: config: say --print-defaults or --print-schema\n')
    return EXIT_CODE.badUsage
  }
  if (isDefaults) io.print(formatDefaults())
  if (isSchema) io.print(`${JSON.stringify(configFileSchema(), undefined, 2)}\n`)
  return EXIT_CODE.good
}

/** All keys for a person: name, default, what it is, and the other ways to set it. */
function formatDefaults(): string {
  const lines = CONFIG_KEY_NAMES.flatMap((name) => {
    const { purpose, expected, unit } = configKey(name)
    const takes = unit === undefined ? expected : `${expected} [${unit}]`
    return [
      `${name} = ${defaultText(name)}`,
      `    ${purpose}`,
      `    takes ${takes}`,
      ...otherWays(name).map((way) => `    also ${way}`),
      ''
    ]
  })
  const flags = Object.values(ONE_START_FLAGS).map(
    ({ flag, purpose }) => `--${flag} HASH: ${purpose}`
  )
  return [...lines, 'Flags alone, good for one start:', ...flags, ''].join('\n')
}

/** JSON Schema (2020-12) of the config file. */
function configFileSchema(): unknown {
  const shape = Object.fromEntries(
    CONFIG_KEY_NAMES.map((name) => {
      const { schema, purpose, unit, default: value } = configKey(name)
      const description = unit === undefined ? purpose : `${purpose} [${unit}]`
      const known =
        value === undefined ? schema.optional() : schema.optional().meta({ default: value })
      return [name, known.meta({ ...known.meta(), description })]
    })
  )
  const $schema = z.string().optional().meta({ description: 'where this schema is' })
  return z.toJSONSchema(z.strictObject({ $schema, ...shape }))
}

function otherWays(name: ConfigKeyName): readonly string[] {
  const { flag, env, form } = configKey(name)
  const repeat = form === 'list' ? ', repeated for each' : ''
  const comma = form === 'list' ? ', separated by commas' : ''
  return [
    ...(flag === undefined ? [] : [`--${flag}${repeat}`]),
    ...(env === undefined ? [] : [`${ENV_PREFIX}${env}${comma}`])
  ]
}
