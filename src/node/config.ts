// Reading config: file, environment and flags to one checked NodeConfig, or every problem at once.
import { type Hex } from '../base/bytes.ts'
import {
  type AddressParsers,
  checkBlockTime,
  checkQuorum,
  type ConfigPaths,
  type OneStartFlags,
  readAddresses,
  readOneStart,
  readPaths,
  readServers,
  readSigners
} from './config-checks.ts'
import { ConfigDraft } from './config-draft.ts'
import { type ConfigProblem } from './config-error.ts'
import { type ConfigValues } from './config-keys.ts'
import { type ConfigSources, readLayers } from './config-layers.ts'
import { checkValues } from './config-values.ts'
import { type NodeConfig } from './node-config.ts'

/** What became of the values. */
export interface ReadConfig {
  /** Undefined when there are problems. */
  readonly config: NodeConfig | undefined
  readonly problems: readonly ConfigProblem[]
  /** Where files lie as far as that is known, so that they can be looked at beside the problems. */
  readonly paths: ConfigPaths
}

/** Reads all layers and checks all values, each by itself and together. Writes nothing. */
export async function readConfig(
  sources: ConfigSources,
  oneStart: OneStartFlags,
  parsers: AddressParsers
): Promise<ReadConfig> {
  const layers = await readLayers(sources)
  const { values, problems } = checkValues(layers.values)
  const draft = new ConfigDraft(values, layers.values, [...layers.problems, ...problems])
  draft.requireGiven('role')
  draft.requireGiven('dataDir')
  const paths = readPaths(draft)
  const addresses = readAddresses(draft, parsers)
  const servers = readServers(draft)
  checkBlockTime(draft)
  checkQuorum(draft)
  const signers = readSigners(draft)
  const parts = { ...addresses, ...servers, signers, oneStart: readOneStart(draft, oneStart) }
  if (draft.problems.length > 0) return { config: undefined, problems: draft.problems, paths }
  return { config: toNodeConfig(values, paths, parts), problems: [], paths }
}

type ConfigParts = Pick<
  NodeConfig,
  'listen' | 'peers' | 'backups' | 'rpc' | 'metrics' | 'sequencerRpc' | 'signers' | 'oneStart'
>

/** Called once nothing is wrong: every key without a fallback has its value then. */
function toNodeConfig(values: ConfigValues, paths: ConfigPaths, parts: ConfigParts): NodeConfig {
  const { dataDir, genesisFile, peerKeyFile, signer } = paths
  const { role, quorum, preset, logLevel, gasLimit, blockTimeMs } = values
  if (
    role === undefined ||
    dataDir === undefined ||
    genesisFile === undefined ||
    peerKeyFile === undefined ||
    quorum === undefined ||
    preset === undefined ||
    logLevel === undefined
  ) {
    throw new Error('a value is missing that no problem was reported for')
  }
  return {
    ...parts,
    role,
    dataDir,
    genesisFile,
    peerKeyFile,
    signer,
    quorum,
    preset,
    logLevel,
    blockTimeMs,
    feeRecipient: (values.feeRecipient ?? '').toLowerCase() as Hex,
    gasLimit: gasLimit === undefined ? undefined : BigInt(gasLimit)
  }
}
