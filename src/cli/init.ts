// `rekindle init`: a new node's config, keys, record and genesis, all of them or nothing (src/cli/README.md).
import { rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type Hex } from '../base/bytes.ts'
import { type Clock } from '../base/clock.ts'
import { makeDirectory } from '../base/make-directory.ts'
import { writeNewFile } from '../base/new-file.ts'
import { type Genesis, parseGenesis } from '../chain/genesis/genesis.ts'
import { sampleGenesisText } from '../chain/genesis/sample-genesis.ts'
import { createSigningKey } from '../signer/key-file.ts'
import { openSignedRecord } from '../signer/signed-record.ts'
import { createAdminToken } from '../config/admin-token.ts'
import { KEY_DIR_FILES } from '../config/config-checks.ts'
import { type InitPlan } from './init-plan.ts'
import { type PeerIdentity } from '../config/start-inputs.ts'

/** What init needs of net/ and state/. */
export interface InitDeps {
  readonly clock: Pick<Clock, 'nowMs'>
  /** Writes a new peer key, mode 600, over nothing. */
  readonly createPeerKey: (path: string) => Promise<PeerIdentity>
  readonly genesisHash: (genesis: Genesis) => Promise<Hex>
}

/** What was made. */
export interface InitResult {
  readonly peerId: string
  /** Where peers find it, on the same machine when it listens on every address. */
  readonly multiaddr: string
  /** Signs blocks; undefined for a backup. */
  readonly signer: Hex | undefined
  readonly chainId: bigint
  readonly genesisHash: Hex
  readonly configFile: string
  readonly genesisFile: string
  /** What a backup's init has to be told beside the genesis file, which does not say it. */
  readonly backupFlags: readonly string[]
}

/** Ten accounts of the well-known mnemonic "test test … junk": anybody can spend what they hold. */
const TEST_ACCOUNTS: readonly Hex[] = [
  '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
  '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
  '0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc',
  '0x976ea74026e726554db657fa54763abd0c3a0aa9',
  '0x14dc79964da2c08b23698b3d3cc7ca32193d9955',
  '0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f',
  '0xa0ee7a142d267c1f36714e4a8f75612f20a79720'
]

/** Writes what the plan says. When one thing cannot be written, what was written before it is removed again. */
export async function writeNode(plan: InitPlan, deps: InitDeps): Promise<InitResult> {
  const made: string[] = []
  try {
    for (const directory of [plan.keyDir, plan.dataDir]) {
      const first = await makeDirectory(directory, 0o700)
      if (first !== undefined) made.push(first)
    }
    return await writeFiles(plan, deps, made)
  } catch (thrown) {
    for (const path of made.reverse()) await rm(path, { recursive: true, force: true })
    throw thrown
  }
}

/** The config comes last: where it is, everything it names is. What was made is noted once it is there. */
async function writeFiles(plan: InitPlan, deps: InitDeps, made: string[]): Promise<InitResult> {
  const paths = pathsIn(plan.keyDir)
  const { peerId } = await deps.createPeerKey(paths.peerKey)
  made.push(paths.peerKey)
  const signer = plan.role === 'sequencer' ? await makeSigner(plan, paths, made) : undefined
  const text = plan.genesis?.text ?? sampleText(plan, signer?.address, deps.clock)
  const genesis = plan.genesis?.parsed ?? parseGenesis(text)
  await writeNewFile(paths.genesis, text, 0o644)
  made.push(paths.genesis)
  const genesisHash = await deps.genesisHash(genesis)
  const { chainId } = genesis.config
  await createAdminToken(paths.adminToken)
  made.push(paths.adminToken)
  if (signer !== undefined && plan.settings.signedRecord !== 'off') {
    const binding = { chainId, genesisHash, signer: signer.address }
    const record = await openSignedRecord(paths.signedRecord, binding)
    await record.create().finally(() => record.close())
    made.push(paths.signedRecord)
  }
  await writeNewFile(paths.config, configText(plan, paths, signer), 0o600)
  const multiaddr = `${localAddress(plan.address)}/p2p/${peerId}`
  const { config: configFile, genesis: genesisFile } = paths
  const address = signer?.address
  const backupFlags = flagsForBackups(plan, address)
  const identity = { peerId, multiaddr, signer: address, chainId, genesisHash }
  return { ...identity, configFile, genesisFile, backupFlags }
}

function flagsForBackups(
  { settings: { blockTimeMs, signers }, isOwnSigner }: InitPlan,
  address: Hex | undefined
): readonly string[] {
  const named = signers?.map((one) => (one.fromBlock > 0 ? `${one.fromBlock}:` : '') + one.address)
  const all = named ?? (isOwnSigner && address !== undefined ? [address] : [])
  return [
    ...all.flatMap((one) => ['--signer', one]),
    ...(blockTimeMs === undefined ? [] : ['--block-time', String(blockTimeMs)])
  ]
}

/** Every address of a machine is none that can be dialled; loopback is one of them. */
function localAddress(listen: string): string {
  return listen
    .replace(/^\/ip4\/0\.0\.0\.0\//, '/ip4/127.0.0.1/')
    .replace(/^\/ip6\/::\//, '/ip6/::1/')
}

interface NodeSigner {
  readonly keyFile: string
  readonly address: Hex
}

type KeyDirPaths = Readonly<Record<keyof typeof KEY_DIR_FILES, string>>

function pathsIn(keyDir: string): KeyDirPaths {
  const entries = Object.entries(KEY_DIR_FILES).map(([name, file]) => [name, join(keyDir, file)])
  return Object.fromEntries(entries) as KeyDirPaths
}

async function makeSigner(plan: InitPlan, paths: KeyDirPaths, made: string[]): Promise<NodeSigner> {
  if (plan.signer !== undefined) return plan.signer
  const { address } = await createSigningKey(paths.sequencerKey)
  made.push(paths.sequencerKey)
  return { keyFile: paths.sequencerKey, address }
}

function sampleText(
  { sample }: InitPlan,
  signer: Hex | undefined,
  clock: Pick<Clock, 'nowMs'>
): string {
  if (signer === undefined) throw new Error('a backup has no sample genesis')
  const timestamp = Math.floor(clock.nowMs() / 1000)
  return sampleGenesisText({ ...sample, signer, fundedAccounts: TEST_ACCOUNTS, timestamp })
}

/** Paths are relative to the file, so that all of it can be moved or mounted elsewhere. */
function configText(plan: InitPlan, paths: KeyDirPaths, signer: NodeSigner | undefined): string {
  const fromFile = (path: string) => relative(plan.keyDir, path)
  const signing =
    signer === undefined
      ? {}
      : {
          sequencerKeyFile: plan.signer === undefined ? fromFile(signer.keyFile) : signer.keyFile,
          signedRecordFile: fromFile(paths.signedRecord)
        }
  const config = {
    role: plan.role,
    dataDir: fromFile(plan.dataDir),
    genesisFile: fromFile(paths.genesis),
    peerKeyFile: fromFile(paths.peerKey),
    ...signing,
    adminTokenFile: fromFile(paths.adminToken),
    ...plan.settings,
    ...(plan.isOwnSigner && signer && { signers: [{ fromBlock: 0, address: signer.address }] })
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}
