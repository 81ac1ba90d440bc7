// Stored blocks that were lost below the head, joined to what brings them back: what is left here, the record, peers.
import { ApplyError } from '../apply/apply-error.ts'
import { receiptsOfDiff } from '../apply/diff-receipts.ts'
import { type Hex } from '../base/bytes.ts'
import { type Block, type BlockRef } from '../chain/blocks/block.ts'
import { BlockReader } from '../chain/stored/block-reader.ts'
import { unlessDamaged } from '../chain/stored/chain-entry.ts'
import { BLOCK_HASHES_DEPTH, createHoleLook, isPointerLost } from '../chain/stored/find-holes.ts'
import { type Receipt } from '../chain/blocks/receipt.ts'
import { MessageError } from '../chain/blocks/verify-message.ts'
import { type OpenSigner } from '../signer/open-signer.ts'
import { fetchDiffs } from '../sync/fetching/fetch-diffs.ts'
import { createHoleFiller, type HoleFiller, type HoleFillerDeps } from '../sync/holes/fill-holes.ts'
import { createHoleMender, type HoleMender } from '../sync/holes/mend-holes.ts'
import { OpenHoles } from '../sync/holes/open-holes.ts'
import { type VerifyMessage } from '../sync/protocols/asking.ts'
import { type ChainParts } from './chain-parts.ts'
import { type PeerRequests } from './peer-protocols.ts'

/** Where lost blocks are looked for, and what may still hold them here. */
export interface HoleMenderParts {
  readonly chain: ChainParts
  readonly signer: OpenSigner | undefined
  readonly verify: VerifyMessage
}

/**
 * Looks at what the next block and lost states stand on, and puts back what needs no peer, before it resolves: the
 * rest of the chain is looked at while the filler runs. Throws StoreError.
 */
export async function openHoleMender(parts: HoleMenderParts): Promise<HoleMender> {
  const { blocks, chainStore } = parts.chain.stores
  const reader = new BlockReader(chainStore)
  const stored = (hash: Hex) => unlessDamaged(() => reader.block(hash))
  const canonicalHash = (number: bigint) => unlessDamaged(() => blocks.canonicalHash(number))
  const head = blocks.head()
  const mender = createHoleMender({
    holes: new OpenHoles({
      look: createHoleLook(chainStore),
      head,
      parentHashAt: (number) => {
        const hash = canonicalHash(number)
        const block = hash && stored(hash)
        return block?.number === number ? block.parentHash : undefined
      }
    }),
    chain: {
      canonicalHash,
      putBack: (lost) => parts.chain.applier.putBack(lost),
      dropDamagedPointer: (number) => blocks.dropDamagedPointer(number)
    },
    local: {
      block: (ref) => stored(ref.hash) ?? recordedBlock(parts, ref),
      receipts: (block) => localReceipts(parts, block)
    }
  })
  await mender.searchDownTo(lowestNeeded(parts, head.number))
  return mender
}

/** What brings back the others. */
export function createNodeFiller({
  requests,
  peers,
  ...deps
}: Omit<HoleFillerDeps, 'receiptsOf' | 'fetchDiffs'> & {
  readonly requests: PeerRequests
  /** Who may be asked for diffs. */
  readonly peers: () => readonly string[]
}): HoleFiller {
  return createHoleFiller({
    ...deps,
    receiptsOf: receiptsOfDiff,
    fetchDiffs: (heights, take, signal) =>
      fetchDiffs(requests, { ...heights, peers: peers(), signal }, take)
  })
}

/** Down to here holes are looked for before anything else begins. */
function lowestNeeded({ chain: { stores } }: HoleMenderParts, head: bigint): bigint {
  const { blocks, accepted, state, chainStore } = stores
  const isReadable = state.isReadable(blocks.head().hash)
  const persisted = state.persistedPoint()?.number ?? 0n
  // Recovery compares the blocks of these heights with ours at once, at whatever depth.
  const contested = accepted.contestedHeights().filter((number) => {
    return number <= head && isPointerLost(chainStore, number)
  })
  const all = [head - BLOCK_HASHES_DEPTH, isReadable ? head : persisted + 1n, ...contested]
  const lowest = all.reduce((one, other) => (one < other ? one : other))
  return lowest < 1n ? 1n : lowest
}

/** The signed record keeps whole messages of the latest blocks. */
function recordedBlock(
  { signer, verify }: HoleMenderParts,
  { number, hash }: BlockRef
): Block | undefined {
  const recorded = signer?.record?.hashAt(number) === hash && signer.record.messageAt(number)
  if (!recorded) return undefined
  try {
    return verify(recorded)
  } catch (thrown) {
    if (thrown instanceof MessageError) return undefined // by another schedule: a peer's would be refused as well
    throw thrown
  }
}

/** Of a block without transactions, or out of its own diff. */
function localReceipts(
  { chain: { stores } }: HoleMenderParts,
  block: Block
): readonly Receipt[] | undefined {
  if (block.transactions.length === 0) return []
  const diff = unlessDamaged(() => stores.blocks.diffByNumber(block.number))
  if (diff === undefined) return undefined
  try {
    return receiptsOfDiff(diff, block)
  } catch (thrown) {
    if (thrown instanceof ApplyError) return undefined // ours is bad: a peer's may be good
    throw thrown
  }
}
