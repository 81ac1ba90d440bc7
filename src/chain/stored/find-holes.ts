// Heights up to the head whose block is not stored whole, each held against its child (src/chain/README.md, "Damage").
import { bytesToHex, type Hex } from '../../base/bytes.ts'
import { keccak256 } from '../../base/keccak.ts'
import { type KeyValueReader } from '../../store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey } from '../../store/keys.ts'
import { readAccepted } from './accepted-index.ts'
import { type Block } from '../blocks/block.ts'
import { isSigned } from '../blocks/block-content.ts'
import { BlockReader } from './block-reader.ts'
import { readCanonical } from './canonical-entries.ts'
import { readEntry, unlessDamaged } from './chain-entry.ts'

/** What of one canonical block is missing, damaged, or of another block. */
export interface Hole {
  readonly number: bigint
  /** The child's word, or else the stored pointer's; undefined when nothing tells which block it was. */
  readonly hash: Hex | undefined
  /** True when the child names it, and is itself named so up to the head: only then may a pointer be changed. */
  readonly isProven: boolean
  readonly lacksPointer: boolean
  readonly lacksBlock: boolean
  readonly lacksReceipts: boolean
  /** It is in no index, of accepted blocks or of transactions. */
  readonly lacksIndex: boolean
}

/** What is known of a height from above. */
export interface Expected {
  readonly hash: Hex
  /** False when a block is lost between it and the head. */
  readonly isProven: boolean
}

type HoleStore = Pick<KeyValueReader, 'get'>

/** BLOCKHASH reads so far below the block that is executed: these hashes have to be known before one is. */
export const BLOCK_HASHES_DEPTH = 256n

/** True where the pointer of a height is missing or damaged. */
export function isPointerLost(store: HoleStore, number: bigint): boolean {
  return unlessDamaged(() => readCanonical(store, number)) === undefined
}

/** One height; with the parent hash of its block, where that is there. */
export type HoleLook = (
  number: bigint,
  expected: Expected | undefined
) => { readonly hole: Hole | undefined; readonly parentHash: Hex | undefined }

/**
 * Reads with a cache of its own: what it looks at is not what the node works on. `oldestReceipts`: below it receipts may
 * be missing.
 */
export function createHoleLook(store: HoleStore, oldestReceipts: () => bigint): HoleLook {
  const reader = new BlockReader(store)
  return (number, expected) => {
    const pointer = unlessDamaged(() => readCanonical(store, number))
    const isProven = expected?.isProven === true
    const hash = isProven ? expected.hash : (pointer ?? expected?.hash)
    const found = hash && unlessDamaged(() => reader.block(hash))
    const block = found?.number === number ? found : undefined
    const hole = {
      number,
      // A pointer to a block of another height tells nothing.
      hash: found !== undefined && block === undefined ? undefined : hash,
      isProven,
      lacksPointer:
        pointer === undefined || pointer !== (expected?.hash ?? hash) || found !== block,
      lacksBlock: block === undefined,
      lacksReceipts:
        hash === undefined || (number >= oldestReceipts() && !hasReceipts(store, hash)),
      lacksIndex: block === undefined || !isIndexed(store, block)
    }
    const isWhole = !(hole.lacksPointer || hole.lacksBlock || hole.lacksReceipts || hole.lacksIndex)
    return { hole: isWhole ? undefined : hole, parentHash: block?.parentHash }
  }
}

function hasReceipts(store: HoleStore, hash: Hex): boolean {
  const key = hashKey(CHAIN_PREFIX.receipts, hash)
  return unlessDamaged(() => readEntry(store, 'receipts', key)) !== undefined
}

/** One batch writes a block's indexes: where the first of them is there, so are the others. */
function isIndexed(store: HoleStore, block: Block): boolean {
  const [first] = block.transactions
  if (first !== undefined) {
    const key = hashKey(CHAIN_PREFIX.transaction, bytesToHex(keccak256(first)))
    if (unlessDamaged(() => readEntry(store, 'transaction', key)) === undefined) return false
  }
  if (!isSigned(block)) return true
  // A damaged entry may hold others of that height, which are evidence: it is left as it is.
  const accepted = unlessDamaged(() => readAccepted(store, block.number))
  return accepted === undefined || accepted.some(({ hash }) => hash === block.hash)
}
