// Takes out of a chain database what a damaged log swallows: the batches of single blocks.
import { bytesToHex } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { type Block } from '../../src/chain/blocks/block.ts'
import { type KeyValueStore } from '../../src/store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey } from '../../src/store/keys.ts'

/** The parts of a stored block that batches of their own write. */
export type Lost = 'all' | 'accepted' | 'persisted' | 'pointer' | 'receipts' | 'content'

/** Deletes the entries of one block. */
export async function loseBlock(
  store: KeyValueStore,
  block: Block,
  what: Lost = 'all'
): Promise<void> {
  const { number, hash, transactions } = block
  const content = hashKey(CHAIN_PREFIX.content, hash)
  const header = hashKey(CHAIN_PREFIX.header, hash)
  const accepted = [header, content, numberKey(CHAIN_PREFIX.accepted, number)]
  const pointer = numberKey(CHAIN_PREFIX.canonical, number)
  const receipts = hashKey(CHAIN_PREFIX.receipts, hash)
  const persisted = [
    pointer,
    receipts,
    numberKey(CHAIN_PREFIX.diff, number),
    ...transactions.map((raw) => hashKey(CHAIN_PREFIX.transaction, bytesToHex(keccak256(raw))))
  ]
  const keys = {
    all: [...accepted, ...persisted],
    accepted,
    persisted,
    pointer: [pointer],
    receipts: [receipts],
    content: [content]
  }[what]
  await store.batch(
    keys.map((key) => ({ type: 'del' as const, key })),
    { sync: true }
  )
}
