// Checks that need more than one value, or more than a pattern: addresses, places, block times, quorum.
import { dirname, join, relative, sep } from 'node:path'
import { type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { createBlockTimes, type PresetName } from '../chain/blocks/block-times.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { type SignerPeriod, signerPeriodsProblem } from '../chain/blocks/signer-schedule.ts'
import { type ConfigDraft } from './config-draft.ts'
import { quoteValue } from './config-error.ts'
import {
  type HostPort,
  type OneStartConfig,
  type PeerAddress,
  type SignerFilesConfig
} from './node-config.ts'
import { ONE_START_FLAGS, type OneStartFlags, type OneStartName } from './one-start.ts'

/** Reads multiaddrs; net/ has it. Each throws an Error whose message says what is wrong. */
export interface AddressParsers {
  /** An address with a peer id at its end, or /p2p/ and the peer id alone. */
  readonly parsePeer: (text: string) => PeerAddress
  /** An address without a peer id that others can dial; returned as it is written in full. */
  readonly parseAdvertised: (text: string) => string
  /** An address that can be listened on; returned as it is written in full. */
  readonly parseListen: (text: string) => string
}

/** Names of the files that stand in the key directory unless the config names others. */
export const KEY_DIR_FILES = {
  config: 'config.json',
  genesis: 'genesis.json',
  peerKey: 'peer.key',
  sequencerKey: 'sequencer.key',
  signedRecord: 'signed-record',
  adminToken: 'admin.token'
} as const

/** Block times that can be told apart in a timestamp of milliseconds (preset opbnb). */
const OPBNB_BLOCK_TIMES_MS = [1000, 500, 250]
const PORT_END = 65_536

/** Beside the data directory, so that neither copying nor deleting that one touches keys and record. */
export function keyDirOf(dataDir: string): string {
  return `${dataDir}.keys`
}

/** Where everything lies, as far as it is known. */
export interface ConfigPaths {
  readonly dataDir: string | undefined
  readonly genesisFile: string | undefined
  readonly peerKeyFile: string | undefined
  readonly signer: SignerFilesConfig | undefined
  /** Where a signed record lies if the node has one, or had one in another role. */
  readonly recordFile: string | undefined
  /** Undefined when nobody named one. */
  readonly adminTokenFile: string | undefined
}

/** Absolute paths; those that nobody named lie in the key directory. */
export function readPaths(draft: ConfigDraft): ConfigPaths {
  const dataDir = draft.path('dataDir')
  const inKeyDir = (name: keyof typeof KEY_DIR_FILES) =>
    dataDir === undefined ? undefined : join(keyDirOf(dataDir), KEY_DIR_FILES[name])
  return {
    dataDir,
    genesisFile: draft.path('genesisFile') ?? inKeyDir('genesis'),
    peerKeyFile: draft.path('peerKeyFile') ?? inKeyDir('peerKey'),
    signer: draft.values.role === 'sequencer' ? readSignerFiles(draft, dataDir) : undefined,
    recordFile: recordFileOf(draft, signingKeyOf(draft, dataDir)),
    adminTokenFile: draft.path('adminTokenFile')
  }
}

function signingKeyOf(draft: ConfigDraft, dataDir: string | undefined): string | undefined {
  const named = draft.path('sequencerKeyFile')
  if (named !== undefined || dataDir === undefined) return named
  return join(keyDirOf(dataDir), KEY_DIR_FILES.sequencerKey)
}

function recordFileOf(draft: ConfigDraft, keyFile: string | undefined): string | undefined {
  const beside = keyFile && join(dirname(keyFile), KEY_DIR_FILES.signedRecord)
  return draft.path('signedRecordFile') ?? beside
}

function readSignerFiles(
  draft: ConfigDraft,
  dataDir: string | undefined
): SignerFilesConfig | undefined {
  const keyFile = signingKeyOf(draft, dataDir)
  const recordFile = recordFileOf(draft, keyFile)
  if (keyFile === undefined || recordFile === undefined) return undefined
  if (draft.values.signedRecord === 'off') return { keyFile, recordFile: undefined }
  if (dataDir !== undefined && isWithin(dataDir, recordFile)) {
    draft.report(
      'signedRecordFile',
      `${recordFile} lies in the data directory: a copy that is put back would forget what was signed`
    )
  }
  return { keyFile, recordFile }
}

/** True for the directory itself and all below it. */
export function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`))
}

/** Where the node listens, and who it connects to. */
export interface ConfigAddresses {
  readonly listen: string
  readonly advertise: readonly string[]
  readonly peers: readonly PeerAddress[]
  readonly backups: readonly PeerAddress[]
}

/** A backup is a peer too; one that is named as both is a backup, and has one address. */
export function readAddresses(draft: ConfigDraft, parsers: AddressParsers): ConfigAddresses {
  const { values } = draft
  let listen = ''
  try {
    if (values.listen !== undefined) listen = parsers.parseListen(values.listen)
  } catch (thrown) {
    draft.reportValue('listen', values.listen, `cannot be listened on: ${errorMessage(thrown)}`)
  }
  const advertise = readAdvertised(draft, parsers)
  const backups = readPeers(draft, 'backups', parsers)
  const named = new Map(backups.map((backup) => [backup.peerId, backup]))
  const peers = readPeers(draft, 'peers', parsers, named).filter(({ peerId }) => !named.has(peerId))
  return { listen, advertise, peers, backups }
}

function readAdvertised(
  draft: ConfigDraft,
  { parseAdvertised }: AddressParsers
): readonly string[] {
  return (draft.values.advertise ?? []).flatMap((text, index) => {
    try {
      return [parseAdvertised(text)]
    } catch (thrown) {
      draft.reportValue('advertise', text, `cannot be dialled: ${errorMessage(thrown)}`, index)
      return []
    }
  })
}

/** What tells an operator that two nodes have one identity, and how to part them. */
export const ONE_KEY_EACH =
  'two nodes must not have one peer.key: give one of them its own, as rekindle init writes it, or rekindle key new --peer FILE'

function readPeers(
  draft: ConfigDraft,
  name: 'peers' | 'backups',
  { parsePeer }: AddressParsers,
  backups: ReadonlyMap<string, PeerAddress> = new Map()
): readonly PeerAddress[] {
  const found = new Map<string, PeerAddress>()
  for (const [index, text] of (draft.values[name] ?? []).entries()) {
    try {
      const peer = parsePeer(text)
      if (found.has(peer.peerId)) {
        draft.report(name, `the peer ${peer.peerId} is named twice: ${ONE_KEY_EACH}`, index)
      }
      const backup = backups.get(peer.peerId)
      if (backup !== undefined && backup.multiaddr !== peer.multiaddr) {
        const where = `under backups too, as ${backup.multiaddr}`
        draft.report(name, `the peer ${peer.peerId} is named ${where}: ${ONE_KEY_EACH}`, index)
      }
      found.set(peer.peerId, peer)
    } catch (thrown) {
      draft.reportValue(name, text, `is no address of a peer: ${errorMessage(thrown)}`, index)
    }
  }
  return [...found.values()]
}

/** Where the node serves, and where a backup sends transactions. */
export interface ConfigServers {
  readonly rpc: HostPort
  readonly rpcHosts: readonly string[]
  readonly rpcCors: readonly string[]
  readonly metrics: HostPort
  readonly sequencerRpc: string | undefined
}

/** Ports within bounds and apart from each other, an URL that can be fetched. */
export function readServers(draft: ConfigDraft): ConfigServers {
  const rpc = readHostPort(draft, 'rpc')
  const metrics = readHostPort(draft, 'metrics')
  if (rpc.port !== 0 && rpc.port === metrics.port && rpc.host === metrics.host) {
    draft.report('metrics', `${draft.values.metrics ?? ''} is where JSON-RPC is served`)
  }
  const { sequencerRpc, rpcHosts = [], rpcCors = [] } = draft.values
  if (sequencerRpc !== undefined && !isHttpUrl(sequencerRpc)) {
    draft.reportValue('sequencerRpc', sequencerRpc, 'is not an http or https URL')
  }
  if (sequencerRpc !== undefined && draft.values.role === 'sequencer') {
    draft.report(
      'sequencerRpc',
      'is for a backup: a sequencer takes transactions itself; "rekindle role --to sequencer" takes it out of the file'
    )
  }
  return { rpc, rpcHosts, rpcCors, metrics, sequencerRpc }
}

function readHostPort(draft: ConfigDraft, name: 'rpc' | 'metrics'): HostPort {
  const text = draft.values[name] ?? ''
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  if (port >= PORT_END) draft.reportValue(name, text, 'names a port above 65535')
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port }
}

/** True for a URL that can be asked by HTTP. */
export function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' || url?.protocol === 'https:'
}

/** What is wrong with a block time under a preset, if anything; one left out is the genesis file's. */
export function blockTimeProblem(preset: PresetName, blockTimeMs: number): string | undefined {
  try {
    createBlockTimes(preset, blockTimeMs)
  } catch (thrown) {
    if (!(thrown instanceof ChainError && thrown.failure.code === 'block-time-invalid'))
      throw thrown
    return `${blockTimeMs} ms does not go with the preset ${preset}: ${thrown.failure.reason}`
  }
  if (preset === 'op' || OPBNB_BLOCK_TIMES_MS.includes(blockTimeMs)) return undefined
  return `${blockTimeMs} ms does not go with the preset opbnb: must be 1000, 500 or 250`
}

/** A block time that the preset can count, where one is given. */
export function checkBlockTime(draft: ConfigDraft): void {
  const { preset, blockTimeMs } = draft.values
  if (blockTimeMs === undefined || preset === undefined) return
  const problem = blockTimeProblem(preset, blockTimeMs)
  if (problem !== undefined) draft.report('blockTimeMs', problem)
}

/** Who signs from which height on, where that is given; lower-case. */
export function readSigners(draft: ConfigDraft): readonly SignerPeriod[] | undefined {
  const signers = draft.values.signers?.map(({ fromBlock, address }) => ({
    fromBlock: BigInt(fromBlock),
    address: address.toLowerCase() as Hex
  }))
  const problem = signers && signerPeriodsProblem(signers)
  if (problem !== undefined) draft.report('signers', problem)
  return signers
}

/** A sequencer that nobody backs up starts only when that is said; a quorum is one of those there are. */
export function checkQuorum(draft: ConfigDraft): void {
  const { role, quorum, backups } = draft.values
  if (role !== 'sequencer' || backups === undefined) return
  if (backups.length === 0 && quorum !== 'none') {
    draft.report(
      'backups',
      'is empty: name a backup with --backup, or say --quorum none and lose what a crash takes'
    )
  } else if (typeof quorum === 'number' && quorum > backups.length) {
    const have =
      backups.length === 1 ? 'one backup there is' : `${backups.length} backups there are`
    draft.report('quorum', `${quorum} is more than the ${have}`)
  }
}

/** A backup is up to date once a peer that it names has said so: without one it would join for ever. */
export function checkNamedPeers(draft: ConfigDraft): void {
  const { role, peers, backups } = draft.values
  if (role !== 'backup' || peers === undefined || backups === undefined) return
  if (peers.length + backups.length > 0) return
  draft.report(
    'peers',
    'is empty: name the sequencer with --peer, by its address as in /ip4/10.0.0.1/tcp/9222/p2p/16Uiu2HA…, ' +
      'or as /p2p/16Uiu2HA… if it dials this node; a backup takes nobody else’s word that it has caught up'
  )
}

/** The hashes that the flags for one start name. */
export function readOneStart(draft: ConfigDraft, given: OneStartFlags): OneStartConfig {
  const read = (name: OneStartName): Hex | undefined => {
    const text = given[name]
    if (text === undefined) return undefined
    const { flag } = ONE_START_FLAGS[name]
    if (!/^0x[0-9a-fA-F]{64}$/.test(text)) {
      draft.reportFlag(flag, `${quoteValue(text)} is not a block hash: 0x and 64 hex digits`)
    }
    if (draft.values.role === 'backup') {
      draft.reportFlag(flag, 'is for a sequencer: a backup has no gate and waits for nobody')
    }
    return text.toLowerCase() as Hex
  }
  return {
    startWithoutBackups: read('startWithoutBackups'),
    giveUpAbove: read('giveUpAbove')
  }
}
