// The audit of a chain database: silent on a sound one, exact about every single damage.
import assert from 'node:assert/strict'
import { type StateDiff } from '../../../protocols/state-diffs-by-range/state-diff.ts'
import { encodeStateDiff } from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { type Block } from '../../../src/chain/blocks/block.ts'
import { encodeContent } from '../../../src/chain/blocks/block-content.ts'
import { encodeLocation } from '../../../src/chain/stored/canonical-entries.ts'
import { auditChain, type ChainFault } from '../../../src/chain/stored/chain-audit.ts'
import { putEntry } from '../../../src/chain/stored/chain-entry.ts'
import { createNamedValue } from '../../../src/chain/stored/named-value.ts'
import { encodeReceipts } from '../../../src/chain/blocks/receipt.ts'
import { type KeyValueStore } from '../../../src/store/key-value-store.ts'
import { CHAIN_PREFIX, hashKey, numberKey, soleKey } from '../../../src/store/keys.ts'
import { StoreError } from '../../../src/store/store-error.ts'
import {
  signChain,
  signChild,
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
    const { blocks, accepted } = await openTestChain(store)
    const chain = signChain(testGenesisBlock(), BLOCKS, { transactionsCount: 2 })
    for (const block of chain) await blocks.persist(block, testReceipts(block))
    return { store, blocks, accepted, chain }
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
    assert.deepEqual(seen.slice(0, 6), [0n, 1n, 2n, 3n, 4n, 5n])
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

  it('finds a damaged byte in every single entry, and names the entry once where no block leads to it', async () => {
    const { store, blocks, accepted, chain } = await makeChain()
    const diff = encodeStateDiff(emptyDiff(chain[4]!))
    await blocks.persistDiff(5n, { bytes: diff, diskNumber: 0n })
    await accepted.setAside([`0x${'55'.repeat(32)}`], 'given-up')
    await accepted.accept([signChild(chain[1]!, { salt: 9 })])
    await createNamedValue(store, 'a-name', String).save('a value')
    const { faults } = await audit(store)
    assert.deepEqual(faults, [])
    const entries: Uint8Array[] = []
    for await (const [key] of store.iterate({
      start: Uint8Array.of(0x61),
      end: Uint8Array.of(0xff)
    }))
      entries.push(key)
    const kinds = new Set(entries.map(([prefix]) => prefix))
    assert.deepEqual(kinds, new Set(Object.values(CHAIN_PREFIX)))
    for (const key of entries) {
      await damage(store, key)
      const found = (await audit(store)).faults
      await damage(store, key)
      assert.ok(found.length > 0, bytesToHex(key))
      const named = found.filter(({ problem }) => problem.includes(bytesToHex(key)))
      assert.equal(named.length, 1, `${bytesToHex(key)}: ${JSON.stringify(named, bigintText)}`)
    }
  })

  it('finds what is wrong with accepted blocks beside the chain', async () => {
    const { store, accepted, chain } = await makeChain()
    const beside = signChild(chain[1]!, { salt: 9 })
    await accepted.accept([beside])
    assert.deepEqual((await audit(store)).faults, [])
    const contentKey = hashKey(CHAIN_PREFIX.content, beside.hash)
    const other = putEntry(contentKey, encodeContent(chain[3]!))
    await store.batch([other], { sync: true })
    const [fault] = (await audit(store)).faults
    assert.deepEqual([fault?.number, fault?.hash], [3n, beside.hash])
    assert.match(fault?.problem ?? '', /its message is of 0x/)
    await store.batch([{ type: 'del', key: hashKey(CHAIN_PREFIX.header, beside.hash) }], {
      sync: true
    })
    assert.match((await audit(store)).faults[0]?.problem ?? '', /index of accepted blocks alone/)
  })

  it('finds a signed block that the index of accepted blocks lost', async () => {
    const { store } = await makeChain()
    await store.batch([{ type: 'del', key: numberKey(CHAIN_PREFIX.accepted, 4n) }], { sync: true })
    const { faults } = await audit(store)
    assert.deepEqual(
      faults.map(({ number }) => number),
      [4n]
    )
    assert.match(faults[0]?.problem ?? '', /not in the index of accepted blocks/)
  })

  it('finds a height with two accepted blocks that the index of such heights lost', async () => {
    const { store, accepted, chain } = await makeChain()
    await accepted.accept([signChild(chain[1]!, { salt: 9 })])
    await store.batch([{ type: 'del', key: numberKey(CHAIN_PREFIX.contested, 3n) }], { sync: true })
    const [fault] = (await audit(store)).faults
    assert.equal(fault?.number, 3n)
    assert.match(fault.problem, /more than one block was accepted/)
  })

  it('finds a transaction that the index has elsewhere', async () => {
    const { store, chain } = await makeChain()
    const hash = bytesToHex(keccak256(chain[0]!.transactions[0]!))
    const entry = putEntry(hashKey(CHAIN_PREFIX.transaction, hash), encodeLocation(1n, 1))
    await store.batch([entry], { sync: true })
    assert.match((await audit(store)).faults[0]?.problem ?? '', /elsewhere in the index/)
  })

  it('goes on where LevelDB cannot read entries, and names their kind', async () => {
    const { store } = await makeChain()
    const failing: KeyValueStore = {
      ...store,
      iterate(range) {
        if (range.start[0] !== CHAIN_PREFIX.accepted) return store.iterate(range)
        throw new StoreError({ code: 'store-damaged', path: 'db', reason: 'bad block' })
      }
    }
    const { faults } = await audit(failing)
    assert.equal(faults.length, 1)
    assert.match(faults[0]?.problem ?? '', /entries of accepted cannot all be read/)
  })

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
    const schedule = { signerAt: () => `0x${'51'.repeat(20)}` as const, names: () => false }
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

/** A diff of form, which says that nothing changed. */
function emptyDiff({ number, hash, stateRoot }: Block): StateDiff {
  const root = hexToBytes(stateRoot)
  const blockHash = hexToBytes(hash)
  const rest = { accounts: [], codes: [], receipts: [] }
  return { number, blockHash, parentStateRoot: root, stateRoot: root, ...rest }
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
