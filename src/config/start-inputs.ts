// Everything a node is started with, read and checked before anything is opened or written.
import { readFile } from 'node:fs/promises'
import { type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { type Genesis, parseGenesis } from '../chain/genesis/genesis.ts'
import { type SignerPeriod } from '../chain/blocks/signer-schedule.ts'
import { readSigningKey } from '../signer/key-file.ts'
import { SignerError } from '../signer/signer-error.ts'
import { readAdminToken } from './admin-token.ts'
import { type AddressParsers, blockTimeProblem } from './config-checks.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigKeyName } from './config-keys.ts'
import { type ConfigSources } from './config-layers.ts'
import { readConfig, type ReadConfig } from './config.ts'
import { type NodeConfig } from './node-config.ts'
import { type OneStartFlags } from './one-start.ts'
import { describeSignerFailure } from './signer-problem.ts'

/** What the peer id is made of; net/ knows more of it. */
export interface PeerIdentity {
  readonly peerId: string
}

/** What net/ reads for us. Each throws an Error whose message says what is wrong. */
export interface StartReaders<Key extends PeerIdentity> extends AddressParsers {
  readonly readPeerKey: (path: string) => Promise<Key>
}

/** Checked config and what its files hold. The signing key is read anew, and locked, by the node itself. */
export interface StartInputs<Key extends PeerIdentity = PeerIdentity> {
  readonly config: NodeConfig
  readonly genesis: Genesis
  readonly peerKey: Key
  /** Who signs, from the config or else the genesis file. */
  readonly signers: readonly SignerPeriod[]
  readonly blockTimeMs: number
  /** What admin_ methods take; undefined: they are refused. */
  readonly adminToken: string | undefined
}

/** Reads it all. Throws ConfigError with every problem of flags, environment and files at once. */
export async function readStartInputs<Key extends PeerIdentity>(
  sources: ConfigSources,
  oneStart: OneStartFlags,
  readers: StartReaders<Key>
): Promise<StartInputs<Key>> {
  const read = await readConfig(sources, oneStart, readers)
  const problems = [...read.problems]
  const report = (key: ConfigKeyName, problem: string, from?: string) =>
    void problems.push({ key, from, problem })
  const [genesis, peerKey, address, adminToken] = await Promise.all([
    readGenesisFile(read, report),
    readPeerKeyFile(read.paths.peerKeyFile, readers, report),
    readSignerAddress(read.paths.signer?.keyFile, report),
    readTokenFile(read.paths.adminTokenFile, report)
  ])
  const { config } = read
  const chain = genesis && checkAgainstGenesis(read, { genesis, address }, report)
  if (peerKey !== undefined) checkSelf(read, peerKey, report)
  if (problems.length > 0 || !config || !genesis || !peerKey || !chain) {
    throw new ConfigError(problems)
  }
  return { config, genesis, peerKey, adminToken, ...chain }
}

type Report = (key: ConfigKeyName, problem: string, from?: string) => void

async function readGenesisFile(
  { paths: { genesisFile: path }, draft, signers }: ReadConfig,
  report: Report
): Promise<Genesis | undefined> {
  if (path === undefined) return undefined
  try {
    const { blockTimeMs } = draft.values
    return parseGenesis(await readFile(path, 'utf8'), { blockTimeMs, signers })
  } catch (thrown) {
    if (!(thrown instanceof ChainError && thrown.failure.code === 'genesis-invalid')) {
      report('genesisFile', `it cannot be read: ${errorMessage(thrown)}`, path)
      return undefined
    }
    for (const { key, problem } of thrown.failure.problems) {
      report('genesisFile', key === '' ? `it ${problem}` : `${key} ${problem}`, path)
    }
    return undefined
  }
}

async function readPeerKeyFile<Key>(
  path: string | undefined,
  { readPeerKey }: { readonly readPeerKey: (path: string) => Promise<Key> },
  report: Report
): Promise<Key | undefined> {
  if (path === undefined) return undefined
  try {
    return await readPeerKey(path)
  } catch (thrown) {
    report('peerKeyFile', errorMessage(thrown), path)
    return undefined
  }
}

async function readTokenFile(
  path: string | undefined,
  report: Report
): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readAdminToken(path)
  } catch (thrown) {
    report('adminTokenFile', errorMessage(thrown), path)
    return undefined
  }
}

/** The key's address; the key itself is dropped. */
async function readSignerAddress(
  path: string | undefined,
  report: Report
): Promise<Hex | undefined> {
  if (path === undefined) return undefined
  try {
    return (await readSigningKey(path)).address
  } catch (thrown) {
    if (!(thrown instanceof SignerError)) throw thrown
    report('sequencerKeyFile', describeSignerFailure(thrown.failure))
    return undefined
  }
}

/**
 * Block time and signers, the config's before the genesis file's; both have to go with the rest. A value
 * that was refused has its own problem, and is not held against anything.
 */
function checkAgainstGenesis(
  { draft, paths, signers: configured }: ReadConfig,
  { genesis, address }: { readonly genesis: Genesis; readonly address: Hex | undefined },
  report: Report
): Pick<StartInputs, 'signers' | 'blockTimeMs'> {
  const { preset } = draft.values
  const blockTimeMs = draft.values.blockTimeMs ?? genesis.config.blockTimeMs
  const isFromGenesis = draft.values.blockTimeMs === undefined && !draft.isRefused('blockTimeMs')
  const blockTime = preset && isFromGenesis ? blockTimeProblem(preset, blockTimeMs) : undefined
  if (blockTime !== undefined) report('blockTimeMs', blockTime, paths.genesisFile)
  const signers = configured ?? genesis.config.signers
  const isSigner = signers.some((signer) => signer.address === address)
  if (address !== undefined && !isSigner && !draft.isRefused('signers')) {
    const names = [...new Set(signers.map((signer) => signer.address))].join(', ')
    const problem = `its key is that of ${address}, which signs no block here: the signers are ${names}`
    report('sequencerKeyFile', problem, paths.signer?.keyFile)
  }
  return { signers, blockTimeMs }
}

function checkSelf(
  { addresses: { backups, peers }, paths }: ReadConfig,
  { peerId }: PeerIdentity,
  report: Report
): void {
  for (const [name, list] of [
    ['backups', backups],
    ['peers', peers]
  ] as const) {
    if (list.some((peer) => peer.peerId === peerId)) {
      report(name, `${peerId} is this node itself, by its key in ${paths.peerKeyFile ?? 'no file'}`)
    }
  }
}
