// Entries of the chain database without which it cannot be opened, made again of what is left (src/chain/README.md, "Damage").
import { bytesToHex, type Hex, hexToBytes } from '../../base/bytes.ts'
import { type Log } from '../../base/log.ts'
import { createYielder } from '../../base/yielder.ts'
import { type BatchOperation, type KeyValueStore } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, numberKey, numberOfKey, soleKey } from '../../store/keys.ts'
import { type Block, type BlockRef, toRef } from '../blocks/block.ts'
import { decodeHeader } from '../blocks/header.ts'
import { rebuildAccepted } from './accepted-rebuild.ts'
import { setAsideOperations } from './accepted-store.ts'
import { BlockReader, blockOperations } from './block-reader.ts'
import { readCanonical, receiptsOperation } from './canonical-entries.ts'
import { type ChainEntry, openEntry, putEntry, readEntry, unlessDamaged } from './chain-entry.ts'
import { indexTransactions } from './repair-entries.ts'

/** Entries of a kind that are mended at a start; more of them are no single faults, and are left to a repair. */
const MENDED_MAX = 65_536
/** The newest heights whose accepted blocks are looked at: those that recovery and its peers ask for. */
const ACCEPTED_LOOKED_AT = 8_192
const NUMBER_KEY_BYTES = 9
const HASH_KEY_BYTES = 33

/** What mending needs. */
export interface ChainMendingDeps {
  readonly store: KeyValueStore
  readonly genesis: Block
  readonly log: Log
}

/** How the chain stands before it is mended. */
export interface ChainLoss {
  /** What was found, one line each; empty for a chain that needs nothing. */
  readonly found: readonly string[]
  /** Makes it again. The loss has to be noted before: afterwards nothing tells of it. Throws StoreError. */
  readonly mend: () => Promise<void>
}

/**
 * Looks at what an open reads: genesis, head, newest accepted blocks, conflicts, named values. `isRepaired`: tables were
 * lost, so that an older value may stand where a newer one was; then all of it is held against the blocks. Blocks themselves
 * come back by `src/sync/holes/`. Throws StoreError.
 */
export async function findChainLoss(
  deps: ChainMendingDeps,
  { isRepaired }: { readonly isRepaired: boolean }
): Promise<ChainLoss> {
  const { store, genesis, log } = deps
  const reader = new BlockReader(store)
  const found: string[] = []
  const operations: BatchOperation[] = []
  const note = (what: string, made: readonly BatchOperation[]) => {
    found.push(what)
    operations.push(...made)
  }
  if (isRepaired) note('files of the database were damaged', [])
  const isBegun = await mendGenesis(deps, reader, note)
  if (isBegun) await mendHead(deps, { reader, isRepaired }, note)
  for (const { key, problem } of await damagedKeys(store, 'contested')) {
    const isHeight = key.length === NUMBER_KEY_BYTES
    note(`contested ${problem}`, [isHeight ? putEntry(key, new Uint8Array()) : del(key)])
  }
  for (const { key, problem } of await damagedKeys(store, 'setAside')) {
    const hash = bytesToHex(key.subarray(1))
    const isHash = key.length === HASH_KEY_BYTES
    note(`setAside ${problem}`, [
      del(key),
      ...(isHash ? setAsideOperations([hash], 'given-up') : [])
    ])
  }
  for (const { key, problem } of await damagedKeys(store, 'named')) {
    note(`named ${Buffer.from(key.subarray(1)).toString('latin1')} ${problem}`, [])
  }
  const isIndexLost = await isNewestAcceptedDamaged(store)
  if (isIndexLost) note('accepted: an entry fails its check', [])
  return {
    found,
    async mend() {
      for (const problem of found) log.warn('chain-mended', { problem })
      if (isBegun && (isRepaired || isIndexLost)) await rebuildAccepted(store, genesis)
      // What notes the loss is one of them, and may be whole by now.
      const named = (await damagedKeys(store, 'named')).map(({ key }) => del(key))
      await store.batch([...operations, ...named], { sync: true })
      if (isBegun && isRepaired) await indexTransactions({ store, genesis })
    }
  }
}

type Note = (what: string, made: readonly BatchOperation[]) => void

