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
}

/** Where values come from. */
export interface ConfigSources {
  readonly configFile: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** By key; a list for a flag that may be repeated. */
  readonly flags: Readonly<Partial<Record<ConfigKeyName, string | readonly string[]>>>
  /** Arguments that were none of these flags, nor their values. */
  readonly strayArguments?: readonly string[]
  /** The current directory. */
  readonly cwd: string
}

/** What every variable begins with. */
export const ENV_PREFIX = 'REKINDLE_'
const FILE_MAX_BYTES = 1 << 20

/** Reads and merges the layers. A file that cannot be read is one problem, and the rest is read all the same. */
export async function readLayers(sources: ConfigSources): Promise<GivenValues> {
  const { configFile, env, flags, strayArguments = [], cwd } = sources
  const values = new Map<ConfigKeyName, GivenValue>()
  const problems: ConfigProblem[] = [...strayProblems(strayArguments)]
  if (configFile !== undefined) await readFileLayer(resolve(cwd, configFile), values, problems)
  for (const name of CONFIG_KEY_NAMES) {
    const { env: variable, flag, form = 'text' } = configKey(name)
    const text = variable === undefined ? undefined : env[`${ENV_PREFIX}${variable}`]
    if (text !== undefined && text !== '') {
      const parts = form === 'list' ? text.split(',').map((part) => part.trim()) : text
      values.set(name, {
        value: fromText(form, parts),
        from: `${ENV_PREFIX}${variable}`,
        baseDir: cwd
      })
    }
    const given = flags[name]
    if (given !== undefined) {
      values.set(name, { value: fromText(form, given), from: `--${flag ?? name}`, baseDir: cwd })
    }
  }
  return { values, problems }
}

/** Variables that look like ours and are none: they may be misspelt, or another program's. */
export function unknownVariables(env: ConfigSources['env']): readonly string[] {
  const known = new Set(CONFIG_KEY_NAMES.map((name) => `${ENV_PREFIX}${configKey(name).env ?? ''}`))
  return Object.keys(env).filter((name) => name.startsWith(ENV_PREFIX) && !known.has(name))
}

/** An unknown flag is one problem together with the value that follows it. */
function strayProblems(strayArguments: readonly string[]): readonly ConfigProblem[] {
  const flags = CONFIG_KEY_NAMES.flatMap((name) => configKey(name).flag ?? [])
  return strayArguments.flatMap((argument, index) => {
    const [name = ''] = argument.split('=')
    if (!argument.startsWith('-')) {
      const isValue = strayArguments[index - 1]?.startsWith('-') === true
      const problem = 'is not expected here'
      return isValue ? [] : [{ key: quoteValue(argument), from: undefined, problem }]
    }
    const closest = closestName(name.replace(/^-+/, ''), flags)
    const hint = closest === undefined ? '' : `; did you mean --${closest}?`
    return [{ key: name, from: undefined, problem: `there is no such flag${hint}` }]
  })
}

async function readFileLayer(
  path: string,
  values: Map<ConfigKeyName, GivenValue>,
  problems: ConfigProblem[]
): Promise<void> {
  const report = (key: string, problem: string) => problems.push({ key, from: path, problem })
  const content = await readJsonObject(path, (problem) => report('--config', problem))
  for (const [name, value] of Object.entries(content ?? {})) {
    // An editor's hint about the schema of the file.
    if (name === '$schema') continue
    if (isConfigKeyName(name)) values.set(name, { value, from: path, baseDir: dirname(path) })
    else report(name, `there is no such key${suggestion(name)}`)
  }
}

async function readJsonObject(
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

function suggestion(name: string): string {
  const closest = closestName(name, CONFIG_KEY_NAMES)
  return closest === undefined ? '' : `; did you mean ${closest}?`
}

/** Text that is no number where one is wanted stays text, and fails its check with that text. */
function fromText(form: TextForm, text: string | readonly string[]): unknown {
  if (typeof text !== 'string' || form === 'text') return text
  if (form === 'list') return [text]
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text
}
