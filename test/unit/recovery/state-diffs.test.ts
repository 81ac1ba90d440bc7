// Recovery's state diffs over two real nodes: one lost its states and its diffs, the other serves them.
import assert from 'node:assert/strict'
import { type RangeRequest } from '../../../protocols/range-request.ts'
import {
  decodeStateDiff,
  encodeStateDiff
} from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { type Status } from '../../../protocols/status/codec.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { PeerClaims } from '../../../src/backups/peer-claims.ts'
import { recoveryDiffs } from '../../../src/recovery/actions/state-diffs.ts'
import { EXECUTION_CHEAP_MAX_BLOCKS } from '../../../src/recovery/decide/diff-price.ts'
import { accountKey, toOperation } from '../../../src/state/entry-key.ts'
import { CHAIN_PREFIX, numberKey } from '../../../src/store/keys.ts'
import { asRequestChunks } from '../../support/request-chunks.ts'
import { type RequestChunks } from '../../../src/sync/protocols/asking.ts'
import { serveStateDiffs } from '../../../src/sync/protocols/state-diffs-by-range.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import {
  type ApplyNode,
  buildChain,
  createNodeStores,
  openApplyNode
} from '../apply/apply-fixture.ts'

const LENGTH = 4
const TIMING = { tripMs: 0 }
const signal = new AbortController().signal

function never(): never {
  throw new Error('this is not to be called')
}

/** A node that executed the chain, was killed, and keeps the diffs or not. */
async function killedNode(chain: readonly Block[], { hasDiffs }: { hasDiffs: boolean }) {
  const stores = createNodeStores()
  const first = await openApplyNode(stores, chain[0]!)
  for (const block of chain.slice(1)) await first.applier.apply(block)
  for (const { number } of hasDiffs ? [] : chain) {
    const key = numberKey(CHAIN_PREFIX.diff, number)
    await stores.chain.batch([{ type: 'del', key }], { sync: true })
  }
  return openApplyNode(stores, chain[0]!)
}

/** Every request is answered out of this node's diffs, each changed on its way. */
function servedBy(
  { blocks }: ApplyNode,
  change: (diff: Uint8Array) => Uint8Array = (diff) => diff
) {
  return asRequestChunks(async function* (
    ...[, , asked]: readonly [string, unknown, RangeRequest]
  ) {
    for (const diff of serveStateDiffs(blocks, asked)) yield change(diff)
  })
}

const noBlock = () => undefined

