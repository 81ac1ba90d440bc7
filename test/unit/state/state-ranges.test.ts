// Serving parts of a state: what is held and what is not, bounds of bytes and of time, states that go while they are read.
import assert from 'node:assert/strict'
import { decodeAccountRange } from '../../../protocols/account-range/codec.ts'
import { BYTE_CODE_MAX_BYTES } from '../../../protocols/byte-codes/codec.ts'
import { LEAF_OVERHEAD_BYTES } from '../../../protocols/state-leaves.ts'
import { decodeStorageRanges } from '../../../protocols/storage-ranges/codec.ts'
import { type AnswerTurns } from '../../../src/base/answer-turns.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createStateRanges } from '../../../src/state/state-ranges.ts'
import { StateStore } from '../../../src/state/state-store.ts'
import { type AccountChange } from '../../../src/state/state-view.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'
import { EMPTY_ROOT } from '../../../src/trie/trie.ts'
import {
  createServedState,
  ENDLESS_TURNS,
  FIRST_KEY,
  LAST_KEY,
  type ServedStateFixture
} from '../../support/served-state.ts'
import { testHash } from '../../support/state-model.ts'

const MANY_BYTES = 2 ** 31
const NOBODY = testHash(77_777)

/** Time that is spent after so many items. */
function turnsOf(itemsCount: number): AnswerTurns {
  let seenCount = 0
  return {
    get isSpent() {
      return seenCount >= itemsCount
    },
    pause() {
      seenCount++
      return Promise.resolve()
    }
  }
}

function accountsIn(answer: Uint8Array | undefined) {
  assert.ok(answer !== undefined)
  return [...decodeAccountRange(answer).accounts]
}

function change(index: number, balance: bigint, slots: AccountChange['slots'] = []): AccountChange {
  const account = { nonce: 1n, balance, codeHash: undefined }
  return { addressHash: testHash(index), account, storageCleared: false, slots }
}

function blockHash(number: number): Hex {
  return `0x${number.toString(16).padStart(64, '0')}`
}

