// Chains of blocks of one size on disk, for the benches that move them from node to node.
import { bytesToHex, type Hex } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type Genesis } from '../../src/chain/genesis/genesis.ts'
import { type AllocEntry, executionGenesis } from '../support/execution-chain.ts'
import { signedTx } from '../support/execution-transactions.ts'
import { LevelChain } from './level-chain.ts'

/** A block of one transaction, without its calldata. */
const BLOCK_BYTES = 720
/** The state goes to disk at the end alone: until then no diff is deleted, however many blocks there are. */
const STATE_LIMITS = { writeBufferMaxBlocks: 10 ** 6, writeBufferMaxBytes: 2 ** 30 }
/** Of the calldata: each byte takes 40 (EIP-7623). */
const GAS_BASE = 22_000n
const GAS_PER_BYTE = 40n
/** Of a block: a megabyte of calldata fits in. */
const BLOCK_GAS_LIMIT = 60_000_000n

/** Of each so many accounts one is a slot of the contract instead. */
const ACCOUNTS_PER_SLOT = 5
const HOLDING_CONTRACT: Hex = '0x7070707070707070707070707070707070707070'

/** The genesis of such chains, with so many accounts, and a fifth as many slots of one contract; the same in every process. */
export function bulkGenesis(accountsCount = 0): Genesis {
  if (accountsCount === 0) return executionGenesis()
  const alloc: Record<Hex, AllocEntry> = {}
  const storage: Record<Hex, Hex> = {}
  for (let index = 0; index < accountsCount; index++) {
    const hash = keccak256(Buffer.from(`account ${String(index)}`))
    alloc[bytesToHex(hash.slice(12))] = { balance: bytesToHex(hash.slice(0, 8)) }
    if (index % ACCOUNTS_PER_SLOT === 0) storage[bytesToHex(hash)] = bytesToHex(hash)
  }
  // Its code does nothing: it stops.
  alloc[HOLDING_CONTRACT] = { nonce: '0x1', code: '0x00', storage }
  return executionGenesis(alloc)
}

/** How a chain is: its blocks, and what it begins with. */
export interface BulkShape {
  readonly blocksCount: number
  readonly blockBytes: number
  readonly accountsCount?: number
}

/** Extends the chain in the directory to `blocksCount` blocks of about `blockBytes`. State and diffs are there as in a node. */
export async function buildBulkChain(
  directory: string,
  { blocksCount, blockBytes, accountsCount }: BulkShape
): Promise<void> {
  const chain = await LevelChain.open(directory, bulkGenesis(accountsCount), STATE_LIMITS)
  const calldataBytes = blockBytes - BLOCK_BYTES
  const gasLimit = GAS_BASE + GAS_PER_BYTE * BigInt(calldataBytes)
  try {
    for (let number = Number(chain.applier.head().number); number < blocksCount; number++) {
      const seed = keccak256(Buffer.from(String(number)))
      const to = bytesToHex(seed.slice(12))
      const data = noise(seed, calldataBytes)
      const transaction = signedTx({ nonce: BigInt(number), to, value: 1n, data, gasLimit })
      await chain.build([transaction], BLOCK_GAS_LIMIT)
    }
    await chain.stores.state.flushAll(chain.applier.head().hash)
  } finally {
    await chain.close()
  }
}

/** Bytes that nothing compresses: a generator of Marsaglia's (xorshift). */
function noise(seed: Uint8Array, lengthBytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(lengthBytes / 4))
  let state = new DataView(seed.buffer, seed.byteOffset).getUint32(0) | 1
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return new Uint8Array(words.buffer, 0, lengthBytes)
}
