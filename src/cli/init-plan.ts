// What `rekindle init` is going to write, worked out and checked before it writes anything.
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { type SignerPeriod } from '../chain/blocks/signer-schedule.ts'
import { type Genesis, parseGenesis } from '../chain/genesis/genesis.ts'
import { readSigningKey } from '../signer/key-file.ts'
import { SignerError } from '../signer/signer-error.ts'
import {
  type AddressParsers,
  blockTimeProblem,
  checkBlockTime,
  isWithin,
  KEY_DIR_FILES,
  keyDirOf,
  readAddresses,
  readServers,
  readSigners
} from '../config/config-checks.ts'
import { ConfigDraft } from '../config/config-draft.ts'
import { ConfigError, quoteValue } from '../config/config-error.ts'
import { CONFIG_KEY_NAMES, type ConfigKeyName } from '../config/config-keys.ts'
import { type ConfigSources, readLayers } from '../config/config-layers.ts'
import { type ConfigValues } from '../config/config-schemas.ts'
import { checkValues } from '../config/config-values.ts'
import { describeSignerFailure } from '../config/signer-problem.ts'
import { pathExists } from './path-exists.ts'

/** Flags of init that are no keys of the config. */
export interface InitFlags {
  /** Where config, keys and record go; DATADIR.keys when left out. */
  readonly keyDir: string | undefined
  /** A signing key that there is already; it stays where it is. */
  readonly sequencerKey: string | undefined
  /** The sample genesis's chain id, as text. */
  readonly chainId: string | undefined
}

/** Everything that init writes. */
export interface InitPlan {
  readonly role: 'sequencer' | 'backup'
  readonly dataDir: string
  readonly keyDir: string
  /** Undefined: the sample. */
  readonly genesis: { readonly text: string; readonly parsed: Genesis } | undefined
  readonly sample: { readonly chainId: number; readonly blockTimeMs: number }
  /** A key that is not to be made. */
  readonly signer: { readonly keyFile: string; readonly address: Hex } | undefined
  /** What the config file holds besides the paths, in its order. */
  readonly settings: ConfigValues
  /** Neither genesis nor flags name a signer: the node's own key signs every block, and its config says so. */
  readonly isOwnSigner: boolean
  /** Where peers reach it; the first of `--advertise`, or where it listens. */
  readonly address: string
}

/** Stands for a signer whose key is not made yet; the genesis block does not depend on it. */
const UNKNOWN_SIGNER: SignerPeriod = { fromBlock: 0n, address: `0x${'00'.repeat(20)}` }

/** Chain id of the sample; the OP Stack's own devnet has it too. */
const SAMPLE_CHAIN_ID = 901
const SAMPLE_BLOCK_TIME_MS = 1000

/** Keys that init works out itself. */
const OWN_KEYS: readonly ConfigKeyName[] = [
  'role',
  'dataDir',
  'genesisFile',
  'peerKeyFile',
  'sequencerKeyFile',
  'signedRecordFile',
  'adminTokenFile'
]

/** Reads flags and the files they name. Throws ConfigError with every problem; writes nothing. */
export async function planInit(
  sources: Pick<ConfigSources, 'flags' | 'strayArguments' | 'flagNames' | 'cwd'>,
  initFlags: InitFlags,
  parsers: AddressParsers
): Promise<InitPlan> {
  const { cwd } = sources
  const layers = await readLayers({ ...sources, configFile: undefined, env: {} })
  const { values, problems } = checkValues(layers.values)
  const draft = new ConfigDraft(values, layers.values, [...layers.problems, ...problems])
  draft.requireGiven('role', { isFlagOnly: true })
  draft.requireGiven('dataDir', { isFlagOnly: true })
  const { listen, advertise } = readAddresses(draft, parsers)
  readServers(draft)
  checkBlockTime(draft)
  const sample = readSample(draft, initFlags)
  const signers = readSigners(draft)
  const signer = await readSigner(draft, initFlags, cwd)
  const genesis = await readGenesis(draft, signers)
  if (genesis !== undefined) checkGenesis(draft, genesis.parsed)
  const isOwnSigner = genesis?.parsed.config.signers.includes(UNKNOWN_SIGNER) === true
  const named = signers ?? (isOwnSigner ? undefined : genesis?.parsed.config.signers)
  if (values.role === 'sequencer' && named) checkSigner(draft, named, signer?.address)
  const dataDir = draft.path('dataDir')
  const keyDir = dataDir && resolve(cwd, initFlags.keyDir ?? keyDirOf(dataDir))
  if (dataDir !== undefined && keyDir !== undefined) await checkPlaces(draft, dataDir, keyDir)
  const { role } = values
  if (draft.problems.length > 0 || role === undefined || !dataDir || !keyDir) {
    throw new ConfigError(draft.problems)
  }
  const settings = settingsToWrite(values, new Set(layers.values.keys()), genesis !== undefined)
  const [address = listen] = advertise
  return { role, dataDir, keyDir, genesis, sample, signer, settings, isOwnSigner, address }
}

