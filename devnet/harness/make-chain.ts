// A chain for the conformance suite: a genesis, the key that signs, the blocks as messages, and a stopped node that serves them.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { forkDigest } from '../../protocols/status/fork-digest.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { writeNewFile } from '../../src/base/new-file.ts'
import { type SignedBlock } from '../../src/chain/blocks/block.ts'
import { parseGenesis } from '../../src/chain/genesis/genesis.ts'
import { sampleGenesisText } from '../../src/chain/genesis/sample-genesis.ts'
import { type InitResult, writeNode } from '../../src/cli/init.ts'
import { planInit } from '../../src/cli/init-plan.ts'
import { type ConfigSources } from '../../src/config/config-layers.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../src/net/peer-address.ts'
import { createPeerKey } from '../../src/net/peer-key.ts'
import { computeGenesisBlock } from '../../src/node/open-stores.ts'
import { createSigningKey } from '../../src/signer/key-file.ts'
import { claimDirectory } from '../cluster/claim-directory.ts'
import { copyData } from '../cluster/directory-copies.ts'
import { loadAddresses, loadKeys } from '../load/accounts.ts'
import { createChainTransactions } from '../load/chain-transactions.ts'
import { buildBlocks } from './build-chain.ts'

/** What was made, as the command prints it. */
export interface MadeChain {
  readonly chainId: number
  readonly genesisHash: Hex
  readonly forkDigest: Hex
  readonly signer: Hex
  readonly head: { readonly number: number; readonly hash: Hex }
  readonly genesisFile: string
  readonly signerKeyFile: string
  readonly blocksFile: string
  /** The config of the node that serves the chain, and where it will listen, with its peer id. */
  readonly configFile: string
  readonly multiaddr: string
}

/** One entry of the file of blocks. */
export interface MadeBlock {
  readonly number: number
  readonly hash: Hex
  /** As protocols/block-message counts topic versions. */
  readonly version: number
  /** The signed message, not compressed. */
  readonly message: Hex
}

/** What the OP Stack's own devnet has too. */
const CHAIN_ID = 901
const BLOCK_TIME_MS = 1_000
/** More than any case asks for by number, and few enough to be read by eye. */
const BLOCKS_COUNT = 8
/** The last block was due so long ago: no block of the chain lies in the future of a clock that is late. */
const HEAD_AGE_SECONDS = 60
const SEED = 1
/** Others than the defaults, which the node under test may have. */
const SERVING = {
  listen: '/ip4/0.0.0.0/tcp/9422',
  rpc: '127.0.0.1:8645',
  metrics: '127.0.0.1:7400'
} as const

/** Makes it in a new directory. Throws UnusableDirectoryError, and what the parts of `rekindle init` throw. */
export async function makeChain(directory: string): Promise<MadeChain> {
  await claimDirectory(directory)
  const at = (name: string) => join(directory, name)
  const signerKeyFile = at('signer.key')
  const { address: signer } = await createSigningKey(signerKeyFile)
  const genesisFile = at('genesis.json')
  const ageSeconds = (BLOCKS_COUNT * BLOCK_TIME_MS) / 1_000 + HEAD_AGE_SECONDS
  const text = sampleGenesisText({
    chainId: CHAIN_ID,
    signer,
    fundedAccounts: loadAddresses(SEED),
    timestamp: Math.floor(systemClock.nowMs() / 1_000) - ageSeconds,
    blockTimeMs: BLOCK_TIME_MS
  })
  await writeNewFile(genesisFile, text, 0o644)
  const node = await initNode({ role: 'backup', dataDir: at('node'), genesisFile, ...SERVING })
  const { blocks, head } = await buildIn(directory, { genesisFile, signerKeyFile }, at('node'))
  const { genesisHash, configFile, multiaddr } = node
  const digest = forkDigest(keccak256, hexToBytes(genesisHash), parseGenesis(text).config.forks)
  const blocksFile = at('blocks.json')
  const content = { chainId: CHAIN_ID, genesisHash, signer, blocks }
  await writeNewFile(blocksFile, `${JSON.stringify(content, undefined, 2)}\n`, 0o644)
  const files = { genesisFile, signerKeyFile, blocksFile, configFile }
  const chain = { chainId: CHAIN_ID, genesisHash, forkDigest: bytesToHex(digest), signer }
  return { ...chain, head, ...files, multiaddr }
}

/** Builds as a sequencer of its own, of which the databases alone are kept: the node that serves them signs nothing. */
async function buildIn(
  directory: string,
  { genesisFile, signerKeyFile }: Pick<MadeChain, 'genesisFile' | 'signerKeyFile'>,
  servingDataDir: string
): Promise<{ readonly blocks: readonly MadeBlock[]; readonly head: MadeChain['head'] }> {
  const dataDir = join(directory, 'builder')
  const keyDir = `${dataDir}.keys`
  const flags = { role: 'sequencer', dataDir, genesisFile, quorum: 'none' } as const
  try {
    const { configFile } = await initNode(flags, signerKeyFile)
    const blocks: MadeBlock[] = []
    const head = await buildBlocks(configFile, {
      blocksCount: BLOCKS_COUNT,
      isStateKept: true,
      open: (_, chainId) => createChainTransactions(loadKeys(SEED), chainId),
      onBlock: (block) => void blocks.push(toMadeBlock(block))
    })
    await copyData(dataDir, servingDataDir)
    return { blocks, head }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
    await rm(keyDir, { recursive: true, force: true })
    await rm(`${signerKeyFile}.lock`, { recursive: true, force: true })
  }
}

async function initNode(
  flags: ConfigSources['flags'] & { readonly dataDir: string },
  sequencerKey?: string
): Promise<InitResult> {
  const initFlags = { keyDir: undefined, sequencerKey, chainId: undefined }
  const parsers = { parseAdvertised, parseListen, parsePeer }
  const plan = await planInit({ flags, cwd: process.cwd() }, initFlags, parsers)
  return writeNode(plan, {
    clock: systemClock,
    createPeerKey,
    genesisHash: async (genesis) => (await computeGenesisBlock(genesis)).hash
  })
}

function toMadeBlock({ number, hash, version, message }: SignedBlock): MadeBlock {
  return { number: Number(number), hash, version, message: bytesToHex(message) }
}
