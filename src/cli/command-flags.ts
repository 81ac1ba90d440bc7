// The flags that stand for config keys: how they are declared, and how their values are taken.
import { type Command } from 'commander'
import { type ConfigSources } from '../config/config-layers.ts'
import {
  CONFIG_KEY_NAMES,
  configKey,
  type ConfigKeyName,
  takesMany
} from '../config/config-keys.ts'

/** What commander makes of the flags of one call: camelCase names, text, lists, or true. */
export type GivenFlags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>

/** What a command says of a flag where it is not what `run` says. */
export type FlagNotes = Readonly<Partial<Record<ConfigKeyName, string>>>

/** Declares a flag for each of these keys that has one. What is no flag stays in `command.args`, for `strayArguments`. */
export function addConfigFlags(
  command: Command,
  notes: FlagNotes = {},
  names = CONFIG_KEY_NAMES
): Command {
  command.allowUnknownOption().allowExcessArguments()
  for (const name of names) {
    const { flag, argument = 'value', purpose } = configKey(name)
    if (flag === undefined) continue
    const flags = `--${flag} <${argument}>`
    if (takesMany(configKey(name))) command.option(flags, `${purpose} (repeat for each)`, collect)
    else command.option(flags, notes[name] ?? `${purpose} (${defaultNote(name)})`)
  }
  return command
}

/** The values of those flags, by key. */
export function configFlags(given: GivenFlags): ConfigSources['flags'] {
  const flags: Partial<Record<ConfigKeyName, string | readonly string[]>> = {}
  for (const name of CONFIG_KEY_NAMES) {
    const { flag } = configKey(name)
    const value = flag === undefined ? undefined : given[toCamelCase(flag)]
    if (value !== undefined && typeof value !== 'boolean') flags[name] = value
  }
  return flags
}

/** The text of a flag that takes one. */
export function textFlag(given: GivenFlags, name: string): string | undefined {
  const value = given[name]
  return typeof value === 'string' ? value : undefined
}

/** The texts of a flag that may be given again. */
export function listFlag(given: GivenFlags, name: string): readonly string[] {
  const value = given[name]
  return typeof value === 'object' ? value : []
}

/** The role of a command's flag as a layer of the config. */
export function roleFlag(role: string | undefined): ConfigSources['flags'] {
  return role === undefined ? {} : { role }
}

/** Every flag of a command, without dashes. */
export function flagNamesOf(command: Command): readonly string[] {
  return command.options.flatMap(({ long }) => long?.slice('--'.length) ?? [])
}

/** What holds when nobody names a value: JSON as in the file, or words in parentheses. */
export function defaultText(name: ConfigKeyName): string {
  const { default: value, fallback = 'must be given' } = configKey(name)
  return value === undefined ? `(${fallback})` : JSON.stringify(value)
}

function defaultNote(name: ConfigKeyName): string {
  const { default: value, fallback } = configKey(name)
  if (value === undefined && fallback === undefined) return 'must be given'
  return `default: ${typeof value === 'string' ? value : (fallback ?? defaultText(name))}`
}

/** Takes a flag that may be given again. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

function toCamelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
