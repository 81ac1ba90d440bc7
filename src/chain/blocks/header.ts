// The block header in RLP and its hash (protocols/block-message, BM-12).
import { RLP } from '@ethereumjs/rlp'
import { type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { bigintToBytes, bytesToBigint, bytesToHex, type Hex, hexToBytes } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { errorMessage } from '../../base/node-error.ts'
import { type Block, type BlockHeader } from './block.ts'
import { ChainError } from './chain-error.ts'
import { findShapeFault, type RlpShape } from '../../trie/rlp-shape.ts'

/** keccak-256 of the RLP of the empty list. */
export const EMPTY_OMMERS_HASH: Uint8Array = keccak256(Uint8Array.of(0xc0))

/** That of every block after the merge (EIP-3675). */
export const EMPTY_NONCE: Uint8Array = new Uint8Array(8)

/** sha-256 of nothing: requestsHash of a block without requests (EIP-7685). */
export const EMPTY_REQUESTS_HASH: Uint8Array = hexToBytes(
  '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
)

/** keccak-256 of 0x4200…0016, whose storage root is a header field since Isthmus (OP Stack, L2ToL1MessagePasser). */
export const MESSAGE_PASSER_HASH: Uint8Array = keccak256(
  hexToBytes('0x4200000000000000000000000000000000000016')
)

/** One list of at most 21 fields, some of which take 32 bytes and more. */
const SHAPE: RlpShape = { depthMax: 1, bytesPerItemMin: 32 }

/** Fields of a header by topic version. */
const FIELD_COUNT: Readonly<Record<TopicVersion, number>> = { 0: 16, 1: 17, 2: 20, 3: 21 }

/** The layout that a header's fields are those of. */
export function headerVersion(header: BlockHeader): TopicVersion {
  if (header.requestsHash !== undefined) return 3
  if (header.parentBeaconBlockRoot !== undefined) return 2
  return header.withdrawalsRoot === undefined ? 0 : 1
}

/** The header in RLP. Throws ChainError `header-malformed` when a field of its layout is missing. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const { withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot, requestsHash } =
    header
  const tail = [
    withdrawalsRoot,
    blobGasUsed === undefined ? undefined : bigintToBytes(blobGasUsed),
    excessBlobGas === undefined ? undefined : bigintToBytes(excessBlobGas),
    parentBeaconBlockRoot,
    requestsHash
  ].filter((field) => field !== undefined)
  const fields = [
    header.parentHash,
    header.ommersHash,
    header.feeRecipient,
    header.stateRoot,
    header.transactionsRoot,
    header.receiptsRoot,
    header.logsBloom,
    bigintToBytes(header.difficulty),
    bigintToBytes(header.number),
    bigintToBytes(header.gasLimit),
    bigintToBytes(header.gasUsed),
    bigintToBytes(header.timestamp),
    header.extraData,
    header.prevRandao,
    header.nonce,
    bigintToBytes(header.baseFeePerGas),
    ...tail
  ]
  if (fields.length !== FIELD_COUNT[headerVersion(header)]) {
    throw new ChainError({ code: 'header-malformed', reason: `${fields.length} fields` })
  }
  return RLP.encode(fields)
}

/** The block hash. */
export function headerHash(header: BlockHeader): Hex {
  return bytesToHex(keccak256(encodeHeader(header)))
}

/** Byte fields are views of `bytes`. Throws ChainError `header-malformed`. */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  const reader = new FieldReader(bytes)
  const header: BlockHeader = {
    parentHash: reader.bytes(32),
    ommersHash: reader.bytes(32),
    feeRecipient: reader.bytes(20),
    stateRoot: reader.bytes(32),
    transactionsRoot: reader.bytes(32),
    receiptsRoot: reader.bytes(32),
    logsBloom: reader.bytes(256),
    difficulty: reader.integer(),
    number: reader.integer(),
    gasLimit: reader.integer(),
    gasUsed: reader.integer(),
    timestamp: reader.integer(),
    extraData: reader.bytes(),
    prevRandao: reader.bytes(32),
    nonce: reader.bytes(8),
    baseFeePerGas: reader.integer(),
    ...(reader.hasMore && { withdrawalsRoot: reader.bytes(32) }),
    ...(reader.hasMore && {
      blobGasUsed: reader.integer(),
      excessBlobGas: reader.integer(),
      parentBeaconBlockRoot: reader.bytes(32)
    }),
    ...(reader.hasMore && { requestsHash: reader.bytes(32) })
  }
  if (reader.hasMore) throw malformed('too many fields')
  return header
}

/** A header with its transactions, hashed. */
export function toBlock(header: BlockHeader, transactions: readonly Uint8Array[]): Block {
  return {
    number: header.number,
    hash: headerHash(header),
    parentHash: bytesToHex(header.parentHash),
    stateRoot: bytesToHex(header.stateRoot),
    header,
    transactions
  }
}

/** Takes one field of a list after the other. */
class FieldReader {
  readonly #fields: readonly unknown[]
  #at = 0

  constructor(bytes: Uint8Array) {
    const fault = findShapeFault(bytes, SHAPE)
    if (fault !== undefined) throw malformed(fault)
    let fields: unknown
    try {
      fields = RLP.decode(bytes)
    } catch (thrown) {
      throw malformed(errorMessage(thrown), thrown)
    }
    if (!Array.isArray(fields)) throw malformed('not a list')
    this.#fields = fields
  }

  get hasMore(): boolean {
    return this.#at < this.#fields.length
  }

  bytes(lengthBytes?: number): Uint8Array {
    const field = this.#fields[this.#at]
    if (!(field instanceof Uint8Array) || (lengthBytes ?? field.length) !== field.length) {
      throw malformed(`field ${this.#at} is not what it must be`)
    }
    this.#at++
    return field
  }

  integer(): bigint {
    return bytesToBigint(this.bytes())
  }
}

function malformed(reason: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'header-malformed', reason }, { cause })
}
