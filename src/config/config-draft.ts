// A config in the making: good values, where each came from, and the problems found so far.
import { resolve } from 'node:path'
import { type ConfigProblem, quoteValue } from './config-error.ts'
import { configKey, type ConfigKeyName } from './config-keys.ts'
import { type GivenValue } from './config-layers.ts'
import { type ConfigValues } from './config-schemas.ts'

/** Keys whose value is a file or a directory. */
type PathKeyName =
  | 'dataDir'
  | 'genesisFile'
  | 'peerKeyFile'
  | 'sequencerKeyFile'
  | 'signedRecordFile'
  | 'adminTokenFile'

/** Collects problems; what is good stays usable beside what is not. */
export class ConfigDraft {
  readonly values: ConfigValues
  readonly #given: ReadonlyMap<ConfigKeyName, GivenValue>
  readonly #problems: ConfigProblem[]

  constructor(
    values: ConfigValues,
    given: ReadonlyMap<ConfigKeyName, GivenValue>,
    problems: readonly ConfigProblem[]
  ) {
    this.values = values
    this.#given = given
    this.#problems = [...problems]
  }

  get problems(): readonly ConfigProblem[] {
    return this.#problems
  }

  /** A problem with the value of a key; `index` names one of a list. */
  report(name: ConfigKeyName, problem: string, index?: number): void {
    const key = index === undefined ? name : `${name}[${index}]`
    this.#problems.push({ key, from: this.#given.get(name)?.from, problem })
  }

  /** A problem with a flag that is no key. */
  reportFlag(flag: string, problem: string): void {
    this.#problems.push({ key: `--${flag}`, from: undefined, problem })
  }

  /** True for a key whose value was given and is not what it takes. */
  isRefused(name: ConfigKeyName): boolean {
    return this.#given.has(name) && this.values[name] === undefined
  }

  /** A key that has to be given, by nobody: not a second time for one whose value was refused. */
  requireGiven(name: ConfigKeyName, { isFlagOnly = false } = {}): void {
    if (this.#given.has(name)) return
    const { flag, expected } = configKey(name)
    const orFile = isFlagOnly ? '' : ', or in the config file'
    const way = flag === undefined ? '' : `: give ${expected} with --${flag}${orFile}`
    this.report(name, `must be given${way}`)
  }

  /** A problem that quotes the value. */
  reportValue(name: ConfigKeyName, value: unknown, reason: string, index?: number): void {
    this.report(name, `${quoteValue(value)} ${reason}`, index)
  }

  /** The absolute path of a key's file or directory; undefined when nobody named one. */
  path(name: PathKeyName): string | undefined {
    const path = this.values[name]
    const baseDir = this.#given.get(name)?.baseDir
    return path === undefined || baseDir === undefined ? undefined : resolve(baseDir, path)
  }
}