describe('state diffs of recovery', () => {
  it('come from whoever claims them, are checked and kept', async () => {
    const chain = await buildChain(LENGTH)
    const [genesis] = chain
    const head = chain[LENGTH]
    assert.ok(genesis && head)
    const lost = await killedNode(chain, { hasDiffs: false })
    const peer = await killedNode(chain, { hasDiffs: true })
    const claims = new PeerClaims(createManualClock())
    const diffs = recoveryDiffs({
      stores: lost,
      applier: lost.applier,
      claims,
      connected: () => ['a', 'b'],
      request: servedBy(peer),
      namedBlock: noBlock,
      onFalse: never
    })
    const stretch = { from: genesis, to: head }
    assert.equal(diffs.areStored(stretch), false)
    assert.equal(diffs.isExecutionDear(stretch), false)
    claims.note('a', { unsafeNumber: 4n, oldestDiff: 2n, clockMs: 0n } as Status, TIMING)
    claims.note('b', { unsafeNumber: 3n, oldestDiff: 1n, clockMs: 0n } as Status, TIMING)
    assert.equal(diffs.areServed(stretch), false)
    claims.note('b', { unsafeNumber: 4n, oldestDiff: 1n, clockMs: 0n } as Status, TIMING)
    assert.equal(diffs.areServed(stretch), true)
    const from: string[] = []
    const onReplayed = (count: number, served: { readonly peer: string }) => {
      from.push(`${count} of ${served.peer}`)
    }
    assert.deepEqual(await diffs.replayFetched(stretch, onReplayed, signal), { kind: 'rebuilt' })
    assert.deepEqual(from, ['1 of b', '1 of b', '1 of b', '1 of b'])
    assert.equal(lost.state.view(head.hash)?.root, head.stateRoot)
    assert.equal(diffs.areStored(stretch), true)
  })
  it('are taken from an honest peer, and blame nobody, where our own state was wrong', async () => {
    const chain = await buildChain(LENGTH)
    const stores = createNodeStores()
    const first = await openApplyNode(stores, chain[0]!)
    for (const block of chain.slice(1)) await first.applier.apply(block)
    const touched = decodeStateDiff(first.blocks.diffByNumber(1n) ?? new Uint8Array()).accounts
    // Every flat account that the first block touches is gone; the tries are as they were.
    await stores.state.batch(
      touched.map(({ addressHash }) => toOperation(accountKey(addressHash), undefined)),
      { sync: true }
    )
    const lost = await openApplyNode(stores, chain[0]!)
    const claims = new PeerClaims(createManualClock())
    const status = { unsafeNumber: 4n, oldestDiff: 1n, clockMs: 0n } as Status
    for (const peer of ['a', 'b']) claims.note(peer, status, TIMING)
    const asked: string[] = []
    const peer = await killedNode(chain, { hasDiffs: true })
    const serve = servedBy(peer)
    const diffs = recoveryDiffs({
      stores: lost,
      applier: lost.applier,
      claims,
      connected: () => ['a', 'b'],
      request: ((from: string, ...rest: [never, never, never]) => {
        asked.push(from)
        return serve(from, ...rest)
      }) as RequestChunks,
      namedBlock: noBlock,
      onFalse: never
    })
    const stretch = { from: chain[0]!, to: chain[LENGTH]! }
    const result = await diffs.replayFetched(stretch, () => undefined, signal)
    assert.deepEqual([result, asked], [{ kind: 'rebuilt' }, ['a']])
    assert.equal(lost.state.view(chain[LENGTH]!.hash)?.root, chain[LENGTH]!.stateRoot)
  })
  it('say which of our own is missing', async () => {
    const chain = await buildChain(LENGTH)
    const lost = await killedNode(chain, { hasDiffs: false })
    const deps = {
      stores: lost,
      applier: lost.applier,
      claims: new PeerClaims(createManualClock())
    }
    const diffs = recoveryDiffs({
      ...deps,
      connected: () => [],
      namedBlock: noBlock,
      request: never,
      onFalse: never
    })
    const stretch = { from: chain[0]!, to: chain[LENGTH]! }
    const result = await diffs.replayStored(stretch, never, signal)
    assert.deepEqual(result, { kind: 'failed', reason: 'diff-missing number="1"' })
    const far = { ...stretch, to: { ...stretch.to, number: EXECUTION_CHEAP_MAX_BLOCKS + 1n } }
    assert.equal(diffs.isExecutionDear(far), true)
  })
  describe('of linked blocks', () => {
    /** A node at block 1 of the chain, and a peer that holds all of it. */
    async function behind(options: { change?: (diff: Uint8Array) => Uint8Array } = {}) {
      const chain = await buildChain(LENGTH)
      const lagging = await openApplyNode(createNodeStores(), chain[0]!)
      await lagging.applier.apply(chain[1]!)
      const peer = await killedNode(chain, { hasDiffs: true })
      const falsehoods: string[] = []
      const asked = { count: 0 }
      const request = servedBy(peer, options.change)
      const diffs = recoveryDiffs({
        stores: lagging,
        applier: lagging.applier,
        claims: new PeerClaims(createManualClock()),
        connected: () => ['a'],
        request: (...question) => {
          asked.count++
          return request(...question)
        },
        namedBlock: (hash) => chain.find((block) => block.hash === hash),
        onFalse: ({ code, peer: from, number }) => {
          falsehoods.push(`${code} of ${from} at ${String(number)}`)
        }
      })
      const path = chain.slice(2).map(({ hash }) => hash)
      return { chain, lagging, diffs, path, falsehoods, asked }
    }

    it('make them the chain without executing them, receipts and diffs included', async () => {
      const { chain, lagging, diffs, path, falsehoods } = await behind()
      const noted = { count: 0, bytes: 0 }
      const appliedCount = await diffs.applyFetched(
        path,
        (count, from) => {
          noted.count += count
          noted.bytes += from.bytes
        },
        signal
      )
      assert.equal(appliedCount, LENGTH - 1)
      assert.equal(noted.count, LENGTH - 1)
      const sizes = chain.slice(2).map(({ number }) => lagging.blocks.diffByNumber(number)?.length)
      assert.equal(
        noted.bytes,
        sizes.reduce((sum = 0, size = 0) => sum + size)
      )
      assert.deepEqual(falsehoods, [])
      const head = chain[LENGTH]!
      assert.equal(lagging.applier.head().hash, head.hash)
      assert.equal(lagging.blocks.head().hash, head.hash)
      assert.equal(lagging.state.view(head.hash)?.root, head.stateRoot)
      const executed = await killedNode(chain, { hasDiffs: true })
      for (const { number, hash } of chain.slice(2)) {
        assert.deepEqual(lagging.blocks.receipts(hash), executed.blocks.receipts(hash))
        assert.deepEqual(lagging.blocks.diffByNumber(number), executed.blocks.diffByNumber(number))
      }
    })

    it('leave a block to execution where the diff is false, and say whose it was', async () => {
      const { chain, lagging, diffs, path, falsehoods } = await behind({
        change(bytes) {
          const diff = decodeStateDiff(bytes)
          if (diff.number !== 3n) return bytes
          const [first, ...others] = diff.accounts
          return encodeStateDiff({
            ...diff,
            accounts: [{ ...first!, slots: [], storageCleared: true }, ...others.slice(1)]
          })
        }
      })
      assert.equal(await diffs.applyFetched(path, () => undefined, signal), 1)
      assert.deepEqual(falsehoods, ['diff-false of a at 3'])
      assert.equal(lagging.applier.head().hash, chain[2]!.hash)
      await lagging.applier.apply(chain[3]!)
      assert.equal(lagging.applier.head().hash, chain[3]!.hash)
    })

    it('bring the receipts alone where the blocks are not to be executed, once', async () => {
      const { chain, lagging, diffs, path, asked } = await behind()
      const takenFrom: string[] = []
      const onTaken = (count: number, { peer }: { readonly peer: string }) =>
        void takenFrom.push(`${count} of ${peer}`)
      assert.deepEqual(await diffs.fetchReceipts(path, onTaken, signal), { kind: 'rebuilt' })
      assert.deepEqual(takenFrom, ['3 of a'])
      const executed = await killedNode(chain, { hasDiffs: true })
      for (const { number, hash } of chain.slice(2)) {
        assert.deepEqual(lagging.blocks.receipts(hash), executed.blocks.receipts(hash))
        assert.equal(lagging.blocks.diffByNumber(number), undefined)
      }
      assert.equal(lagging.applier.head().hash, chain[1]!.hash, 'that is for linking')
      assert.equal(asked.count, 1)
      assert.deepEqual(await diffs.fetchReceipts(path, never, signal), { kind: 'rebuilt' })
      assert.equal(asked.count, 1, 'what is there is not asked for')
    })

    it('with receipts that are not the header’s are refused, and it is said whose they were', async () => {
      const { chain, lagging, diffs, path, falsehoods } = await behind({
        change(bytes) {
          const diff = decodeStateDiff(bytes)
          return diff.number === 3n ? encodeStateDiff({ ...diff, receipts: [] }) : bytes
        }
      })
      const result = await diffs.fetchReceipts(path, () => undefined, signal)
      assert.equal(result.kind, 'failed')
      assert.deepEqual(falsehoods, ['diff-false of a at 3'])
      assert.equal(lagging.blocks.receipts(chain[2]!.hash)?.length, 1)
      assert.equal(lagging.blocks.receipts(chain[3]!.hash), undefined)
    })

    it('come from the next peer where one is on another branch, which is not to blame for it', async () => {
      const { chain, lagging, path } = await behind()
      const peers: Readonly<Record<string, RequestChunks>> = {
        beside: servedBy(
          await killedNode(await buildChain(LENGTH, { value: 2n }), { hasDiffs: true })
        ),
        a: servedBy(await killedNode(chain, { hasDiffs: true }))
      }
      const diffs = recoveryDiffs({
        stores: lagging,
        applier: lagging.applier,
        claims: new PeerClaims(createManualClock()),
        connected: () => Object.keys(peers),
        request: (peer, ...question) => peers[peer]!(peer, ...question),
        namedBlock: (hash) => chain.find((block) => block.hash === hash),
        onFalse: never
      })
      assert.deepEqual(await diffs.fetchReceipts(path, () => undefined, signal), {
        kind: 'rebuilt'
      })
      assert.equal(await diffs.applyFetched(path, () => undefined, signal), LENGTH - 1)
      for (const { hash } of chain.slice(2)) {
        assert.equal(lagging.blocks.receipts(hash)?.length, 1)
      }
    })

    it('are not asked for where little gas was used', async () => {
      const { diffs, path } = await behind()
      assert.equal(diffs.isApplyingDear(path), false)
    })
  })
})
