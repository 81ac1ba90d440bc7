// State diffs of random blocks: on another store they give the same roots, one by one and merged in any stretches.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  decodeStateDiff,
  encodeStateDiff
} from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { encodeDiff } from '../../src/apply/block-diff.ts'
import { replayDiff, replayDiffs } from '../../src/apply/replay-diffs.ts'
import { bytesToHex, type Hex } from '../../src/base/bytes.ts'
import { silentLog } from '../../src/base/log.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { type Block } from '../../src/chain/blocks/block.ts'
import { decodeReceipt } from '../../src/chain/blocks/receipt.ts'
import { genesisChanges } from '../../src/execution/genesis-state.ts'
import { MergedDiffs } from '../../src/state/merged-diffs.ts'
import { changesToDiff } from '../../src/state/state-diff.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { randomAlloc, randomTx } from '../support/execution-arbitraries.ts'
import { ExecutionChain, executionGenesis } from '../support/execution-chain.ts'
import { signedTx, type TxFields } from '../support/execution-transactions.ts'
import {
  copyModel,
  drawChanges,
  type ModelState,
  oracleRoot,
  testHash
} from '../support/state-model.ts'

const ACCOUNTS = 12
const BLOCKS = 10
const signal = new AbortController().signal

function hashOf(number: number): Hex {
  return bytesToHex(testHash(10_000 + number))
}

async function emptyState(): Promise<StateStore> {
  return new StateStore({ store: createMemoryStore(), log: silentLog })
}

/** Random accounts, slots and codes through ten blocks: the encoded diff of each, and the oracle's root after it. */
async function drawDiffs(seed: number) {
  const random = createSeededRandom(seed)
  const model: ModelState = new Map()
  const genesis = { changes: drawChanges(random, model, ACCOUNTS), number: 0n, hash: hashOf(0) }
  const state = await emptyState()
  const roots = [await state.resetToGenesis(genesis)]
  const diffs: Uint8Array[] = []
  for (let at = 1; at <= BLOCKS; at++) {
    const changes = drawChanges(random, model, ACCOUNTS)
    const layer = await state.prepare(hashOf(at - 1), changes)
    const stateRoot = await oracleRoot(copyModel(model))
    assert.equal(layer.root, stateRoot)
    const place = {
      number: BigInt(at),
      hash: hashOf(at),
      parentStateRoot: roots[at - 1]!,
      stateRoot
    }
    const diff = changesToDiff(place, changes, (hash) => layer.storageRoot(hash), [])
    diffs.push(encodeStateDiff(diff))
    state.add(layer, place)
    roots.push(stateRoot)
  }
  return { random, genesis, roots, diffs }
}

describe('state diffs', () => {
  it('merged in any stretches give the oracle’s roots, and every storage root in their bodies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { random, genesis, roots, diffs } = await drawDiffs(seed)
        const state = await emptyState()
        await state.resetToGenesis(genesis)
        for (let at = 0; at < BLOCKS;) {
          const end = Math.min(BLOCKS, at + 1 + random.below(BLOCKS))
          const before = state.view(hashOf(at))
          assert.ok(before)
          const merged = new MergedDiffs(before)
          for (const bytes of diffs.slice(at, end)) merged.add(decodeStateDiff(bytes))
          const layer = await state.prepare(hashOf(at), merged.changes())
          merged.assertStorageRoots(layer)
          assert.equal(layer.root, roots[end])
          state.add(layer, { number: BigInt(end), hash: hashOf(end) })
          state.cap(hashOf(end))
          at = end
        }
        await state.flushAll(hashOf(BLOCKS))
        assert.equal(state.persistedPoint()?.root, roots[BLOCKS])
      }),
      { numRuns: 25 }
    )
  })

  it('of blocks of the engine bring another node to the same states and receipts', async () => {
    const blocks = fc.array(fc.array(randomTx, { minLength: 1, maxLength: 5 }), {
      minLength: 2,
      maxLength: 4
    })
    const seen = { codes: 0, cleared: 0, slots: 0 }
    await fc.assert(
      fc.asyncProperty(randomAlloc, blocks, async (alloc, fields) => {
        const genesis = executionGenesis(alloc)
        const { chain, diffs } = await executeBlocks(genesis, fields)
        for (const bytes of diffs.values()) {
          const { accounts, codes } = decodeStateDiff(bytes)
          seen.codes += codes.length
          seen.cleared += accounts.filter(({ storageCleared }) => storageCleared).length
          seen.slots += accounts.flatMap(({ slots }) => slots).length
        }
        const source = {
          blockByNumber: (number: bigint) => chain[Number(number)],
          diffByNumber: (number: bigint) => diffs.get(number)
        }
        const changes = genesisChanges(genesis.alloc)
        const [first] = chain
        const head = chain.at(-1)
        assert.ok(first && head)
        const place = { changes, number: 0n, hash: first.hash }
        const single = await emptyState()
        await single.resetToGenesis(place)
        for (const [number, bytes] of diffs) {
          await replayDiff({ chain: source, layers: single }, number, bytes)
        }
        for (const { hash, stateRoot } of chain) assert.equal(single.view(hash)?.root, stateRoot)
        const merged = await emptyState()
        await merged.resetToGenesis(place)
        const range = { from: { number: 0n, hash: first.hash }, to: head.number, signal }
        await replayDiffs({ chain: source, layers: merged }, range)
        assert.equal(merged.view(head.hash)?.root, head.stateRoot)
        assert.equal(merged.layersCount, 1)
      }),
      { numRuns: 15 }
    )
    const isMixed = seen.codes > 2 && seen.cleared > 2 && seen.slots > 40
    assert.ok(isMixed, `too little of something: ${JSON.stringify(seen)}`)
  })
})

/** Builds a chain of these transactions; each block's diff says its receipts. */
async function executeBlocks(
  genesis: ReturnType<typeof executionGenesis>,
  blocks: readonly (readonly TxFields[])[]
) {
  const builder = await ExecutionChain.open(genesis)
  const chain: Block[] = [builder.head]
  const diffs = new Map<bigint, Uint8Array>()
  const nonces = new Map<number, bigint>()
  for (const fields of blocks) {
    const parent = builder.head
    const raws = fields.map((tx) => {
      const { from = 0 } = tx
      const nonce = tx.nonce ?? nonces.get(from) ?? 0n
      nonces.set(from, nonce + 1n)
      return signedTx({ ...tx, nonce })
    })
    const executed = await builder.extend(raws)
    const bytes = encodeDiff(executed.block, parent, executed)
    assert.ok(bytes)
    assert.deepEqual(
      decodeStateDiff(bytes).receipts.map((receipt) => decodeReceipt(receipt)),
      executed.receipts
    )
    chain.push(executed.block)
    diffs.set(executed.block.number, bytes)
  }
  return { chain, diffs }
}
