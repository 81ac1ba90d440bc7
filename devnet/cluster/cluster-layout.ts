// What a cluster is made of on disk: keys, genesis, one config for each node, written as `rekindle init` does.
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex, type Hex } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { systemClock } from '../../src/base/clock.ts'
import { writeNewFile } from '../../src/base/new-file.ts'
import { sampleGenesisText } from '../../src/chain/genesis/sample-genesis.ts'
import { type Genesis, parseGenesis } from '../../src/chain/genesis/genesis.ts'
import { type ConfigKeyName } from '../../src/config/config-keys.ts'
import { planInit } from '../../src/cli/init-plan.ts'
import { writeNode } from '../../src/cli/init.ts'
import { computeGenesisBlock } from '../../src/node/open-stores.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../src/net/peer-address.ts'
import { generatePeerKey, type PeerKey } from '../../src/net/peer-key.ts'
import { createSigningKey } from '../../src/signer/key-file.ts'
import { claimDirectory } from './claim-directory.ts'
import { chooseFreePorts } from './free-ports.ts'
import { LinkPorts, OBSERVER } from './links.ts'
import { loadAddresses } from '../load/accounts.ts'
import { type ScenarioSetup } from './setup.ts'

/** The node that builds. */
export const SEQUENCER = 'sequencer'

/** Another node with the same key, where a scenario wants one. */
export const SECOND = 'second'

/** Of every chain of the devnet. */
export const CHAIN_ID = 901
/** Peer protocol, JSON-RPC, metrics. */
const PORTS_PER_NODE = 3

/** What a cluster is made for. */
export interface LayoutOptions {
  /** Empty, or not there yet. */
  readonly directory: string
  readonly backupsCount: number
  readonly blockTimeMs: number
  /** Which accounts are funded. */
  readonly seed: number
  readonly setup: ScenarioSetup
  /** Accounts that have funds besides the load's. */
  readonly fundedAccounts?: readonly Hex[]
  /** A genesis that lies back in time, and what its state has besides; one of now without. */
  readonly genesis?: { readonly ageSeconds: number; readonly accountsCount: number }
}

/** One node's place. */
export interface NodeLayout {
  readonly name: string
  readonly peerId: string
  /** Where it listens for peers itself, with its peer id. */
  readonly multiaddr: string
  readonly rpcUrl: string
  readonly metricsUrl: string
  readonly dataDir: string
  readonly configFile: string
  readonly logFile: string
  /** Undefined for a backup, and where the record is off. */
  readonly recordFile: string | undefined
}

/** A cluster on disk; nothing of it runs yet. */
export interface ClusterLayout {
  readonly directory: string
  readonly genesis: Genesis
  readonly genesisHash: Hex
  readonly chainId: bigint
  readonly signer: Hex
  readonly blockTimeMs: number
  /** The sequencer first. */
  readonly nodes: readonly NodeLayout[]
  readonly links: LinkPorts
}

interface NodePlan {
  readonly name: string
  readonly key: PeerKey
  readonly ports: readonly number[]
}

/** Names of all nodes, the sequencer first. */
export function nodeNames(backupsCount: number): readonly string[] {
  return [SEQUENCER, ...Array.from({ length: backupsCount }, (_, at) => `backup-${String(at + 1)}`)]
}

/** Writes everything. Throws UnusableDirectoryError, and what the parts of `rekindle init` throw. */
export async function writeLayout(options: LayoutOptions): Promise<ClusterLayout> {
  const { directory, backupsCount, blockTimeMs, seed } = options
  await claimDirectory(directory)
  const names = [...nodeNames(backupsCount), ...(options.setup.hasSecond ? [SECOND] : [])]
  const linksCount = LinkPorts.countFor(names)
  const ports = await chooseFreePorts(names.length * PORTS_PER_NODE + linksCount)
  const links = new LinkPorts(names, ports.slice(names.length * PORTS_PER_NODE))
  const keys = await Promise.all(names.map(() => generatePeerKey()))
  const plans = names.map((name, at) => ({
    name,
    key: keys[at]!,
    ports: ports.slice(at * PORTS_PER_NODE, (at + 1) * PORTS_PER_NODE)
  }))
  const signingKeyFile = join(directory, 'signing.key')
  const { address: signer } = await createSigningKey(signingKeyFile)
  const genesisFile = join(directory, 'genesis.json')
  const { ageSeconds = 0, accountsCount = 0 } = options.genesis ?? {}
  const genesisText = sampleGenesisText({
    chainId: CHAIN_ID,
    signer,
    fundedAccounts: [
      ...loadAddresses(seed),
      ...(options.fundedAccounts ?? []),
      ...Array.from({ length: accountsCount }, (_, index) => fillerAddress(index))
    ],
    timestamp: Math.floor(systemClock.nowMs() / 1000) - ageSeconds,
    blockTimeMs
  })
  await writeNewFile(genesisFile, genesisText, 0o644)
  const genesis = parseGenesis(genesisText)
  const { hash: genesisHash } = await computeGenesisBlock(genesis)
  const nodes: NodeLayout[] = []
  for (const plan of plans) {
    const files = { genesisFile, genesisHash, signingKeyFile }
    nodes.push(await writeOne({ plan, plans, links, files }, options))
  }
  const chainId = BigInt(CHAIN_ID)
  return { directory, genesis, genesisHash, chainId, signer, blockTimeMs, nodes, links }
}

