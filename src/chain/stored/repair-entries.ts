// Entries of a chain database that no start reads, put right on purpose: indexes out of the blocks; a diff that is damaged goes.
import { bytesToHex } from '../../base/bytes.ts'
import { createYielder } from '../../base/yielder.ts'
import { openValue } from '../../store/checked-value.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, soleKey } from '../../store/keys.ts'
import { type Block } from '../blocks/block.ts'
import { decodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { readAccepted } from './accepted-index.ts'
import { rebuildAccepted } from './accepted-rebuild.ts'
import { BlockReader } from './block-reader.ts'
import { indexOperations, readCanonical, receiptsOperation } from './canonical-entries.ts'
import { openEntry, readEntry, unlessDamaged } from './chain-entry.ts'
import { readHistory } from './chain-history.ts'

/** What repairing needs. */
export interface EntryRepairDeps {
  readonly store: KeyValueStore
  readonly genesis: Block
  /** On disk when it resolves: what the index of accepted blocks has lost, nothing tells any more. */
  readonly noteLoss: () => Promise<void>
  /** Called after each block; the repair waits for it. */
  readonly onBlock: (number: bigint) => Promise<void>
}

/** Entries of one batch. */
const BATCH_MAX = 1_000

/** After the blocks themselves were put back. A diff is had again from peers, or made by executing. Throws StoreError. */
export async function repairEntries(deps: EntryRepairDeps): Promise<void> {
  const { store, genesis, noteLoss } = deps
  const writer = createWriter(store)
  // No peer is asked for those of the genesis.
  await writeUnlessThere(store, receiptsOperation(genesis, []), writer)
  const isAcceptedLost = (await repairBlocks(deps, writer)) || (await hasDamaged(store, 'accepted'))
  await dropDamaged(store, 'transaction', writer)
  await dropDamaged(store, 'diff', writer)
  await writer.end()
  if (!isAcceptedLost) return
  await noteLoss()
  await rebuildAccepted(store, genesis)
}

/**
 * The transactions of every canonical block that is stored are in their index. An entry that went with a table fails no
 * check: without this its transaction would be said not to be there. Throws StoreError.
 */
export async function indexTransactions({
  store,
  genesis
}: Pick<EntryRepairDeps, 'store' | 'genesis'>): Promise<void> {
  const yielder = createYielder()
  const writer = createWriter(store)
  await repairBlocks({ store, genesis, onBlock: async () => yielder.maybeYield() }, writer)
  await writer.end()
}

type Writer = ReturnType<typeof createWriter>

/** The transactions of every canonical block are in their index. True where a signed one is not among the accepted. */
async function repairBlocks(
  { store, genesis, onBlock }: Omit<EntryRepairDeps, 'noteLoss'>,
  writer: Writer
): Promise<boolean> {
  const reader = new BlockReader(store)
  const head = unlessDamaged(() => readEntry(store, 'head', soleKey(CHAIN_PREFIX.head)))
  const top = head && unlessDamaged(() => reader.block(bytesToHex(head)))
  let isAcceptedLost = false
  const { oldestBlock } = await readHistory(store)
  const lowest = oldestBlock > genesis.number ? oldestBlock : genesis.number + 1n
  for (let number = top?.number ?? 0n; number >= lowest; number--) {
    await onBlock(number)
    const hash = unlessDamaged(() => readCanonical(store, number))
    const block = hash && unlessDamaged(() => reader.block(hash))
    if (block === undefined) continue // a hole, which the audit tells of
    for (const operation of indexOperations(block)) {
      await writeUnlessThere(store, operation, writer)
    }
    const signed = unlessDamaged(() => reader.signedBlock(block.hash))
    const accepted = signed && unlessDamaged(() => readAccepted(store, number))
    const isIndexed = accepted?.some((one) => one.hash === block.hash) === true
    if (signed !== undefined && !isIndexed) isAcceptedLost = true
  }
  return isAcceptedLost
}

async function writeUnlessThere(
  store: KeyValueStore,
  operation: BatchOperation,
  writer: Writer
): Promise<void> {
  const value = unlessDamaged(() => store.get(operation.key))
  const isThere =
    operation.type === 'put' && value !== undefined && Buffer.compare(value, operation.value) === 0
  if (!isThere) await writer.write(operation)
}

async function hasDamaged(store: KeyValueStore, kind: 'accepted'): Promise<boolean> {
  const yielder = createYielder()
  for await (const [key, value] of store.iterate(rangeOf(kind))) {
    if (openValue(key, value) === undefined) return true
    await yielder.maybeYield()
  }
  return false
}

async function dropDamaged(
  store: KeyValueStore,
  kind: 'diff' | 'transaction',
  writer: Writer
): Promise<void> {
  await writer.end() // what was put right is not damaged any more
  const yielder = createYielder()
  const damaged: Uint8Array[] = []
  for await (const [key, value] of store.iterate(rangeOf(kind))) {
    await yielder.maybeYield()
    const isSound = isSoundEntry(kind, key, value)
    if (!isSound) damaged.push(Uint8Array.from(key))
  }
  for (const key of damaged) await writer.write({ type: 'del', key })
}

function isSoundEntry(kind: 'diff' | 'transaction', key: Uint8Array, value: Uint8Array): boolean {
  try {
    const body = openEntry(kind, key, value)
    if (kind === 'diff') decodeStateDiff(body)
    return true
  } catch {
    return false
  }
}

function rangeOf(kind: keyof typeof CHAIN_PREFIX) {
  const prefix = CHAIN_PREFIX[kind]
  return { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
}

function createWriter(store: KeyValueStore) {
  let operations: BatchOperation[] = []
  const end = async () => {
    const batch = operations
    operations = []
    if (batch.length > 0) await store.batch(batch, { sync: true })
  }
  const write = async (operation: BatchOperation) => {
    operations.push(operation)
    if (operations.length >= BATCH_MAX) await end()
  }
  return { write, end }
}
