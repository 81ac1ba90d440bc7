// Stored blocks that were lost below the head, joined to what brings them back: what is left here, the record, peers.
import { receiptsOfDiff } from '../apply/diff-receipts.ts'
import { type Hex } from '../base/bytes.ts'
import { BlockReader } from '../chain/stored/block-reader.ts'
import { unlessDamaged } from '../chain/stored/chain-entry.ts'
import { createHoleLook, isPointerLost } from '../chain/stored/find-holes.ts'
import { type OpenSigner } from '../signer/open-signer.ts'
import { DIFFS_BATCH, fetchDiffs, fetchDiffsInBatches } from '../sync/fetching/fetch-diffs.ts'
import { createHoleFiller, type HoleFiller, type HoleFillerDeps } from '../sync/holes/fill-holes.ts'
import { createLocalBlocks, lowestNeeded } from '../sync/holes/local-blocks.ts'
import { createHoleMender, type HoleMender } from '../sync/holes/mend-holes.ts'
import { type Backfill, type BackfillDeps, createBackfill } from '../sync/holes/backfill.ts'
import { type BlockFetcher } from '../sync/fetching/range-fetcher.ts'
import { type UnsignedBlocks } from '../sync/fetching/unsigned-blocks.ts'
import { type PeerClaims } from '../backups/peer-claims.ts'
import { OpenHoles } from '../sync/holes/open-holes.ts'
import { type VerifyMessage } from '../sync/protocols/asking.ts'
import { type NodeConfig } from '../config/node-config.ts'
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
  const { blocks, accepted, state, chainStore } = parts.chain.stores
  const reader = new BlockReader(chainStore)
  const stored = (hash: Hex) => unlessDamaged(() => reader.block(hash))
  const canonicalHash = (number: bigint) => unlessDamaged(() => blocks.canonicalHash(number))
  const head = blocks.head()
  const mender = createHoleMender({
    holes: new OpenHoles({
      look: createHoleLook(chainStore, () => blocks.history().oldestReceipts),
      oldestBlock: () => blocks.history().oldestBlock,
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
    local: createLocalBlocks({
      stored,
      record: parts.signer?.record,
      verify: parts.verify,
      diffAt: (number) => unlessDamaged(() => blocks.diffByNumber(number))
    })
  })
  await mender.searchDownTo(
    lowestNeeded({
      head: head.number,
      isHeadReadable: state.isReadable(head.hash),
      persisted: state.persistedPoint()?.number ?? 0n,
      contested: accepted.contestedHeights(),
      isPointerLost: (number) => isPointerLost(chainStore, number)
    })
  )
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

/** What fills the chain below a jump. */
export function createNodeBackfill(
  {
    clock,
    log,
    chain: { stores, applier },
    fetcher,
    unsigned,
    requests,
    peers,
    claims,
    onBeside
  }: Pick<BackfillDeps, 'clock' | 'log' | 'onBeside'> & {
    readonly chain: ChainParts
    readonly fetcher: BlockFetcher
    readonly unsigned: UnsignedBlocks
    readonly requests: PeerRequests
    /** Who may be asked for diffs. */
    readonly peers: () => readonly string[]
    readonly claims: Pick<PeerClaims, 'status'>
  },
  { history }: Pick<NodeConfig, 'history'>
): Backfill {
  const { accepted, blocks } = stores
  const depth = history === 'all' ? history : BigInt(history)
  return createBackfill({
    ...{ clock, log, depth, onBeside, blocks: { accepted, fetcher, unsigned } },
    chain: {
      head: () => blocks.head(),
      history: () => blocks.history(),
      canonicalHash: (number) => blocks.canonicalHash(number),
      block: (hash) => accepted.namedBlock(hash),
      acceptedAt: (number) => accepted.acceptedAt(number),
      putBelow: (below) => applier.putBelow(below),
      takeReceipts: (steps) => applier.takeReceipts(steps)
    },
    fetchDiffs: (heights, take, signal) =>
      fetchDiffsInBatches(requests, { ...heights, peers: peers(), signal }, DIFFS_BATCH, take),
    oldestServedDiff() {
      const served = peers().flatMap((peer) => claims.status(peer)?.oldestDiff ?? [])
      return served.reduce<bigint | undefined>(
        (oldest, one) => (oldest === undefined || one < oldest ? one : oldest),
        undefined
      )
    }
  })
}
