// Builds chains offline, as fast as they execute: signed blocks in real stores, for benches and fixtures.
import { type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { privateKeyToAddress } from '../../src/base/secp256k1.ts'
import { type Block, type SignedBlock, toRef } from '../../src/chain/blocks/block.ts'
import { blockToMessage } from '../../src/chain/blocks/payload.ts'
import { encodeSignedPart } from '../../protocols/block-message/codec.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { parseAdvertised, parseListen, parsePeer } from '../../src/net/peer-address.ts'
import { readPeerKey } from '../../src/net/peer-key.ts'
import { type ChainParts, openChainParts } from '../../src/node/chain-parts.ts'
import { readStartInputs } from '../../src/config/start-inputs.ts'
import { type BlockSigner, createBlockSigner } from '../../src/signer/block-signer.ts'
import { openSigner } from '../../src/signer/open-signer.ts'
import { nextAttributes } from '../../src/sequencer/payload-attributes.ts'
import {
  type ClusterLayout,
  type LayoutOptions,
  SEQUENCER,
  writeLayout
} from '../cluster/cluster-layout.ts'
import { copyData } from '../cluster/directory-copies.ts'
import { loadKeys } from '../load/accounts.ts'
import { signTransfer } from '../load/sign-transfer.ts'

/** What the blocks are like. */
export interface ChainShape {
  readonly blocksCount: number
  readonly transactionsPerBlock: number
  /** Bytes of calldata in each transaction, none of them zero; 0 for plain transfers. */
  readonly calldataBytes: number
}

/** What extending a chain left on disk. */
export interface BuiltChain {
  readonly head: { readonly number: number; readonly hash: Hex }
  /** Messages of the blocks in sum. */
  readonly messageBytes: number
}

/** How the stores are left. */
export interface BuildOptions {
  /** Which accounts send: those that the layout with this seed funds. */
  readonly seed: number
  /** True: the state of the head is on disk. False: what a killed process leaves, the last layers lost. */
  readonly isStateKept: boolean
}

/** A layout whose genesis is old enough for the chain, and how many accounts its state has besides. */
export interface ChainLayoutOptions extends Omit<LayoutOptions, 'genesis'> {
  readonly shape: ChainShape
  readonly accountsCount: number
  /** Blocks that will be added later and must not lie in the future then. */
  readonly laterBlocks?: number
}

/** How long ago the last block was due, when the chain is built. */
const HEAD_AGE_SECONDS = 60

/** A cluster on disk whose nodes all hold the same chain; nothing of it runs. */
export async function buildChain(
  options: ChainLayoutOptions
): Promise<{ readonly layout: ClusterLayout; readonly built: BuiltChain }> {
  const { shape, accountsCount, blockTimeMs, seed, laterBlocks = 0 } = options
  const blocksCount = shape.blocksCount + laterBlocks
  const ageSeconds = Math.ceil((blocksCount * blockTimeMs) / 1_000) + HEAD_AGE_SECONDS
  const layout = await writeLayout({ ...options, genesis: { ageSeconds, accountsCount } })
  const sequencer = nodeOf(layout, SEQUENCER)
  const built = await extendChain(sequencer.configFile, shape, { seed, isStateKept: true })
  for (const { name, dataDir } of layout.nodes) {
    if (name !== SEQUENCER) await copyData(sequencer.dataDir, dataDir)
  }
  return { layout, built }
}

/** Builds on what the sequencer with this config has stored; it must not be running. */
export async function extendChain(
  configFile: string,
  { blocksCount, ...content }: ChainShape,
  { seed, isStateKept }: BuildOptions
): Promise<BuiltChain> {
  let messageBytes = 0
  const head = await buildBlocks(configFile, {
    blocksCount,
    isStateKept,
    open: (chain, chainId) => createSenders(chain, { seed, chainId, ...content }),
    onBlock: ({ message }) => {
      messageBytes += message.length
    }
  })
  return { head, messageBytes }
}

/** Blocks to build, and what is in them. */
export interface BlocksToBuild {
  readonly blocksCount: number
  readonly isStateKept: boolean
  /** What gives the transactions of one block after the other. */
  readonly open: (chain: ChainParts, chainId: bigint) => { readonly next: () => Uint8Array[] }
  /** Each block, once it is stored. */
  readonly onBlock: (block: SignedBlock) => void
  /** What a block may take; what its parent may, without. */
  readonly gasLimit?: bigint
}

/** Builds and signs blocks as the sequencer with this config, which must not be running. Resolves with its head. */
export async function buildBlocks(
  configFile: string,
  { blocksCount, isStateKept, open, onBlock, gasLimit }: BlocksToBuild
): Promise<BuiltChain['head']> {
  const sources = { configFile, flags: {}, strayArguments: [], env: {}, cwd: process.cwd() }
  const readers = { parseAdvertised, parseListen, parsePeer, readPeerKey }
  const inputs = await readStartInputs(sources, {}, readers)
  const { config, genesis } = inputs
  if (config.signer === undefined) throw new Error(`${configFile} is not a sequencer's`)
  const { chainId } = genesis.config
  const chain = await openChainParts(inputs, {
    clock: systemClock,
    log: silentLog,
    onStep: () => Promise.resolve()
  })
  try {
    const genesisHash = chain.stores.genesis.hash
    const signer = await openSigner(config.signer, { chainId, genesisHash })
    try {
      const { record } = signer
      if (record?.finding().kind !== 'good') await record?.adopt(toRef(chain.applier.head()))
      const blockSigner = createBlockSigner(signer, { chainId })
      const senders = open(chain, chainId)
      for (let count = 0; count < blocksCount; count++) {
        const block = await buildNext(chain, senders.next(), {
          feeRecipient: config.feeRecipient,
          gasLimit
        })
        const signed = await sign(blockSigner, block)
        await chain.applier.apply(signed)
        onBlock(signed)
      }
      const head = chain.applier.head()
      if (isStateKept) await chain.stores.state.flushAll(head.hash)
      return { number: Number(head.number), hash: head.hash }
    } finally {
      await signer.close()
    }
  } finally {
    await chain.stores.close()
  }
}

function nodeOf({ nodes }: ClusterLayout, name: string) {
  const found = nodes.find((node) => node.name === name)
  if (found === undefined) throw new Error(`there is no node ${name}`)
  return found
}

async function buildNext(
  { engine, applier, times }: ChainParts,
  transactions: readonly Uint8Array[],
  rules: { readonly feeRecipient: Hex; readonly gasLimit: bigint | undefined }
): Promise<Block> {
  const parent = applier.head()
  const { attributes } = nextAttributes(parent, 0, { times, ...rules })
  const started = await engine.forkchoiceUpdated(parent.hash, {
    ...attributes,
    transactions,
    noTxPool: true
  })
  if (started.kind !== 'valid' || started.payloadId === undefined) {
    throw new Error(`cannot build on block ${String(parent.number)}: ${started.kind}`)
  }
  const { block } = await engine.getPayload(started.payloadId)
  return block
}

async function sign(signer: BlockSigner, block: Block): Promise<SignedBlock> {
  const message = blockToMessage(block)
  const { number, hash } = block
  const { version } = message
  const unsigned = { number, hash, version, signed: encodeSignedPart(message) }
  const bytes = await signer.sign(unsigned, () => undefined)
  return { ...block, version, message: bytes, signer: signer.address }
}

/** Transfers in turn from each funded account, to recipients that are new each time. */
function createSenders(
  { stores, applier }: ChainParts,
  {
    seed,
    chainId,
    transactionsPerBlock,
    calldataBytes
  }: Omit<ChainShape, 'blocksCount'> & { readonly seed: number; readonly chainId: bigint }
) {
  const view = stores.state.view(applier.head().hash)
  if (view === undefined) throw new Error('the state of the head is not readable')
  const senders = loadKeys(seed).map((key) => {
    const address = hexToBytes(privateKeyToAddress(key))
    return { key, nonce: view.account(keccak256(address))?.nonce ?? 0n }
  })
  const data = new Uint8Array(calldataBytes).fill(1)
  return {
    next(): Uint8Array[] {
      return Array.from({ length: transactionsPerBlock }, (_, index) => {
        const sender = senders[index % senders.length]!
        const nonce = sender.nonce++
        const salt = Buffer.from(`${String(index % senders.length)}/${nonce.toString()}`)
        const to = keccak256(new Uint8Array(salt)).slice(12)
        return signTransfer({ chainId, nonce, to, data }, sender.key)
      })
    }
  }
}
