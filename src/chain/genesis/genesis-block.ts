// The first block, which nobody signs: its header and hash, the same that op-geth gives for the same file.
import { type Hex, hexToBytes } from '../../base/bytes.ts'
import { EMPTY_ROOT } from '../../trie/trie.ts'
import { type Block } from '../blocks/block.ts'
import { type Genesis } from './genesis.ts'
import { EMPTY_OMMERS_HASH, EMPTY_REQUESTS_HASH, toBlock } from '../blocks/header.ts'

/** The account whose storage root is the withdrawalsRoot of a block (Isthmus, L2ToL1MessagePasser). */
export const MESSAGE_PASSER: Hex = '0x4200000000000000000000000000000000000016'

/** What only the state store knows of the accounts of the genesis. */
export interface GenesisRoots {
  readonly stateRoot: Hex
  /** 32 bytes: the storage root of MESSAGE_PASSER, that of the empty trie when it has no storage. */
  readonly messagePasserRoot: Uint8Array
}

/** The block at height 0; nobody signs it. */
export function genesisBlock(
  genesis: Genesis,
  { stateRoot, messagePasserRoot }: GenesisRoots
): Block {
  const header = {
    parentHash: new Uint8Array(32),
    ommersHash: EMPTY_OMMERS_HASH,
    feeRecipient: genesis.feeRecipient,
    stateRoot: hexToBytes(stateRoot, 32),
    transactionsRoot: EMPTY_ROOT,
    receiptsRoot: EMPTY_ROOT,
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number: 0n,
    gasLimit: genesis.gasLimit,
    gasUsed: 0n,
    timestamp: genesis.timestamp,
    extraData: genesis.extraData,
    prevRandao: genesis.prevRandao,
    nonce: genesis.nonce,
    baseFeePerGas: genesis.baseFeePerGas,
    withdrawalsRoot: messagePasserRoot,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: new Uint8Array(32),
    requestsHash: EMPTY_REQUESTS_HASH
  }
  return toBlock(header, [])
}