/** False for a database in which nothing of a chain is. A chain that nothing proves to be of this genesis stays as it is. */
async function mendGenesis(
  { store, genesis }: ChainMendingDeps,
  reader: BlockReader,
  note: Note
): Promise<boolean> {
  const pointer = unlessDamaged(() => readCanonical(store, 0n))
  const isThere = unlessDamaged(() => reader.block(genesis.hash)) !== undefined
  if (pointer !== undefined && pointer !== genesis.hash) return false // another chain's: the open says so
  if (pointer !== undefined && isThere) return true
  const isOurs = pointer !== undefined || isThere || (await hasChildOf(store, genesis.hash))
  if (!isOurs) return false
  note('genesis is damaged', [
    ...blockOperations(genesis),
    receiptsOperation(genesis, []),
    putEntry(numberKey(CHAIN_PREFIX.canonical, 0n), hexToBytes(genesis.hash))
  ])
  return true
}

/** True when a stored header of height 1 names the genesis. */
async function hasChildOf(store: KeyValueStore, genesisHash: Hex): Promise<boolean> {
  const yielder = createYielder()
  for await (const [key, value] of store.iterate(rangeOf('header'))) {
    const header = unlessDamaged(() => decodeHeader(openEntry('header', key, value)))
    if (header?.number === 1n && bytesToHex(header.parentHash) === genesisHash) return true
    await yielder.maybeYield()
  }
  return false
}

/** The highest block that is whole and that a pointer names. One below the head that was is a loss, and told as one. */
async function mendHead(
  { store, genesis }: ChainMendingDeps,
  { reader, isRepaired }: { readonly reader: BlockReader; readonly isRepaired: boolean },
  note: Note
): Promise<void> {
  const key = soleKey(CHAIN_PREFIX.head)
  const body = unlessDamaged(() => readEntry(store, 'head', key))
  const pointer = body && bytesToHex(body)
  const head = pointer === undefined ? undefined : unlessDamaged(() => reader.block(pointer))
  if (head !== undefined && !isRepaired) return
  const highest = (await highestCanonical(store, reader)) ?? toRef(genesis)
  if (head !== undefined && head.number >= highest.number) return
  const { number, hash } = highest
  const was =
    pointer === undefined ? 'head is damaged' : `head ${pointer} is not the last whole block`
  note(`${was}; it is ${number.toString()} now`, [
    putEntry(key, hexToBytes(hash)),
    putEntry(numberKey(CHAIN_PREFIX.canonical, number), hexToBytes(hash))
  ])
}

async function highestCanonical(
  store: KeyValueStore,
  reader: BlockReader
): Promise<BlockRef | undefined> {
  const yielder = createYielder()
  for await (const [key, value] of store.iterate({ ...rangeOf('canonical'), reverse: true })) {
    await yielder.maybeYield()
    const hash = unlessDamaged(() => bytesToHex(openEntry('canonical', key, value)))
    const block = hash && unlessDamaged(() => reader.block(hash))
    if (block?.number !== (key.length === NUMBER_KEY_BYTES ? numberOfKey(key) : -1n)) continue
    // One that an operator took back: its pointer was deleted, and stands there again.
    if (unlessDamaged(() => readEntry(store, 'setAside', asideKey(block.hash))) !== undefined)
      continue
    return toRef(block)
  }
  return undefined
}

/** The newest entry decides what is the highest block; one that fails its check takes no further block of its height. */
async function isNewestAcceptedDamaged(store: KeyValueStore): Promise<boolean> {
  for await (const [key, value] of store.iterate({
    ...rangeOf('accepted'),
    reverse: true,
    limit: ACCEPTED_LOOKED_AT
  })) {
    if (unlessDamaged(() => openEntry('accepted', key, value)) === undefined) return true
  }
  return false
}

async function damagedKeys(
  store: KeyValueStore,
  entry: ChainEntry
): Promise<readonly { readonly key: Uint8Array; readonly problem: string }[]> {
  const damaged: { readonly key: Uint8Array; readonly problem: string }[] = []
  for await (const [key, value] of store.iterate({ ...rangeOf(entry), limit: MENDED_MAX })) {
    if (unlessDamaged(() => openEntry(entry, key, value)) !== undefined) continue
    damaged.push({ key: Uint8Array.from(key), problem: `${bytesToHex(key)} fails its check` })
  }
  return damaged
}

function rangeOf(entry: ChainEntry) {
  const prefix = CHAIN_PREFIX[entry]
  return { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
}

function asideKey(hash: Hex): Uint8Array {
  return Uint8Array.of(CHAIN_PREFIX.setAside, ...hexToBytes(hash))
}

function del(key: Uint8Array): BatchOperation {
  return { type: 'del', key }
}
