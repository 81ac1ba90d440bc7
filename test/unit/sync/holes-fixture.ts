// A chain in a real LevelDB that loses blocks below its head, and what brings them back, over stub peers.
import { type RangeRequest } from '../../../protocols/range-request.ts'
import { encodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { receiptsOfDiff } from '../../../src/apply/diff-receipts.ts'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { type Log, silentLog } from '../../../src/base/log.ts'
import { auditChain, type ChainFault } from '../../../src/chain/stored/chain-audit.ts'
import { type Block, type SignedBlock } from '../../../src/chain/blocks/block.ts'
import { BlockReader } from '../../../src/chain/stored/block-reader.ts'
import { unlessDamaged } from '../../../src/chain/stored/chain-entry.ts'
import { createHoleLook } from '../../../src/chain/stored/find-holes.ts'
import { encodeReceipt } from '../../../src/chain/blocks/receipt.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { CHAIN_DATABASE } from '../../../src/store/keys.ts'
import { openLevelStore } from '../../../src/store/level-store.ts'
import { fetchDiffs } from '../../../src/sync/fetching/fetch-diffs.ts'
import { type FalseDiff } from '../../../src/sync/protocols/state-diffs-by-range.ts'
import { createHoleFiller } from '../../../src/sync/holes/fill-holes.ts'
import { createHoleMender, type LocalParts } from '../../../src/sync/holes/mend-holes.ts'
import { OpenHoles } from '../../../src/sync/holes/open-holes.ts'
import { createBlockFetcher } from '../../../src/sync/fetching/range-fetcher.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'
import { TEST_CHAIN_ID, testReceipts } from '../../support/signed-chain.ts'
import { openTestChain, TEST_SCHEDULE } from '../chain/chain-fixture.ts'
import { createStubPeers, type StubPeer } from './blocks-fixture.ts'

/** Opens the database; whoever opens it closes it. */
export function openStore(path: string): Promise<KeyValueStore> {
  return openLevelStore(path, CHAIN_DATABASE)
}

/** The blocks with their receipts, one batch each. */
export async function persistAll(store: KeyValueStore, chain: readonly Block[]): Promise<void> {
  const { blocks } = await openTestChain(store)
  for (const block of chain) await blocks.persist(block, testReceipts(block))
}

/** A diff that says nothing of the state, and the truth of the receipts. */
export function diffOf(block: Block): Uint8Array {
  return encodeStateDiff({
    number: block.number,
    blockHash: hexToBytes(block.hash),
    parentStateRoot: new Uint8Array(32),
    stateRoot: hexToBytes(block.stateRoot),
    accounts: [],
    codes: [],
    receipts: testReceipts(block).map(encodeReceipt)
  })
}

/** What a peer serves besides blocks. */
export interface HolePeer extends StubPeer {
  readonly diffs?: (number: bigint) => Uint8Array | undefined
}

/** Search and repair of an open store. Peers may come and go. */
export async function openRepair(
  store: KeyValueStore,
  peers: Record<string, HolePeer> = {},
  local: Partial<LocalParts> = {}
) {
  const { blocks, accepted } = await openTestChain(store)
  const reader = new BlockReader(store)
  const stored = (hash: Block['hash']) => unlessDamaged(() => reader.block(hash))
  const canonicalHash = (number: bigint) => unlessDamaged(() => blocks.canonicalHash(number))
  const head = blocks.head()
  const holes = new OpenHoles({
    look: createHoleLook(store, () => blocks.history().oldestReceipts),
    oldestBlock: () => blocks.history().oldestBlock,
    head,
    parentHashAt(number) {
      const hash = canonicalHash(number)
      const block = hash && stored(hash)
      return block?.number === number ? block.parentHash : undefined
    }
  })
  const mender = createHoleMender({
    holes,
    chain: {
      canonicalHash,
      putBack: (lost) => blocks.putBack(lost),
      dropDamagedPointer: (number) => blocks.dropDamagedPointer(number)
    },
    local: {
      block: (ref) => stored(ref.hash) ?? local.block?.(ref),
      receipts: (block) => (block.transactions.length === 0 ? [] : local.receipts?.(block))
    }
  })
  const clock = createManualClock()
  const warnings: string[] = []
  const log: Log = { ...silentLog, warn: (event) => void warnings.push(event) }
  const stubs = createStubPeers(peers)
  const falseDiffs: FalseDiff[] = []
  const request = async function* (
    peer: string,
    _: unknown,
    { start, count }: RangeRequest
  ): AsyncGenerator {
    for (let number = start; number < start + count; number++) {
      const diff = peers[peer]?.diffs?.(number)
      if (diff === undefined) return
      yield diff
    }
  }
  let filledCount = 0
  const beside: [string, string][] = []
  const filler = createHoleFiller({
    clock,
    log,
    mender,
    accepted,
    fetcher: createBlockFetcher({
      clock,
      blocks: stubs,
      peers: () => Object.keys(peers),
      onSlow: () => undefined
    }),
    receiptsOf: receiptsOfDiff,
    fetchDiffs: (heights, take, signal) =>
      fetchDiffs(
        {
          request: asRequestChunks(request),
          onFalse: (failure) => void falseDiffs.push(failure)
        },
        { ...heights, peers: Object.keys(peers), signal },
        take
      ),
    onBeside: (block, from) => void beside.push([block.hash, from]),
    onFilled() {
      filledCount += 1
    }
  })
  const stop = new AbortController()
  let running = Promise.resolve()
  return {
    blocks,
    accepted,
    holes,
    mender,
    filler,
    clock,
    warnings,
    stubs,
    falseDiffs,
    beside,
    filledCount: () => filledCount,
    start() {
      running = filler.run(stop.signal)
    },
    async stop() {
      stop.abort(new Error('stopped'))
      await running
    }
  }
}

/** What the audit of the whole chain says. */
export async function faultsOf(store: KeyValueStore): Promise<readonly ChainFault[]> {
  const faults: ChainFault[] = []
  const rules = { chainId: TEST_CHAIN_ID, schedule: TEST_SCHEDULE }
  await auditChain(store, rules, {
    onFault: (fault) => void faults.push(fault),
    onProgress: () => Promise.resolve()
  })
  return faults
}

/** A peer that has all of a chain. */
export function wholePeer(chain: readonly SignedBlock[]): HolePeer {
  const at = (number: bigint) => chain.find((block) => block.number === number)
  return {
    *range({ start, count }) {
      for (let number = start; number < start + count; number++) {
        const block = at(number)
        if (block === undefined) return
        yield block
      }
    },
    byHash: (hashes) => hashes.flatMap((hash) => chain.filter((block) => block.hash === hash)),
    diffs(number) {
      const block = at(number)
      return block && diffOf(block)
    }
  }
}
