// `rekindle config`: every key with its unit and default, and the schema of the config file.
import { defaultText } from './command-flags.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import {
  CONFIG_KEY_NAMES,
  configKey,
  type ConfigKeyName,
  takesMany
} from '../config/config-keys.ts'
import { ENV_PREFIX } from '../config/config-layers.ts'
import { ONE_START_FLAGS } from '../config/one-start.ts'

/** Prints what was asked for; both may be. Resolves with the exit code. */
export async function printConfig(
  { isDefaults, isSchema }: { readonly isDefaults: boolean; readonly isSchema: boolean },
  io: Pick<CommandIo, 'print' | 'complain'>
): Promise<number> {
  if (!isDefaults && !isSchema) {
    io.complain('rekindle: config: say --print-defaults or --print-schema\n')
    return EXIT_CODE.badUsage
  }
  if (isDefaults) io.print(formatDefaults())
  if (isSchema) {
    const { configFileSchema } = await import('./config-file-schema.ts')
    io.print(`${JSON.stringify(configFileSchema(), undefined, 2)}\n`)
  }
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

function otherWays(name: ConfigKeyName): readonly string[] {
  const { flag, env } = configKey(name)
  const isMany = takesMany(configKey(name))
  const repeat = isMany ? ', repeated for each' : ''
  const comma = isMany ? ', separated by commas' : ''
  return [
    ...(flag === undefined ? [] : [`--${flag}${repeat}`]),
    ...(env === undefined ? [] : [`${ENV_PREFIX}${env}${comma}`])
  ]
}
