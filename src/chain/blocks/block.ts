// Blocks as the node holds them: the header of Ethereum's 21 fields, and a verified block with its message.
import { type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { type Hex } from '../../base/bytes.ts'

/** A block by height and hash. */
export interface BlockRef {
  readonly number: bigint
  readonly hash: Hex
}

/** The block's place alone, without what else the value holds. */
export function toRef({ number, hash }: BlockRef): BlockRef {
  return { number, hash }
}

/** The header at V4 (Isthmus on the Prague rules), in Ethereum's order; earlier forks leave the tail undefined. */
export interface BlockHeader {
  readonly parentHash: Uint8Array
  readonly ommersHash: Uint8Array
  readonly feeRecipient: Uint8Array
  readonly stateRoot: Uint8Array
  readonly transactionsRoot: Uint8Array
  readonly receiptsRoot: Uint8Array
  readonly logsBloom: Uint8Array
  readonly difficulty: bigint
  readonly number: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Seconds. */
  readonly timestamp: bigint
  readonly extraData: Uint8Array
  readonly prevRandao: Uint8Array
  readonly nonce: Uint8Array
  readonly baseFeePerGas: bigint
  readonly withdrawalsRoot?: Uint8Array
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  readonly parentBeaconBlockRoot?: Uint8Array
  readonly requestsHash?: Uint8Array
}

/** A header with its transactions, each in its EIP-2718 envelope, hashed and ready to be linked. */
export interface Block {
  readonly number: bigint
  readonly hash: Hex
  readonly parentHash: Hex
  readonly stateRoot: Hex
  readonly header: BlockHeader
  readonly transactions: readonly Uint8Array[]
}

/** A block together with the message that carries its signature: verifiable on its own by anyone. */
export interface SignedBlock extends Block {
  readonly version: TopicVersion
  /** The uncompressed block message, signature first (protocols/block-message). */
  readonly message: Uint8Array
  /** Recovered from the signature. Whether the schedule names it for this height is a separate check. */
  readonly signer: Hex
}
