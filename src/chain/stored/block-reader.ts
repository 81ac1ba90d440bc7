// Stored blocks by hash, whether canonical or only accepted, the latest of them from memory.
import { type VersionedMessage } from '../../../protocols/block-message/message-chunk.ts'
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { LruMap } from '../../base/lru.ts'
import { type BatchOperation, type KeyValueReader } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey } from '../../store/keys.ts'
import { type Block, type SignedBlock } from '../blocks/block.ts'
import {
  contentTransactions,
  decodeContent,
  encodeContent,
  isSigned
} from '../blocks/block-content.ts'
import { putEntry, readEntry, requireEntry } from './chain-entry.ts'
import { decodeHeader, encodeHeader } from '../blocks/header.ts'

/** Blocks kept in memory, and the longest message that is: 64 MiB in all. */
const CACHED_BLOCKS_MAX = 128
const CACHED_MESSAGE_MAX_BYTES = 512 * 1024

/** Reads and encodes blocks; their writer tells it afterwards. */
export class BlockReader {
  readonly #store: Pick<KeyValueReader, 'get'>
  readonly #cached = new LruMap<Hex, Block>(CACHED_BLOCKS_MAX)

  constructor(store: Pick<KeyValueReader, 'get'>) {
    this.#store = store
  }

  /** A SignedBlock where the signature is stored. Throws ChainError when what is there is not whole. */
  block(hash: Hex): Block | undefined {
    const cached = this.#cached.get(hash)
    if (cached !== undefined) return cached
    const headerBytes = readEntry(this.#store, 'header', hashKey(CHAIN_PREFIX.header, hash))
    if (headerBytes === undefined) return undefined
    const block = this.#load(hash, headerBytes)
    this.remember(block)
    return block
  }

  /** The block, if its signature is stored. */
  signedBlock(hash: Hex): SignedBlock | undefined {
    const block = this.block(hash)
    return block !== undefined && isSigned(block) ? block : undefined
  }

  /** The signed message, not decoded; undefined for genesis and for a block without a signature. */
  message(hash: Hex): VersionedMessage | undefined {
    const cached = this.#cached.get(hash)
    if (cached !== undefined && isSigned(cached)) {
      return { version: cached.version, message: cached.message }
    }
    const body = readEntry(this.#store, 'content', hashKey(CHAIN_PREFIX.content, hash))
    const content = body && decodeContent(body)
    if (content?.signer === undefined) return undefined
    return { version: content.version, message: content.message }
  }

  /** A block that is on disk now. */
  remember(block: Block): void {
    const isSmall = !isSigned(block) || block.message.length <= CACHED_MESSAGE_MAX_BYTES
    if (isSmall) this.#cached.set(block.hash, block)
    else this.#cached.delete(block.hash)
  }

  #load(hash: Hex, headerBytes: Uint8Array): Block {
    const header = decodeHeader(headerBytes)
    const ref = {
      number: header.number,
      hash,
      parentHash: bytesToHex(header.parentHash),
      stateRoot: bytesToHex(header.stateRoot),
      header
    }
    // Genesis has no message: nobody sends it.
    if (header.number === 0n) return { ...ref, transactions: [] }
    const key = hashKey(CHAIN_PREFIX.content, hash)
    const content = decodeContent(requireEntry(this.#store, 'content', key))
    const block = { ...ref, transactions: contentTransactions(content) }
    const { version, signer, message } = content
    if (signer === undefined) return block
    const signed: SignedBlock = { ...block, version, signer, message }
    return signed
  }
}

/** What stores a block by its hash. */
export function blockOperations(block: Block): readonly BatchOperation[] {
  const header = putEntry(hashKey(CHAIN_PREFIX.header, block.hash), encodeHeader(block.header))
  if (block.number === 0n) return [header]
  return [header, putEntry(hashKey(CHAIN_PREFIX.content, block.hash), encodeContent(block))]
}