/** Only what was given: a default that changes later is to hold for this node too. */
function settingsToWrite(
  values: ConfigValues,
  given: ReadonlySet<ConfigKeyName>,
  hasGenesis: boolean
): ConfigValues {
  const names = CONFIG_KEY_NAMES.filter((name) => given.has(name) && !OWN_KEYS.includes(name))
  // The sample has the block time itself.
  const written = names.filter((name) => hasGenesis || name !== 'blockTimeMs')
  return Object.fromEntries(written.map((name) => [name, values[name]]))
}

function readSample(draft: ConfigDraft, { chainId }: InitFlags): InitPlan['sample'] {
  const { blockTimeMs = SAMPLE_BLOCK_TIME_MS, genesisFile } = draft.values
  if (chainId === undefined) return { chainId: SAMPLE_CHAIN_ID, blockTimeMs }
  if (genesisFile !== undefined) draft.reportFlag('chain-id', 'stands in the genesis file')
  const id = Number(chainId)
  if (!/^\d{1,16}$/.test(chainId) || !Number.isSafeInteger(id) || id === 0) {
    draft.reportFlag('chain-id', `${quoteValue(chainId)} is not a number from 1 to 2^53-1`)
  }
  return { chainId: id, blockTimeMs }
}

async function readGenesis(
  draft: ConfigDraft,
  signers: readonly SignerPeriod[] | undefined
): Promise<InitPlan['genesis']> {
  const path = draft.path('genesisFile')
  if (path === undefined) {
    if (draft.values.role === 'backup') {
      draft.report(
        'genesisFile',
        'must be given: a backup joins a chain that there is; take genesis.json from its sequencer'
      )
    }
    return undefined
  }
  try {
    const text = await readFile(path, 'utf8')
    const { role, blockTimeMs } = draft.values
    const own = role === 'sequencer' ? [UNKNOWN_SIGNER] : undefined
    return { text, parsed: parseGenesis(text, { blockTimeMs, signers: signers ?? own }) }
  } catch (thrown) {
    reportGenesis(draft, thrown)
    return undefined
  }
}

/** A genesis that cannot be read is one problem, one that is unsound as many as it has. */
function reportGenesis(draft: ConfigDraft, thrown: unknown): void {
  if (!(thrown instanceof ChainError && thrown.failure.code === 'genesis-invalid')) {
    draft.report('genesisFile', `it cannot be read: ${errorMessage(thrown)}`)
    return
  }
  for (const { key, problem } of thrown.failure.problems) {
    draft.report('genesisFile', key === '' ? `it ${problem}` : `${key} ${problem}`)
  }
}

async function readSigner(
  draft: ConfigDraft,
  { sequencerKey }: InitFlags,
  cwd: string
): Promise<InitPlan['signer']> {
  if (sequencerKey === undefined) return undefined
  if (draft.values.role === 'backup') {
    draft.reportFlag('sequencer-key', 'is for a sequencer: a backup signs nothing')
    return undefined
  }
  const keyFile = resolve(cwd, sequencerKey)
  try {
    return { keyFile, address: (await readSigningKey(keyFile)).address }
  } catch (thrown) {
    if (!(thrown instanceof SignerError)) throw thrown
    draft.reportFlag('sequencer-key', describeSignerFailure(thrown.failure))
    return undefined
  }
}

/** The preset counts its block time. */
function checkGenesis(draft: ConfigDraft, genesis: Genesis): void {
  const { preset, blockTimeMs } = draft.values
  const isItsTime = blockTimeMs === undefined && !draft.isRefused('blockTimeMs')
  const problem = preset && isItsTime && blockTimeProblem(preset, genesis.config.blockTimeMs)
  if (problem) draft.report('blockTimeMs', problem)
}

/** A new key cannot be one that genesis or flags name already. */
function checkSigner(
  draft: ConfigDraft,
  signers: readonly SignerPeriod[],
  address: Hex | undefined
): void {
  const addresses = [...new Set(signers.map((signer) => signer.address))]
  if (address !== undefined && addresses.includes(address)) return
  const names = addresses.join(', ')
  const problem =
    address === undefined
      ? `must be given: genesis file or --signer name who signs (${names}), and a new key would be another`
      : `is the key of ${address}, but genesis file or --signer have blocks signed by ${names}`
  draft.reportFlag('sequencer-key', problem)
}

/** The record must not be copied or put back with the databases; and nothing is ever overwritten. */
async function checkPlaces(draft: ConfigDraft, dataDir: string, keyDir: string): Promise<void> {
  if (isWithin(dataDir, keyDir)) {
    draft.reportFlag(
      'keydir',
      `${keyDir} lies in the data directory: keys and record must not be copied or put back with it`
    )
  }
  for (const [flag, path] of [
    ['datadir', dataDir],
    ['keydir', keyDir]
  ] as const) {
    const isOther = await stat(path).then(
      (stats) => !stats.isDirectory(),
      () => false
    )
    if (isOther) draft.reportFlag(flag, `${path} is no directory`)
  }
  for (const name of Object.values(KEY_DIR_FILES)) {
    const path = join(keyDir, name)
    if (await pathExists(path))
      draft.reportFlag('keydir', `${path} is there already, and stays as it is`)
  }
}
