// The audit of a chain database: silent on a sound one, exact about every single damage.
import assert from 'node:assert/strict'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { auditChain, type ChainFault } from '../../../src/chain/chain-audit.ts'
import { putEntry } from '../../../src/chain/chain-entry.ts'
import { encodeReceipts } from '../../../src/chain/receipt.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey, soleKey } from '../../../src/store/keys.ts'
import {
  signChain,
  TEST_CHAIN_ID,
  testGenesisBlock,
  testReceipts
} from '../../support/signed-chain.ts'
import { createWatchedStore, damage, openTestChain, TEST_SCHEDULE } from './chain-fixture.ts'

const BLOCKS = 5
const RULES = { chainId: TEST_CHAIN_ID, schedule: TEST_SCHEDULE }

describe('the audit of a chain database', () => {
  async function makeChain() {
    const store = createWatchedStore()
    const { blocks } = await openTestChain(store)
    const chain = signChain(testGenesisBlock(), BLOCKS, { transactionsCount: 2 })
    for (const block of chain) await blocks.persist(block, testReceipts(block))
    return { store, chain }
  }

  async function audit(store: KeyValueStore) {
    const faults: ChainFault[] = []
    const seen: bigint[] = []
    const result = await auditChain(store, RULES, {
      onFault: (fault) => void faults.push(fault),
      async onProgress(number) {
        seen.push(number)
      }
    })
    return { faults, result, seen }
  }

  it('finds nothing in a sound one, and looks at every block', async () => {
    const { store, chain } = await makeChain()
    const { faults, result, seen } = await audit(store)
    assert.deepEqual(faults, [])
    assert.equal(result.head?.hash, chain.at(-1)?.hash)
    assert.equal(result.unsignedCount, 0)
    assert.deepEqual(seen, [0n, 1n, 2n, 3n, 4n, 5n])
  })

  const keyed: readonly [string, (hash: `0x${string}`) => Uint8Array, RegExp][] = [
    ['header', (hash) => hashKey(CHAIN_PREFIX.header, hash), /header|not stored/],
    ['content', (hash) => hashKey(CHAIN_PREFIX.content, hash), /content/],
    ['receipts', (hash) => hashKey(CHAIN_PREFIX.receipts, hash), /receipts/],
    ['canonical pointer', () => numberKey(CHAIN_PREFIX.canonical, 3n), /canonical/]
  ]
  for (const [what, keyOf, problem] of keyed) {
    for (const isDeleted of [false, true]) {
      it(`names the block whose ${what} is ${isDeleted ? 'missing' : 'damaged'}`, async () => {
        const { store, chain } = await makeChain()
        const key = keyOf(chain[2]!.hash)
        if (isDeleted) await store.batch([{ type: 'del', key }], { sync: true })
        else await damage(store, key)
        const { faults } = await audit(store)
        assert.ok(faults.length > 0)
        assert.deepEqual(new Set(faults.map(({ number }) => number)), new Set([3n]))
        assert.match(faults.map((fault) => fault.problem).join(), problem)
      })
    }
  }

  it('finds receipts of another block', async () => {
    const { store, chain } = await makeChain()
    const other = encodeReceipts(testReceipts(chain[0]!).slice(0, 1))
    const entry = putEntry(hashKey(CHAIN_PREFIX.receipts, chain[3]!.hash), other)
    await store.batch([entry], { sync: true })
    assert.match((await audit(store)).faults[0]?.problem ?? '', /another root/)
  })

  it('finds a chain that does not link', async () => {
    const { store, chain } = await makeChain()
    const entry = putEntry(numberKey(CHAIN_PREFIX.canonical, 2n), hexToBytes(chain[3]!.hash))
    await store.batch([entry], { sync: true })
    const problems = (await audit(store)).faults.map(({ problem }) => problem).join('\n')
    assert.match(problems, /its parent is/)
  })

  it('finds a head pointer to nothing, and none', async () => {
    const { store } = await makeChain()
    const pointTo = async (hash: `0x${string}`) => {
      const entry = putEntry(soleKey(CHAIN_PREFIX.head), hexToBytes(hash))
      await store.batch([entry], { sync: true })
    }
    await pointTo(`0x${'77'.repeat(32)}`)
    assert.match((await audit(store)).faults[0]?.problem ?? '', /head pointer/)
    await store.batch([{ type: 'del', key: soleKey(CHAIN_PREFIX.head) }], { sync: true })
    assert.match((await audit(store)).faults[0]?.problem ?? '', /there is none/)
  })

  it('finds a transaction that no index leads to', async () => {
    const { store } = await makeChain()
    const range = {
      start: Uint8Array.of(CHAIN_PREFIX.transaction),
      end: Uint8Array.of(CHAIN_PREFIX.transaction + 1)
    }
    for await (const [key] of store.iterate({ ...range, limit: 1 })) {
      await store.batch([{ type: 'del', key }], { sync: true })
    }
    assert.match((await audit(store)).faults[0]?.problem ?? '', /in no index/)
  })

  it('finds a signature that the schedule does not name', async () => {
    const { store } = await makeChain()
    const faults: ChainFault[] = []
    const schedule = { signerAt: () => `0x${'51'.repeat(20)}` as const }
    await auditChain(
      store,
      { ...RULES, schedule },
      {
        onFault: (fault) => void faults.push(fault),
        onProgress: () => Promise.resolve()
      }
    )
    assert.equal(faults.length, BLOCKS)
    assert.match(faults[0]?.problem ?? '', /signer-not-scheduled/)
  })
})
