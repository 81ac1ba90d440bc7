// The nodes between fetched ranges are written many at once: a synced batch for each would be a wait for the disk for each.
import assert from 'node:assert/strict'
import { compareBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { ASSEMBLED_AT_ONCE_MAX } from '../../../src/state/assemble-trie.ts'
import { encodeSlimAccount } from '../../../src/state/account-codec.ts'
import { SEGMENTS_COUNT } from '../../../src/state/fetch-checkpoint.ts'
import { FetchedState } from '../../../src/state/fetched-state.ts'
import { nodeRange } from '../../../src/state/trie-ranges.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { EMPTY_ROOT } from '../../../src/trie/node-source.ts'
import { killedAfter } from '../../support/joining-states.ts'

const BODY = encodeSlimAccount({
  nonce: 1n,
  balance: 1n,
  codeHash: undefined,
  storageRoot: EMPTY_ROOT
})

/** Leaves alone came, so every node is made here. */
async function assembled(accountsCount: number) {
  const store = createMemoryStore()
  const fetched = await FetchedState.open(store)
  const hashes = Array.from({ length: accountsCount }, (_, index) =>
    keccak256(Buffer.from(String(index)))
  ).sort(compareBytes)
  for (let segment = 0; segment < SEGMENTS_COUNT; segment++) {
    const accounts = hashes
      .filter((hash) => hash[0]! >> 4 === segment)
      .map((hash) => ({ hash, body: BODY }))
    await fetched.putAccounts(segment, { accounts, nodes: [] }, { next: undefined, large: [] })
  }
  const counting = killedAfter(store, Infinity)
  await new FetchedState(counting, fetched.checkpoint).assemble()
  let nodesCount = 0
  for await (const entry of store.iterate(nodeRange(undefined, new Uint8Array(0)))) {
    nodesCount += entry.length > 0 ? 1 : 0
  }
  return { nodesCount, batchesCount: counting.batchesCount() }
}

describe('assembling a fetched state', () => {
  it('writes its nodes in one batch, and the checkpoint in one', async () => {
    const { nodesCount, batchesCount } = await assembled(100)
    assert.ok(nodesCount > 100 && nodesCount <= ASSEMBLED_AT_ONCE_MAX, String(nodesCount))
    assert.equal(batchesCount, 2)
  })
  it('bounds what a batch holds', async () => {
    const { nodesCount, batchesCount } = await assembled(1_000)
    assert.equal(batchesCount, Math.ceil(nodesCount / ASSEMBLED_AT_ONCE_MAX) + 1)
  })
})
