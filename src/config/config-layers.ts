// Three layers of values: the file, the environment over it, flags over both; where each value came from is kept.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errorMessage } from '../base/node-error.ts'
import { type ConfigProblem, quoteValue } from './config-error.ts'
import { closestName } from './closest-name.ts'
import {
  CONFIG_KEY_NAMES,
  configKey,
  type ConfigKeyName,
  isConfigKeyName,
  type TextForm
} from './config-keys.ts'
import { oneStartFlagOf, oneStartProblem } from './one-start.ts'

/** A value as it was given, not yet checked. */
export interface GivenValue {
  readonly value: unknown
  /** `--flag`, `REKINDLE_…` or the path of the file. */
  readonly from: string
  /** What a relative path is relative to. */
  readonly baseDir: string
}

/** The values of all layers, the strongest for each key, and what was wrong with reading them. */
export interface GivenValues {
  readonly values: ReadonlyMap<ConfigKeyName, GivenValue>
  readonly problems: readonly ConfigProblem[]
  /** False when the file could not be read: what is missing may stand in it. */
  readonly isWhole: boolean
}

/** Where values come from. */
export interface ConfigSources {
  readonly configFile: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** By key; a list for a flag that may be repeated. */
  readonly flags: Readonly<Partial<Record<ConfigKeyName, string | readonly string[]>>>
  /** Arguments that were none of these flags, nor their values. */
  readonly strayArguments?: readonly string[]
  /** Every flag of the command, without dashes: what a misspelt one may have meant. */
  readonly flagNames?: readonly string[]
  /** The current directory. */
  readonly cwd: string
}

/** What every variable begins with. */
export const ENV_PREFIX = 'REKINDLE_'
const FILE_MAX_BYTES = 1 << 20

/** Reads and merges the layers. A file that cannot be read is one problem, and the rest is read all the same. */
export async function readLayers(sources: ConfigSources): Promise<GivenValues> {
  const { configFile, env, flags, cwd } = sources
  const values = new Map<ConfigKeyName, GivenValue>()
  const problems: ConfigProblem[] = [...strayProblems(sources), ...variableProblems(env)]
  const isWhole =
    configFile === undefined || (await readFileLayer(resolve(cwd, configFile), values, problems))
  for (const name of CONFIG_KEY_NAMES) {
    const { env: variable, flag, form = 'text' } = configKey(name)
    const text = variable === undefined ? undefined : env[`${ENV_PREFIX}${variable}`]
    if (text !== undefined && text !== '') {
      values.set(name, {
        value: fromText(form, text),
        from: `${ENV_PREFIX}${variable}`,
        baseDir: cwd
      })
    }
    const given = flags[name]
    if (given !== undefined) {
      values.set(name, { value: fromText(form, given), from: `--${flag ?? name}`, baseDir: cwd })
    }
  }
  return { values, problems, isWhole }
}

const VARIABLES = CONFIG_KEY_NAMES.flatMap((name) => configKey(name).env ?? [])

/** Variables that begin as ours do and are none: another program's, or a cluster's that names services. */
export function unknownVariables(env: ConfigSources['env']): readonly string[] {
  return Object.keys(env).filter(
    (name) => name.startsWith(ENV_PREFIX) && !VARIABLES.includes(name.slice(ENV_PREFIX.length))
  )
}

/** Of those, the ones that were surely meant for us: no start goes on without what they say. */
function variableProblems(env: ConfigSources['env']): readonly ConfigProblem[] {
  return unknownVariables(env).flatMap((key) => {
    const name = key.slice(ENV_PREFIX.length)
    const oneStart = oneStartFlagOf(name)
    if (oneStart !== undefined) {
      return [{ key, from: undefined, problem: oneStartProblem(oneStart) }]
    }
    const closest = closestName(name, VARIABLES)
    if (closest === undefined) return []
    const problem = `there is no such variable; did you mean ${ENV_PREFIX}${closest}?`
    return [{ key, from: undefined, problem }]
  })
}

/** An unknown flag is one problem together with the value that follows it. */
function strayProblems({
  strayArguments = [],
  flagNames = []
}: ConfigSources): readonly ConfigProblem[] {
  return strayArguments.flatMap((argument, index) => {
    const [name = ''] = argument.split('=')
    if (!argument.startsWith('-')) {
      const isValue = strayArguments[index - 1]?.startsWith('-') === true
      const problem = 'is not expected here'
      return isValue ? [] : [{ key: quoteValue(argument), from: undefined, problem }]
    }
    const closest = closestName(name.replace(/^-+/, ''), flagNames)
    const hint = closest === undefined ? '' : `; did you mean --${closest}?`
    // Behind a lone --, a flag is none.
    const isFlag = name === `--${closest ?? ''}`
    const problem = isFlag ? 'is not expected here' : `there is no such flag${hint}`
    return [{ key: name, from: undefined, problem }]
  })
}

/** False when there is nothing to be had from the file. */
async function readFileLayer(
  path: string,
  values: Map<ConfigKeyName, GivenValue>,
  problems: ConfigProblem[]
): Promise<boolean> {
  const report = (key: string, problem: string) => problems.push({ key, from: path, problem })
  const content = await readJsonObject(path, (problem) => report('--config', problem))
  for (const [name, value] of Object.entries(content ?? {})) {
    // An editor's hint about the schema of the file.
    if (name === '$schema') continue
    if (isConfigKeyName(name)) values.set(name, { value, from: path, baseDir: dirname(path) })
    else report(name, unknownKeyProblem(name))
  }
  return content !== undefined
}

/** What a config file says; undefined when it is no JSON object, which is reported. */
export async function readJsonObject(
  path: string,
  report: (problem: string) => void
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const bytes = await readFile(path)
    if (bytes.length > FILE_MAX_BYTES) throw new Error(`it has ${bytes.length} bytes`)
    const content: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
      return content as Readonly<Record<string, unknown>>
    }
    report(`${quoteValue(content)} is not a JSON object`)
  } catch (thrown) {
    const isSyntax = thrown instanceof SyntaxError
    report(`${isSyntax ? 'it is not JSON' : 'it cannot be read'}: ${errorMessage(thrown)}`)
  }
  return undefined
}

function unknownKeyProblem(name: string): string {
  const oneStart = oneStartFlagOf(name)
  if (oneStart !== undefined) return oneStartProblem(oneStart)
  const closest = closestName(name, CONFIG_KEY_NAMES)
  return `there is no such key${closest === undefined ? '' : `; did you mean ${closest}?`}`
}

/** Text that is no number where one is wanted stays text, and fails its check with that text. */
function fromText(form: TextForm, text: string | readonly string[]): unknown {
  // A flag that is repeated, or its values in one, as op-geth takes them.
  const parts = () => [text].flat().flatMap((one) => one.split(',').map((part) => part.trim()))
  if (form === 'signers') return parts().map(signerFromText)
  if (form === 'list') return parts()
  if (typeof text !== 'string' || form === 'text') return text
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text
}

/** `ADDRESS`, or `HEIGHT:ADDRESS`. What is neither stays text, and fails its check with that text. */
function signerFromText(text: string): unknown {
  const [, height = '0', address] = /^(?:(\d{1,15}):)?(0x[0-9a-fA-F]+)$/.exec(text) ?? []
  return address === undefined ? text : { fromBlock: Number(height), address }
}