async function writeOne(
  cluster: {
    readonly plan: NodePlan
    readonly plans: readonly NodePlan[]
    readonly links: LinkPorts
    readonly files: {
      readonly genesisFile: string
      readonly genesisHash: Hex
      readonly signingKeyFile: string
    }
  },
  options: LayoutOptions
): Promise<NodeLayout> {
  const { plan, files } = cluster
  const { directory } = options
  const { name, key } = plan
  const dataDir = join(directory, name)
  const sequencerKey = await signingKeyFor(name, files.signingKeyFile)
  const initPlan = await planInit(
    { flags: configOf(cluster, dataDir, options), cwd: directory },
    {
      keyDir: undefined,
      sequencerKey,
      chainId: undefined
    },
    { parseAdvertised, parseListen, parsePeer }
  )
  const { configFile } = await writeNode(initPlan, {
    clock: systemClock,
    genesisHash: async () => files.genesisHash,
    async createPeerKey(path) {
      // The key is there before the files, since the other nodes' configs name its peer id.
      await writeNewFile(path, `${Buffer.from(key.privateKey.raw).toString('hex')}\n`, 0o600)
      return key
    }
  })
  const hasRecord = sequencerKey !== undefined && options.setup.signedRecord === 'on'
  return {
    name,
    peerId: key.peerId,
    multiaddr: peerMultiaddr(plan.ports[0]!, key.peerId),
    rpcUrl: `http://127.0.0.1:${String(plan.ports[1])}`,
    metricsUrl: `http://127.0.0.1:${String(plan.ports[2])}/metrics`,
    dataDir,
    configFile,
    logFile: join(directory, `${name}.log`),
    recordFile: hasRecord ? join(initPlan.keyDir, 'signed-record') : undefined
  }
}

/** A second sequencer is one on another machine: it has a copy of the key file. Undefined for a backup. */
async function signingKeyFor(name: string, keyFile: string): Promise<string | undefined> {
  if (name === SEQUENCER) return keyFile
  if (name !== SECOND) return undefined
  const copy = `${keyFile}.${SECOND}`
  await copyFile(keyFile, copy)
  return copy
}

/** A sequencer has all backups; a backup has all others as peers, but for a second sequencer, which dials it. */
function configOf(
  {
    plan: { name, ports },
    plans,
    links,
    files
  }: {
    readonly plan: NodePlan
    readonly plans: readonly NodePlan[]
    readonly links: LinkPorts
    readonly files: { readonly genesisFile: string }
  },
  dataDir: string,
  { setup, blockTimeMs }: LayoutOptions
): Partial<Record<ConfigKeyName, string | readonly string[]>> {
  const [listenPort, rpcPort, metricsPort] = ports
  const others = plans
    .filter((other) => other.name !== name && other.name !== SECOND)
    .filter((other) => name !== SECOND || other.name !== SEQUENCER)
    .map((other) => peerMultiaddr(links.port(name, other.name), other.key.peerId))
  const shared = {
    dataDir,
    genesisFile: files.genesisFile,
    listen: `/ip4/127.0.0.1/tcp/${String(listenPort)}`,
    rpc: `127.0.0.1:${String(rpcPort)}`,
    metrics: `127.0.0.1:${String(metricsPort)}`,
    preset: presetFor(blockTimeMs)
  }
  if (name === SEQUENCER || name === SECOND) {
    const { signedRecord, quorum } = setup
    return { ...shared, role: 'sequencer', backups: others, signedRecord, quorum }
  }
  const sequencerRpc = `http://127.0.0.1:${String(plans[0]?.ports[1])}`
  return { ...shared, role: 'backup', peers: others, sequencerRpc }
}

/** The preset that can count these blocks: only opbnb knows parts of a second. */
export function presetFor(blockTimeMs: number): 'op' | 'opbnb' {
  return blockTimeMs % 1000 === 0 ? 'op' : 'opbnb'
}

/** Accounts that do nothing but make the state larger. */
function fillerAddress(index: number): Hex {
  const hash = keccak256(new TextEncoder().encode(`rekindle filler ${String(index)}`))
  return bytesToHex(hash.slice(12))
}

/** Where the observer reaches a node: by a link that can be cut. */
export function observedMultiaddr({ links }: ClusterLayout, { name, peerId }: NodeLayout): string {
  return peerMultiaddr(links.port(OBSERVER, name), peerId)
}

/** Which port each node listens on: where its wires lead. */
export function linkTargets({ nodes }: ClusterLayout): ReadonlyMap<string, number> {
  return new Map(
    nodes.map(({ name, multiaddr }) => [name, Number(/\/tcp\/(\d+)/.exec(multiaddr)?.[1])])
  )
}

function peerMultiaddr(port: number, peerId: string): string {
  return `/ip4/127.0.0.1/tcp/${String(port)}/p2p/${peerId}`
}