describe('serving a state', () => {
  let state: ServedStateFixture
  const all = () => ({ root: state.root, origin: FIRST_KEY, limit: LAST_KEY, maxBytes: MANY_BYTES })

  before(async () => {
    state = await createServedState({ accountsCount: 40, slotsCounts: [30, 3] })
  })

  it('gives what fits into the bytes to the last one, and the first account in any case', async () => {
    const { ranges } = state
    const leaves = accountsIn(await ranges.accountRange(all(), ENDLESS_TURNS))
    assert.deepEqual(
      leaves.map(({ hash }) => hash),
      state.accounts.map(({ addressHash }) => addressHash)
    )
    const three = leaves
      .slice(0, 3)
      .reduce((sum, { value }) => sum + value.length + LEAF_OVERHEAD_BYTES, 0)
    for (const [maxBytes, count] of [
      [0, 1],
      [three - 1, 2],
      [three, 3]
    ] as const) {
      const answer = await ranges.accountRange({ ...all(), maxBytes }, ENDLESS_TURNS)
      assert.equal(accountsIn(answer).length, count)
    }
  })

  it('ends with the first account that is not below the limit', async () => {
    const { ranges, accounts } = state
    for (const [limit, count] of [
      [FIRST_KEY, 1],
      [accounts[4]!.addressHash, 5],
      [LAST_KEY, 40]
    ] as const) {
      const answer = await ranges.accountRange({ ...all(), limit }, ENDLESS_TURNS)
      assert.equal(accountsIn(answer).length, count)
    }
  })

  it('ends when its time is spent, not before the first item', async () => {
    const { ranges, accounts, codes } = state
    for (const count of [1, 7]) {
      assert.equal(accountsIn(await ranges.accountRange(all(), turnsOf(count))).length, count)
    }
    const asked = { ...all(), accounts: accounts.map(({ addressHash }) => addressHash) }
    const slots = await ranges.storageRanges(asked, turnsOf(5))
    assert.ok(slots !== undefined && decodeStorageRanges(slots).slots.length < 40)
    const hashes = codes.map((code) => keccak256(code))
    assert.equal((await ranges.byteCodes({ hashes, maxBytes: MANY_BYTES }, turnsOf(1))).length, 1)
    const paths = [0, 1, 2].map((nibble) => ({ account: FIRST_KEY, path: Uint8Array.of(nibble) }))
    const nodes = await ranges.trieNodes({ ...all(), paths }, turnsOf(2))
    assert.equal(nodes?.length, 2)
  })

  it('goes on behind accounts that are not held when its time is spent, until it has one code', async () => {
    const { ranges, codes } = state
    const hashes = [NOBODY, ...codes.map((code) => keccak256(code))]
    const found = await ranges.byteCodes({ hashes, maxBytes: MANY_BYTES }, turnsOf(1))
    assert.deepEqual(found, [codes[0]])
  })

  it('sends whole storages without proof, a part with one, and none of which not one slot fits', async () => {
    const { ranges, accounts } = state
    const asked = { ...all(), accounts: accounts.map(({ addressHash }) => addressHash) }
    const whole = decodeStorageRanges((await ranges.storageRanges(asked, ENDLESS_TURNS))!)
    assert.deepEqual(
      whole.slots.map((list) => [...list].length),
      accounts.map(({ slots }) => slots.length)
    )
    assert.equal(whole.proof.length, 0)
    const [first, second] = accounts.filter(({ slots }) => slots.length > 0)
    const sizeOf = (slots: AccountChange['slots']) =>
      slots.reduce((sum, { value }) => sum + value.length + LEAF_OVERHEAD_BYTES, 0)
    const both = { ...all(), accounts: [first!.addressHash, second!.addressHash] }
    for (const [extraBytes, counts, isProved] of [
      [-1, [first!.slots.length - 1], true],
      [0, [first!.slots.length], false],
      [LEAF_OVERHEAD_BYTES, [first!.slots.length], false],
      [LEAF_OVERHEAD_BYTES + 32, [first!.slots.length, 1], true]
    ] as const) {
      const maxBytes = sizeOf(first!.slots) + extraBytes
      const { slots, proof } = decodeStorageRanges(
        (await ranges.storageRanges({ ...both, maxBytes }, ENDLESS_TURNS))!
      )
      assert.deepEqual(
        slots.map((list) => [...list].length),
        counts
      )
      assert.equal(proof.length > 0, isProved)
    }
  })

  it('ends before an account that is not there, and has nothing where the first is not', async () => {
    const { ranges, accounts } = state
    const [account] = accounts
    const known = account!.addressHash
    const asked = { ...all(), accounts: [known, LAST_KEY] }
    const answer = await ranges.storageRanges(asked, ENDLESS_TURNS)
    assert.equal(decodeStorageRanges(answer!).slots.length, 1)
    assert.equal(
      await ranges.storageRanges({ ...all(), accounts: [NOBODY] }, ENDLESS_TURNS),
      undefined
    )
  })

  it('gives nodes by their places: roots, children, none where there is none', async () => {
    const { ranges, accounts, store, root } = state
    const owner = accounts.find(({ slots }) => slots.length > 1)!.addressHash
    const paths = [
      { account: FIRST_KEY, path: new Uint8Array() },
      { account: owner, path: new Uint8Array() },
      {
        account: accounts.find(({ slots }) => slots.length === 0)!.addressHash,
        path: new Uint8Array()
      },
      { account: NOBODY, path: new Uint8Array() },
      { account: FIRST_KEY, path: new Uint8Array(64) }
    ]
    const nodes = await ranges.trieNodes({ ...all(), paths }, ENDLESS_TURNS)
    assert.ok(nodes !== undefined)
    const storageRoot = store.viewOfRoot(bytesToHex(root))!.storageRoot(owner)
    assert.deepEqual(keccak256(nodes[0]!), root)
    assert.deepEqual(keccak256(nodes[1]!), storageRoot)
    assert.deepEqual(
      nodes.slice(2).map(({ length }) => length),
      [0, 0, 0]
    )
    const two = nodes[0]!.length + nodes[1]!.length + 8
    for (const [maxBytes, count] of [
      [0, 1],
      [two - 1, 1],
      [two, 2]
    ] as const) {
      const some = await ranges.trieNodes({ ...all(), paths, maxBytes }, ENDLESS_TURNS)
      assert.equal(some?.length, count)
    }
  })

  it('has nothing of a root that no readable state has', async () => {
    const { ranges } = state
    const asked = { ...all(), root: NOBODY }
    const paths = [{ account: FIRST_KEY, path: new Uint8Array() }]
    assert.equal(await ranges.accountRange(asked, ENDLESS_TURNS), undefined)
    assert.equal(
      await ranges.storageRanges({ ...asked, accounts: [FIRST_KEY] }, ENDLESS_TURNS),
      undefined
    )
    assert.equal(await ranges.trieNodes({ ...asked, paths }, ENDLESS_TURNS), undefined)
    const zeros = { ...all(), root: FIRST_KEY }
    const empty = createStateRanges(new StateStore({ store: createMemoryStore(), log: silentLog }))
    assert.equal(await empty.accountRange(zeros, ENDLESS_TURNS), undefined)
    assert.deepEqual(await empty.byteCodes({ hashes: [NOBODY], maxBytes: 0 }, ENDLESS_TURNS), [])
  })

  it('serves codes in the order of the request, and none that is too large', async () => {
    const codes = [BYTE_CODE_MAX_BYTES + 1, BYTE_CODE_MAX_BYTES].map((length) =>
      new Uint8Array(length).fill(1)
    )
    const accounts = codes
      .map((code, at) => ({
        ...change(at, 1n),
        account: { nonce: 1n, balance: 1n, codeHash: keccak256(code) }
      }))
      .sort((one, other) => Buffer.compare(one.addressHash, other.addressHash))
    const store = new StateStore({ store: createMemoryStore(), log: silentLog })
    await store.resetToGenesis({ changes: { accounts, codes }, number: 0n, hash: blockHash(0) })
    const hashes = [...codes.map((code) => keccak256(code)), NOBODY].toReversed()
    const found = await createStateRanges(store).byteCodes(
      { hashes, maxBytes: MANY_BYTES },
      ENDLESS_TURNS
    )
    assert.deepEqual(
      found.map(({ length }) => length),
      [BYTE_CODE_MAX_BYTES]
    )
  })
})

