// Entries of a chain database that no start reads: each, damaged or gone, is put right out of the blocks, or goes.
import assert from 'node:assert/strict'
import { auditChain } from '../../../src/chain/stored/chain-audit.ts'
import { repairEntries } from '../../../src/chain/stored/repair-entries.ts'
import { CHAIN_PREFIX, hashKey } from '../../../src/store/keys.ts'
import {
  signChain,
  signChild,
  TEST_CHAIN_ID,
  testGenesisBlock,
  testReceipts
} from '../../support/signed-chain.ts'
import {
  createWatchedStore,
  damage,
  openTestChain,
  TEST_SCHEDULE,
  type WatchedStore
} from './chain-fixture.ts'

const genesis = testGenesisBlock()
const chain = signChain(genesis, 3, { transactionsCount: 1 })
const beside = signChild(chain[1]!, { salt: 7 })
const onBlock = () => Promise.resolve()

async function makeChain(): Promise<WatchedStore> {
  const store = createWatchedStore()
  const { blocks, accepted } = await openTestChain(store)
  await accepted.accept(chain)
  await accepted.accept([beside])
  for (const block of chain) await blocks.persist(block, testReceipts(block))
  return store
}

async function faultsOf(store: WatchedStore): Promise<string[]> {
  const faults: string[] = []
  const onFault = ({ problem }: { readonly problem: string }) => void faults.push(problem)
  const rules = { chainId: TEST_CHAIN_ID, schedule: TEST_SCHEDULE }
  await auditChain(store, rules, { onFault, onProgress: onBlock })
  return faults
}

async function keysOf(store: WatchedStore, prefix: number): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = []
  const range = { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) }
  for await (const [key] of store.iterate(range)) keys.push(Uint8Array.from(key))
  return keys
}

describe('an index of the chain', () => {
  for (const [kind, isLoss] of [
    ['accepted', true],
    ['transaction', false]
  ] as const) {
    it(`is whole again, whichever entry of ${kind} is damaged or gone`, async () => {
      const count = (await keysOf(await makeChain(), CHAIN_PREFIX[kind])).length
      assert.ok(count > 1)
      for (let at = 0; at < 2 * count; at++) {
        const store = await makeChain()
        const keys = await keysOf(store, CHAIN_PREFIX[kind])
        const key = keys[at >> 1]!
        if (at % 2 === 0) await damage(store, key)
        else await store.batch([{ type: 'del', key }], { sync: true })
        assert.notDeepEqual(await faultsOf(store), [])
        let losses = 0
        const noteLoss = async () => void (losses += 1)
        await repairEntries({ store, genesis, noteLoss, onBlock })
        assert.deepEqual(await faultsOf(store), [])
        assert.equal(losses, isLoss ? 1 : 0)
        assert.deepEqual(await keysOf(store, CHAIN_PREFIX[kind]), keys)
      }
    })
  }

  it('has the receipts of the genesis again', async () => {
    const store = await makeChain()
    await damage(store, hashKey(CHAIN_PREFIX.receipts, genesis.hash))
    assert.equal((await faultsOf(store)).length, 1)
    const noteLoss = () => assert.fail('nothing was lost')
    await repairEntries({ store, genesis, noteLoss, onBlock })
    assert.deepEqual(await faultsOf(store), [])
  })

  it('is left alone where nothing is wrong', async () => {
    const store = await makeChain()
    const noteLoss = () => assert.fail('nothing was lost')
    await repairEntries({ store, genesis, noteLoss, onBlock })
    assert.deepEqual(await faultsOf(store), [])
  })
})
