// Between the execution payload of a block message and the header that its hash is of (protocols/block-message, BM-12).
import {
  type BlockMessage,
  type ExecutionPayload,
  type UnsignedBlockMessage
} from '../../../protocols/block-message/codec.ts'
import { hexToBytes } from '../../base/bytes.ts'
import { orderedRoot } from '../../trie/ordered-root.ts'
import { EMPTY_ROOT } from '../../trie/trie.ts'
import { type Block, type BlockHeader } from './block.ts'
import { EMPTY_OMMERS_HASH, EMPTY_REQUESTS_HASH, headerVersion } from './header.ts'

const ZERO_NONCE = new Uint8Array(8)

/**
 * The header of a message whose fields keep the rules of its version: no withdrawals, the beacon root
 * where it belongs. Byte fields are those of the message. Throws TrieError for an empty transaction.
 */
export function messageToHeader(message: Omit<BlockMessage, 'signature'>): BlockHeader {
  const { version, payload, parentBeaconBlockRoot } = message
  return {
    parentHash: payload.parentHash,
    ommersHash: EMPTY_OMMERS_HASH,
    feeRecipient: payload.feeRecipient,
    stateRoot: payload.stateRoot,
    transactionsRoot: orderedRoot(payload.transactions),
    receiptsRoot: payload.receiptsRoot,
    logsBloom: payload.logsBloom,
    difficulty: 0n,
    number: payload.blockNumber,
    gasLimit: payload.gasLimit,
    gasUsed: payload.gasUsed,
    timestamp: payload.timestamp,
    extraData: payload.extraData,
    prevRandao: payload.prevRandao,
    nonce: ZERO_NONCE,
    baseFeePerGas: payload.baseFeePerGas,
    ...(version >= 1 && { withdrawalsRoot: payload.withdrawalsRoot ?? EMPTY_ROOT }),
    ...(payload.blobGasUsed !== undefined && { blobGasUsed: payload.blobGasUsed }),
    ...(payload.excessBlobGas !== undefined && { excessBlobGas: payload.excessBlobGas }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    ...(version >= 3 && { requestsHash: EMPTY_REQUESTS_HASH })
  }
}

/** What is to be signed for a block: the inverse of messageToHeader. */
export function blockToMessage({ header, hash, transactions }: Block): UnsignedBlockMessage {
  const version = headerVersion(header)
  const { withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot } = header
  const payload: ExecutionPayload = {
    parentHash: header.parentHash,
    feeRecipient: header.feeRecipient,
    stateRoot: header.stateRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: header.logsBloom,
    prevRandao: header.prevRandao,
    blockNumber: header.number,
    gasLimit: header.gasLimit,
    gasUsed: header.gasUsed,
    timestamp: header.timestamp,
    extraData: header.extraData,
    baseFeePerGas: header.baseFeePerGas,
    blockHash: hexToBytes(hash),
    transactions,
    ...(version >= 1 && { withdrawals: [] }),
    ...(blobGasUsed !== undefined && { blobGasUsed }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    ...(version >= 3 && withdrawalsRoot !== undefined && { withdrawalsRoot })
  }
  const root = parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }
  return { version, ...root, payload }
}