describe('a served state that goes', () => {
  /** Blocks of which each changes one account, and the roots after them. */
  async function chainOf(count: number) {
    const store = new StateStore(
      { store: createMemoryStore(), log: silentLog },
      { diffLayersMax: 2 }
    )
    const accounts = Array.from({ length: 60 }, (_, at) => change(at, 1n)).sort((one, other) =>
      Buffer.compare(one.addressHash, other.addressHash)
    )
    const genesis = { changes: { accounts, codes: [] }, number: 0n, hash: blockHash(0) }
    const roots = [await store.resetToGenesis(genesis)]
    const add = async (number: number, balance: bigint) => {
      const changes = { accounts: [change(5, balance)], codes: [] }
      const prepared = await store.prepare(blockHash(number - 1), changes)
      store.add(prepared, { number: BigInt(number), hash: blockHash(number) })
      store.cap(blockHash(number))
      roots.push(prepared.root)
    }
    for (let number = 1; number < count; number++) await add(number, BigInt(number + 1))
    return { store, ranges: createStateRanges(store), roots, add }
  }

  const wholeOf = (root: Hex) => ({
    ...{ root: hexToBytes(root), origin: FIRST_KEY, limit: LAST_KEY, maxBytes: MANY_BYTES }
  })

  it('is served for as long as its block is readable, and the newest one of those that share a root', async () => {
    const { ranges, roots, add, store } = await chainOf(5)
    for (const [at, root] of roots.entries()) {
      const answer = await ranges.accountRange(wholeOf(root), ENDLESS_TURNS)
      assert.equal(answer !== undefined, at >= 2, `block ${String(at)}`)
    }
    // The same account again as two blocks before: the same root.
    await add(5, 4n)
    assert.equal(roots[5], roots[3])
    await add(6, 9n)
    assert.ok((await ranges.accountRange(wholeOf(roots[5]!), ENDLESS_TURNS)) !== undefined)
    await add(7, 10n)
    await add(8, 11n)
    assert.equal(store.viewOfRoot(roots[5]!), undefined)
  })

  it('ends as not held in the middle of an answer, and never mixes two states', async () => {
    const { ranges, roots, add } = await chainOf(3)
    let pausesCount = 0
    const turns: AnswerTurns = {
      isSpent: false,
      pause() {
        pausesCount++
        // Blocks come while the answer waits for its turn.
        return pausesCount === 10 ? addSome() : undefined
      }
    }
    const addSome = async () => {
      for (let number = 3; number < 8; number++) await add(number, BigInt(100 + number))
    }
    assert.equal(await ranges.accountRange(wholeOf(roots[0]!), turns), undefined)
    assert.equal(pausesCount, 10)
  })

  it('is an answer of nothing where it is empty', async () => {
    const store = new StateStore({ store: createMemoryStore(), log: silentLog })
    const changes = { accounts: [], codes: [] }
    const root = await store.resetToGenesis({ changes, number: 0n, hash: blockHash(0) })
    assert.equal(root, bytesToHex(EMPTY_ROOT))
    const answer = await createStateRanges(store).accountRange(wholeOf(root), ENDLESS_TURNS)
    assert.equal(accountsIn(answer).length, 0)
  })
})

