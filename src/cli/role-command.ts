// `rekindle role`: hands a role over in the config file of a stopped node, and says what remains to be done.
import { rename, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { syncDirectory } from '../base/sync-directory.ts'
import { writeNewFile } from '../base/new-file.ts'
import { ConfigError, type ConfigProblem } from '../config/config-error.ts'
import { type ConfigSources, readJsonObject, readLayers } from '../config/config-layers.ts'
import { KEY_DIR_FILES } from '../config/config-checks.ts'
import { type NodeConfig } from '../config/node-config.ts'
import { PLACES } from '../config/node-directory.ts'
import { type PeerIdentity, readStartInputs, type StartReaders } from '../config/start-inputs.ts'
import { CHAIN_DATABASE } from '../store/keys.ts'
import { openLevelStore } from '../store/level-store.ts'
import { StoreError } from '../store/store-error.ts'
import { type CommandIo, EXIT_CODE } from './command-io.ts'
import { failureLines, startExitCode } from './failure-lines.ts'
import { formatFields } from './format-fields.ts'
import { pathExists } from './path-exists.ts'
import { shellWord } from './shell-word.ts'

type Role = NodeConfig['role']
type Content = Readonly<Record<string, unknown>>

/** Flags of one call. */
export interface RoleFlags extends Pick<ConfigSources, 'flags' | 'strayArguments' | 'flagNames'> {
  readonly configFile: string | undefined
  readonly to: string | undefined
  readonly isJson: boolean
}

/** Resolves with the exit code; unless that is 0, the file is as it was. */
export async function handOverRole(
  flags: RoleFlags,
  readers: StartReaders<PeerIdentity>,
  io: Pick<CommandIo, 'print' | 'complain' | 'cwd'>
): Promise<number> {
  try {
    const { path, to } = readFlags(flags, io.cwd)
    const content = await readContent(path)
    const given = await readGiven(flags, io.cwd)
    const next = toRole(content, to, given)
    const config = await replaceConfig(path, next, { readers, cwd: io.cwd })
    const fields = {
      config: path,
      role: to,
      was: content.role,
      remains: await whatRemains(config, path, io.cwd)
    }
    io.print(flags.isJson ? `${JSON.stringify(fields)}\n` : format(fields))
    return EXIT_CODE.good
  } catch (thrown) {
    for (const line of failureLines(thrown, 'rekindle role changed nothing')) {
      io.complain(`${line}\n`)
    }
    return startExitCode(thrown)
  }
}

function readFlags({ configFile, to }: RoleFlags, cwd: string) {
  const problems: ConfigProblem[] = []
  const report = (key: string, problem: string) =>
    void problems.push({ key, from: undefined, problem })
  if (configFile === undefined) report('--config', 'must be given: the config file of the node')
  const role: Role | undefined = to === 'sequencer' || to === 'backup' ? to : undefined
  if (role === undefined) report('--to', 'must be given: sequencer or backup')
  if (configFile === undefined || role === undefined) throw new ConfigError(problems)
  return { path: resolve(cwd, configFile), to: role }
}

async function readContent(path: string): Promise<Content> {
  const problems: ConfigProblem[] = []
  const content = await readJsonObject(path, (problem) => {
    problems.push({ key: '--config', from: path, problem })
  })
  if (content === undefined) throw new ConfigError(problems)
  return content
}

/** Values of the flags, as the file writes them. */
async function readGiven(
  { flags, strayArguments = [], flagNames = [] }: RoleFlags,
  cwd: string
): Promise<Content> {
  const sources = { configFile: undefined, env: {}, flags, strayArguments, flagNames, cwd }
  const { values, problems } = await readLayers(sources)
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.fromEntries([...values].map(([name, { value }]) => [name, value]))
}

/** The same file for the other role. What it says of keys stays: a backup does not read it. */
function toRole(content: Content, to: Role, given: Content): Content {
  if (to === 'backup') return { ...content, role: to, ...given }
  const rest = Object.fromEntries(Object.entries(content).filter(([key]) => key !== 'sequencerRpc'))
  return {
    sequencerKeyFile: KEY_DIR_FILES.sequencerKey,
    signedRecordFile: KEY_DIR_FILES.signedRecord,
    ...rest,
    role: to,
    ...given
  }
}

/** Checks the new file as a start would, and puts it in the place of the old one. Throws ConfigError, StoreError. */
async function replaceConfig(
  path: string,
  content: Content,
  { readers, cwd }: { readonly readers: StartReaders<PeerIdentity>; readonly cwd: string }
): Promise<NodeConfig> {
  const draft = `${path}.new`
  await rm(draft, { force: true })
  await writeNewFile(draft, `${JSON.stringify(content, undefined, 2)}\n`, 0o600)
  try {
    const sources = { configFile: draft, env: {}, flags: {}, cwd }
    const { config } = await readStartInputs(sources, {}, readers)
    await assertStopped(config.dataDir)
    await rename(draft, path)
    await syncDirectory(dirname(path))
    return config
  } catch (thrown) {
    await rm(draft, { force: true })
    throw thrown instanceof ConfigError ? ofFile(thrown, { draft, path }) : thrown
  }
}

/** Problems name the file that there is, and where the key has to come from. */
function ofFile(
  { failure }: ConfigError,
  { draft, path }: { readonly draft: string; readonly path: string }
): ConfigError {
  const hint = `; move key and signed record of the old sequencer into ${dirname(path)} first`
  return new ConfigError(
    failure.problems.map(({ key, from, problem }) => {
      const isNoKey = key === 'sequencerKeyFile' && problem.includes('is not there')
      return {
        key,
        from: from === draft ? path : from,
        problem: isNoKey ? problem + hint : problem
      }
    })
  )
}

/** A node that runs would go on in the old role. Throws StoreError `store-locked`. */
async function assertStopped(dataDir: string): Promise<void> {
  try {
    const place = join(dataDir, PLACES.chain)
    await (await openLevelStore(place, CHAIN_DATABASE, { mustExist: true })).close()
  } catch (thrown) {
    const isEmpty = thrown instanceof StoreError && thrown.failure.code === 'store-missing'
    if (!isEmpty) throw thrown
  }
}

async function whatRemains(config: NodeConfig, path: string, cwd: string): Promise<string[]> {
  const word = (file: string) => shellWord(relative(cwd, file))
  const run = `rekindle run --config ${word(path)}`
  if (config.signer !== undefined) {
    const { recordFile } = config.signer
    const hasRecord = recordFile === undefined || (await pathExists(recordFile))
    const lost = `no signed record is in ${recordFile ?? ''}: all backups have to answer, and the first block comes later; if the old one is not lost, move it there now`
    return [...(hasRecord ? [] : [lost]), run]
  }
  const keys = [KEY_DIR_FILES.sequencerKey, KEY_DIR_FILES.signedRecord]
  const left: string[] = []
  for (const name of keys) {
    const file = join(dirname(path), name)
    if (await pathExists(file)) left.push(file)
  }
  const move = `mv ${left.map(word).join(' ')} KEYDIR/ of the new sequencer: no copy of them may stay here`
  return [...(left.length === 0 ? [] : [move]), run]
}

function format({ remains, ...fields }: Content & { readonly remains: readonly string[] }): string {
  return [formatFields(fields) + 'Next:', ...remains.map((line) => `  ${line}`), ''].join('\n')
}
