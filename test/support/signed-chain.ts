// Signed blocks that link, without a state behind them: for stores, verification and transfer.
import {
  encodeSignedPart,
  joinSignature,
  signingHash
} from '../../protocols/block-message/codec.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { privateKeyToAddress, signDigest } from '../../src/base/secp256k1.ts'
import { nextBaseFee } from '../../src/chain/blocks/base-fee.ts'
import { type Block, type BlockHeader, type SignedBlock } from '../../src/chain/blocks/block.ts'
import { genesisBlock } from '../../src/chain/genesis/genesis-block.ts'
import { type Genesis, parseGenesis } from '../../src/chain/genesis/genesis.ts'
import { toBlock } from '../../src/chain/blocks/header.ts'
import { blockToMessage } from '../../src/chain/blocks/payload.ts'
import {
  blockBloom,
  logsBloom,
  type Receipt,
  receiptsRoot
} from '../../src/chain/blocks/receipt.ts'
import { sampleGenesisText } from '../../src/chain/genesis/sample-genesis.ts'
import { orderedRoot } from '../../src/trie/ordered-root.ts'
import { EMPTY_ROOT } from '../../src/trie/trie.ts'

/** The chain of every block below. */
export const TEST_CHAIN_ID = 901n

/** The sequencer's key. */
export const TEST_KEY: Uint8Array = keccak256(Uint8Array.of(1))

/** A key that no schedule names. */
export const OTHER_KEY: Uint8Array = keccak256(Uint8Array.of(2))

/** The address that the sample schedule names. */
export const TEST_SIGNER: Hex = privateKeyToAddress(TEST_KEY)

/** What a block is made of; everything has a default. */
export interface ChildOptions {
  /** Distinguishes two children of one parent. */
  readonly salt?: number
  readonly transactionsCount?: number
  readonly key?: Uint8Array
  readonly header?: Partial<BlockHeader>
}

/** The sample genesis at a fixed time, one block a second. */
export function testGenesis({ timestamp = 1_700_000_000 } = {}): Genesis {
  const text = sampleGenesisText({
    chainId: Number(TEST_CHAIN_ID),
    signer: TEST_SIGNER,
    fundedAccounts: [],
    timestamp,
    blockTimeMs: 1000
  })
  return parseGenesis(text)
}

/** Its block, on a state root of no state. */
export function testGenesisBlock(options: { readonly timestamp?: number } = {}): Block {
  const stateRoot = bytesToHex(keccak256(Uint8Array.of(0)))
  return genesisBlock(testGenesis(options), { stateRoot, messagePasserRoot: EMPTY_ROOT })
}

/** Transactions of no meaning, all different, in the envelope of type 2. */
export function testTransactions(number: bigint, salt: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const seed = Uint8Array.from(Buffer.from(`${number}/${salt}/${index}`))
    return Uint8Array.of(2, ...keccak256(seed), ...new Uint8Array(70).fill(index))
  })
}

/** A receipt with a log for each transaction of the block. */
export function testReceipts({ transactions }: Pick<Block, 'transactions'>): Receipt[] {
  return transactions.map((raw, index) => {
    const logs = [
      { address: raw.slice(1, 21), topics: [raw.slice(1, 33)], data: Uint8Array.of(index) }
    ]
    const status = index % 3 === 0 ? 0 : 1
    const cumulativeGasUsed = 21_000n * BigInt(index + 1)
    return { type: 2, status, cumulativeGasUsed, logsBloom: logsBloom(logs), logs }
  })
}

/** A child that keeps every rule but those of the state. */
export function childBlock(parent: Block, options: Omit<ChildOptions, 'key'> = {}): Block {
  const { salt = 0, transactionsCount = 0, header = {} } = options
  const number = parent.number + 1n
  const transactions = testTransactions(number, salt, transactionsCount)
  const receipts = testReceipts({ transactions })
  return toBlock(
    {
      ...parent.header,
      parentHash: hexToBytes(parent.hash),
      number,
      timestamp: parent.header.timestamp + 1n,
      stateRoot: keccak256(Uint8Array.from(Buffer.from(`${number}/${salt}`))),
      transactionsRoot: orderedRoot(transactions),
      receiptsRoot: receiptsRoot(receipts),
      logsBloom: blockBloom(receipts),
      gasUsed: receipts.at(-1)?.cumulativeGasUsed ?? 0n,
      baseFeePerGas: nextBaseFee(parent.header),
      nonce: new Uint8Array(8),
      ...header
    },
    transactions
  )
}

/** The block with its message, signed. */
export function signBlock(block: Block, key: Uint8Array = TEST_KEY): SignedBlock {
  const unsigned = blockToMessage(block)
  const signed = encodeSignedPart(unsigned)
  const digest = signingHash(keccak256, TEST_CHAIN_ID, signed)
  const { compact, recovery } = signDigest(digest, key)
  const message = joinSignature(Uint8Array.of(...compact, recovery), signed)
  return { ...block, version: unsigned.version, message, signer: privateKeyToAddress(key) }
}

/** A signed child. */
export function signChild(parent: Block, { key, ...options }: ChildOptions = {}): SignedBlock {
  return signBlock(childBlock(parent, options), key)
}

/** Signed blocks from the parent on, in ascending order. */
export function signChain(
  parent: Block,
  length: number,
  options: ChildOptions = {}
): SignedBlock[] {
  const blocks: SignedBlock[] = []
  for (let tip = parent; blocks.length < length; tip = blocks.at(-1) ?? parent) {
    blocks.push(signChild(tip, options))
  }
  return blocks
}
