// Reading config: file, environment and flags to one checked NodeConfig, or every problem at once.
import { type Hex } from '../base/bytes.ts'
import { type SignerPeriod } from '../chain/blocks/signer-schedule.ts'
import {
  type AddressParsers,
  checkBlockTime,
  checkNamedPeers,
  checkQuorum,
  type ConfigAddresses,
  type ConfigPaths,
  readAddresses,
  readOneStart,
  readPaths,
  readServers,
  readSigners
} from './config-checks.ts'
import { ConfigDraft } from './config-draft.ts'
import { type ConfigProblem } from './config-error.ts'
import { type ConfigSources, readLayers } from './config-layers.ts'
import { type ConfigValues } from './config-schemas.ts'
import { checkValues } from './config-values.ts'
import { type NodeConfig } from './node-config.ts'
import { type OneStartFlags } from './one-start.ts'

/** What became of the values. */
export interface ReadConfig {
  /** Undefined when there are problems. */
  readonly config: NodeConfig | undefined
  readonly problems: readonly ConfigProblem[]
  /** Where files lie as far as that is known, so that they can be looked at beside the problems. */
  readonly paths: ConfigPaths
  /** What the files are held against, as far as it is good. */
  readonly draft: Pick<ConfigDraft, 'values' | 'isRefused'>
  readonly addresses: ConfigAddresses
  readonly signers: readonly SignerPeriod[] | undefined
}

/** Without the config file nobody can say which files belong to the node. */
const UNKNOWN_PATHS: ConfigPaths = {
  dataDir: undefined,
  genesisFile: undefined,
  peerKeyFile: undefined,
  signer: undefined,
  recordFile: undefined,
  adminTokenFile: undefined
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
  if (layers.isWhole) {
    draft.requireGiven('role')
    draft.requireGiven('dataDir')
    checkQuorum(draft)
    checkNamedPeers(draft)
  }
  const paths = layers.isWhole ? readPaths(draft) : UNKNOWN_PATHS
  const addresses = readAddresses(draft, parsers)
  const servers = readServers(draft)
  checkBlockTime(draft)
  const signers = readSigners(draft)
  const parts = { ...addresses, ...servers, signers, oneStart: readOneStart(draft, oneStart) }
  const { problems: found } = draft
  const config = found.length > 0 ? undefined : toNodeConfig(values, paths, parts)
  return { config, problems: found, paths, draft, addresses, signers }
}

type ConfigParts = Pick<
  NodeConfig,
  | 'listen'
  | 'advertise'
  | 'peers'
  | 'backups'
  | 'rpc'
  | 'rpcHosts'
  | 'rpcCors'
  | 'metrics'
  | 'sequencerRpc'
  | 'signers'
  | 'oneStart'
>

/** Called once nothing is wrong: every key without a fallback has its value then. */
function toNodeConfig(values: ConfigValues, paths: ConfigPaths, parts: ConfigParts): NodeConfig {
  const { dataDir, genesisFile, peerKeyFile, signer, adminTokenFile } = paths
  const { role, quorum, history, preset, logLevel, gasLimit, blockTimeMs } = values
  if (
    role === undefined ||
    dataDir === undefined ||
    genesisFile === undefined ||
    peerKeyFile === undefined ||
    quorum === undefined ||
    history === undefined ||
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
    adminTokenFile,
    quorum,
    history,
    preset,
    logLevel,
    blockTimeMs,
    feeRecipient: (values.feeRecipient ?? '').toLowerCase() as Hex,
    gasLimit: gasLimit === undefined ? undefined : BigInt(gasLimit)
  }
}
