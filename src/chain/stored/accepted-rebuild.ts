// The index of accepted blocks made again of the blocks themselves: what it has lost of a conflict is evidence.
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { createYielder } from '../../base/yielder.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey, numberOfKey } from '../../store/keys.ts'
import { type BlockRef, toRef } from '../blocks/block.ts'
import { decodeContent } from '../blocks/block-content.ts'
import { decodeHeader } from '../blocks/header.ts'
import { addAcceptedOperations, contestedOperation, readAccepted } from './accepted-index.ts'
import { readCanonical } from './canonical-entries.ts'
import { openEntry, readEntry, unlessDamaged } from './chain-entry.ts'

/** Blocks that are put into the index in one batch. */
const BATCH_BLOCKS = 1_000

interface Unindexed extends BlockRef {
  readonly signer: Hex
}

/**
 * Puts every stored signed block into the index of its height, behind those that stand there: in which order they came is
 * not known any more, and the canonical one stands first. An entry that fails its check is begun anew. Throws StoreError.
 */
export async function rebuildAccepted(store: KeyValueStore, genesis: BlockRef): Promise<void> {
  await dropDamaged(store)
  const yielder = createYielder()
  let missing: Unindexed[] = []
  const write = async () => {
    const ordered = [...missing].sort((one, other) => rankOf(store, one) - rankOf(store, other))
    missing = []
    await store.batch(addAcceptedOperations(store, ordered), { sync: true })
  }
  const prefix = CHAIN_PREFIX.header
  for await (const [key, value] of store.iterate(rangeOf(prefix))) {
    await yielder.maybeYield()
    const header = unlessDamaged(() => decodeHeader(openEntry('header', key, value)))
    if (header === undefined) continue
    const ref = toRef({ number: header.number, hash: bytesToHex(key.subarray(1)) })
    if (ref.hash === genesis.hash) continue
    if (readAccepted(store, ref.number).some(({ hash }) => hash === ref.hash)) continue
    const contentKey = hashKey(CHAIN_PREFIX.content, ref.hash)
    const content = unlessDamaged(() => readEntry(store, 'content', contentKey))
    const signer = content && unlessDamaged(() => decodeContent(content))?.signer
    if (signer === undefined) continue
    missing.push({ ...ref, signer })
    if (missing.length >= BATCH_BLOCKS) await write()
  }
  if (missing.length > 0) await write()
  await markContested(store)
}

/** Conflicts whose mark was lost. */
async function markContested(store: KeyValueStore): Promise<void> {
  const yielder = createYielder()
  for await (const [key] of store.iterate(rangeOf(CHAIN_PREFIX.accepted))) {
    await yielder.maybeYield()
    const number = numberOfKey(key)
    const entries = readAccepted(store, number)
    if (entries.length < 2) continue
    if (store.get(numberKey(CHAIN_PREFIX.contested, number)) !== undefined) continue
    await store.batch([contestedOperation(number)], { sync: true })
  }
}

async function dropDamaged(store: KeyValueStore): Promise<void> {
  const operations: BatchOperation[] = []
  for await (const [key, value] of store.iterate(rangeOf(CHAIN_PREFIX.accepted))) {
    if (unlessDamaged(() => openEntry('accepted', key, value)) !== undefined) continue
    operations.push({ type: 'del', key: Uint8Array.from(key) })
  }
  await store.batch(operations, { sync: true })
}

/** The canonical one first. */
function rankOf(store: KeyValueStore, { number, hash }: BlockRef): number {
  return unlessDamaged(() => readCanonical(store, number)) === hash ? 0 : 1
}

function rangeOf(prefix: number) {
  return { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
}