describe('a served state on a damaged disk', () => {
  it('is not served where a node is damaged, and other nodes are', async () => {
    const database = createMemoryStore()
    const store = new StateStore({ store: database, log: silentLog })
    const accounts = Array.from({ length: 40 }, (_, at) => change(at, 1n)).sort((one, other) =>
      Buffer.compare(one.addressHash, other.addressHash)
    )
    const genesis = { changes: { accounts, codes: [] }, number: 0n, hash: blockHash(0) }
    const root = await store.resetToGenesis(genesis)
    const nibble = accounts[20]!.addressHash[0]! >> 4
    // With what is below it: else it would be made again.
    const { accountNode, account } = STATE_PREFIX
    const firstNode = Uint8Array.from([accountNode, nibble.toString(16).charCodeAt(0)])
    const keys: Uint8Array[] = []
    for (const [start, end] of [
      [firstNode, Uint8Array.of(accountNode, firstNode[1]! + 1)],
      [Uint8Array.of(account, nibble << 4), Uint8Array.of(account, (nibble << 4) + 15, 0xff)]
    ] as const) {
      for await (const [key] of database.iterate({ start, end })) keys.push(Uint8Array.from(key))
    }
    assert.ok(keys.length > 3)
    await database.batch(
      keys.map((key) => ({
        type: 'put',
        key,
        value: Uint8Array.from(database.get(key)!, (byte) => byte ^ 1)
      })),
      { sync: false }
    )
    const ranges = createStateRanges(store)
    const asked = {
      root: hexToBytes(root),
      origin: FIRST_KEY,
      limit: LAST_KEY,
      maxBytes: MANY_BYTES
    }
    assert.equal(await ranges.accountRange(asked, ENDLESS_TURNS), undefined)
    const paths = [Uint8Array.of(), Uint8Array.of(nibble)].map((path) => ({
      account: FIRST_KEY,
      path
    }))
    const nodes = await ranges.trieNodes({ ...asked, paths }, ENDLESS_TURNS)
    assert.deepEqual(
      nodes?.map(({ length }) => length > 0),
      [true, false]
    )
  })
})
