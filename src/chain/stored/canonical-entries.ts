// Entries of the chain database for a canonical block, beside the block itself: receipts, indexes, pointers.
import { bytesToHex, type Hex, hexToBytes } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey, soleKey } from '../../store/keys.ts'
import { type Block } from '../blocks/block.ts'
import { blockOperations, type BlockReader } from './block-reader.ts'
import { putEntry, readEntry, requireEntry } from './chain-entry.ts'
import { ChainError } from '../blocks/chain-error.ts'
import { encodeReceipts, type Receipt } from '../blocks/receipt.ts'

/** What begins a chain. */
export function genesisOperations(genesis: Block): readonly BatchOperation[] {
  const receipts = receiptsOperation(genesis, [])
  const canonical = [...canonicalOperations(genesis), headOperation(genesis)]
  return [...blockOperations(genesis), receipts, ...canonical]
}

/** The hash of the canonical block; undefined when none of that height was persisted. */
export function readCanonical(store: Pick<KeyValueStore, 'get'>, number: bigint): Hex | undefined {
  const body = readEntry(store, 'canonical', numberKey(CHAIN_PREFIX.canonical, number))
  return body && bytesToHex(body)
}

/** The stored head of a chain that was begun. Throws ChainError. */
export function readHead(store: Pick<KeyValueStore, 'get'>, reader: BlockReader): Block {
  const hash = bytesToHex(requireEntry(store, 'head', soleKey(CHAIN_PREFIX.head)))
  return requireBlock(reader, hash)
}

/** The receipts of a block, encoded or not. */
export function receiptsOperation(
  { hash }: Pick<Block, 'hash'>,
  receipts: readonly Receipt[] | Uint8Array
): BatchOperation {
  const body = receipts instanceof Uint8Array ? receipts : encodeReceipts(receipts)
  return putEntry(hashKey(CHAIN_PREFIX.receipts, hash), body)
}

/** What makes a block canonical: its indexes, and the pointer of its height. */
export function canonicalOperations(block: Block): readonly BatchOperation[] {
  const pointer = putEntry(numberKey(CHAIN_PREFIX.canonical, block.number), hexToBytes(block.hash))
  return [...indexOperations(block), pointer]
}

/** What makes a canonical block the head. */
export function headOperation({ hash }: Pick<Block, 'hash'>): BatchOperation {
  return putEntry(soleKey(CHAIN_PREFIX.head), hexToBytes(hash))
}

/** What the index has of a transaction: the height and the index of its place. */
export function encodeLocation(number: bigint, index: number): Uint8Array {
  const body = new Uint8Array(12)
  const view = new DataView(body.buffer)
  view.setBigUint64(0, number, false)
  view.setUint32(8, index, false)
  return body
}

/** Where the block's transactions stand. */
export function indexOperations({ number, transactions }: Block): readonly BatchOperation[] {
  return transactions.map((raw, index) => {
    const key = hashKey(CHAIN_PREFIX.transaction, bytesToHex(keccak256(raw)))
    return putEntry(key, encodeLocation(number, index))
  })
}

/** The block that a pointer names. Throws ChainError `entry-missing`. */
export function requireBlock(reader: BlockReader, hash: Hex): Block {
  const block = reader.block(hash)
  if (block !== undefined) return block
  const key = bytesToHex(hashKey(CHAIN_PREFIX.header, hash))
  throw new ChainError({ code: 'entry-missing', entry: 'header', key })
}
