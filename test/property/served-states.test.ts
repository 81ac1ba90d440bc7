// What is served of generated states: true by the client's checks, the same leaves, and refused with anything changed.
import assert from 'node:assert/strict'
import { ByteListType, ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz'
import fc from 'fast-check'
import {
  type AccountRangeRequest,
  decodeAccountRange,
  encodeAccountRange
} from '../../protocols/account-range/codec.ts'
import { ProtocolError } from '../../protocols/protocol-error.ts'
import { type StateLeaf } from '../../protocols/state-leaves.ts'
import { decodeStorageRanges, encodeStorageRanges } from '../../protocols/storage-ranges/codec.ts'
import { bytesToHex, type Hex, hexToBytes } from '../../src/base/bytes.ts'
import { silentLog } from '../../src/base/log.ts'
import { createSeededRandom } from '../../src/base/random.ts'
import { createStateRanges } from '../../src/state/state-ranges.ts'
import { StateStore } from '../../src/state/state-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { SERVED_ACCOUNT_RANGE } from '../../src/sync/protocols/account-range.ts'
import { SERVED_STORAGE_RANGES } from '../../src/sync/protocols/storage-ranges.ts'
import '../support/fast-check-seed.ts'
import { ENDLESS_TURNS, FIRST_KEY, LAST_KEY } from '../support/served-state.ts'
import { drawChanges, type ModelState } from '../support/state-model.ts'
import { judgeAnswer } from '../support/state-decisions.ts'

const ACCOUNTS = 24
const RUNS = 40
const FLIPS = 12

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** A state of a few blocks, with what it must hold. */
async function drawState(seed: number) {
  const random = createSeededRandom(seed)
  const store = new StateStore({ store: createMemoryStore(), log: silentLog })
  const model: ModelState = new Map()
  const changes = drawChanges(random, model, ACCOUNTS)
  let hash: Hex = `0x${'00'.repeat(32)}`
  let root = await store.resetToGenesis({ changes, number: 0n, hash })
  for (let number = 1; number < 4; number++) {
    const prepared = await store.prepare(hash, drawChanges(random, model, ACCOUNTS))
    hash = `0x${number.toString(16).padStart(64, '0')}`
    root = prepared.root
    store.add(prepared, { number: BigInt(number), hash })
  }
  const keys = [...model.keys()].sort()
  return { store, ranges: createStateRanges(store), root: hexToBytes(root), model, keys }
}

type Drawn = Awaited<ReturnType<typeof drawState>>

const judgeAccounts = (
  request: Parameters<Drawn['ranges']['accountRange']>[0],
  chunk: Uint8Array
) => judgeAnswer(SERVED_ACCOUNT_RANGE, { request, chunk }, {})

function leavesOf(leaves: Iterable<StateLeaf>): readonly StateLeaf[] {
  return [...leaves]
}

/** Any one of its bits changed, or its end cut off. */
function* bent(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  const random = createSeededRandom(seed)
  for (let flip = 0; flip < FLIPS; flip++) {
    const copy = Uint8Array.from(bytes)
    copy[random.below(copy.length)]! ^= 1 << random.below(8)
    yield copy
    yield bytes.slice(0, random.below(bytes.length))
  }
}

/**
 * Refused by the codec, or by the checks. `sound`: what may come out of it all the same, where no more than the proof of
 * a whole trie was cut off, which its leaves do not need.
 */
async function assertRefused(
  judge: (bytes: Uint8Array) => ReturnType<typeof judgeAnswer>,
  decode: (bytes: Uint8Array) => unknown,
  bytes: Uint8Array,
  { what, sound }: { readonly what: string; readonly sound?: unknown }
): Promise<void> {
  try {
    decode(bytes)
  } catch (thrown) {
    assert.ok(thrown instanceof ProtocolError, what)
    return
  }
  const { item } = await judge(bytes)
  if (item !== undefined) assert.deepEqual(item, sound, what)
}

describe('what is served of a state', () => {
  it('is all the accounts of a stretch, however it is cut, and true', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        key,
        key,
        fc.nat(1_500),
        async (seed, one, other, maxBytes) => {
          const { ranges, root, keys } = await drawState(seed)
          const [origin, limit] = Buffer.compare(one, other) <= 0 ? [one, other] : [other, one]
          const due = keys.filter((hash) => hash >= bytesToHex(origin) && hash <= bytesToHex(limit))
          const got: Hex[] = []
          let request: AccountRangeRequest = { root, origin, limit, maxBytes }
          for (let rounds = 0; rounds <= ACCOUNTS; rounds++) {
            const answer = await ranges.accountRange(request, ENDLESS_TURNS)
            assert.ok(answer !== undefined)
            const { item } = await judgeAccounts(request, answer)
            assert.ok(item !== undefined)
            got.push(...item.accounts.map(({ hash }) => bytesToHex(hash)))
            const last = item.accounts.at(-1)
            if (!item.hasMore || last === undefined) break
            request = { ...request, origin: nextKey(last.hash) }
          }
          assert.deepEqual(got, due)
        }
      ),
      { numRuns: RUNS }
    )
  })

  it('is all the slots of all accounts, however they are cut, and true', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(600), async (seed, maxBytes) => {
        const { store, ranges, root, keys, model } = await drawState(seed)
        const view = store.viewOfRoot(bytesToHex(root))!
        const got = new Map<Hex, [Hex, Hex][]>(keys.map((account) => [account, []]))
        let left: readonly Hex[] = keys
        let origin: Uint8Array = FIRST_KEY
        while (left.length > 0) {
          const accounts = (origin === FIRST_KEY ? left : left.slice(0, 1)).map((hash) =>
            hexToBytes(hash)
          )
          const request = { root, accounts, origin, limit: LAST_KEY, maxBytes }
          const chunk = await ranges.storageRanges(request, ENDLESS_TURNS)
          assert.ok(chunk !== undefined)
          const storageRoots = accounts.map((account) => view.storageRoot(account))
          const { item } = await judgeAnswer(
            SERVED_STORAGE_RANGES,
            { request, chunk },
            { storageRoots }
          )
          assert.ok(item !== undefined && item.storages.length > 0)
          for (const [at, { slots }] of item.storages.entries()) {
            got
              .get(left[at]!)!
              .push(
                ...slots.map(
                  ({ hash, value }) => [bytesToHex(hash), bytesToHex(value)] as [Hex, Hex]
                )
              )
          }
          const last = item.storages.at(-1)!.slots.at(-1)
          left = left.slice(item.storages.length - (item.hasMore ? 1 : 0))
          origin = item.hasMore && last !== undefined ? nextKey(last.hash) : FIRST_KEY
        }
        for (const [account, { slots }] of model) {
          const due = [...slots].map(([hash, value]) => [hash, bytesToHex(value)]).sort()
          assert.deepEqual(got.get(account), due)
        }
      }),
      { numRuns: RUNS }
    )
  })

  it('is refused with an account left out, added or changed, a node changed, and any bit flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(2_000), async (seed, maxBytes) => {
        const { ranges, root } = await drawState(seed)
        const request = { root, origin: FIRST_KEY, limit: LAST_KEY, maxBytes }
        const chunk = (await ranges.accountRange(request, ENDLESS_TURNS))!
        const { accounts, proof } = decodeAccountRange(chunk)
        const leaves = leavesOf(accounts)
        const refuse = (what: string, sent: readonly StateLeaf[], nodes = proof) =>
          assertRefused(
            (bytes) => judgeAccounts(request, bytes),
            (bytes) => leavesOf(decodeAccountRange(bytes).accounts),
            encodeAccountRange({ accounts: sent, proof: nodes }),
            { what }
          )
        for (const [at, leaf] of leaves.entries()) {
          if (leaves.length > 1) await refuse(`without ${String(at)}`, leaves.toSpliced(at, 1))
          const value = Uint8Array.from(leaf.value)
          value[1]! ^= 1
          await refuse(`another ${String(at)}`, leaves.with(at, { hash: leaf.hash, value }))
          await refuse(`twice ${String(at)}`, leaves.toSpliced(at, 0, leaf))
        }
        for (const [at, node] of proof.entries()) {
          await refuse(
            `no node ${String(at)}`,
            leaves,
            proof.length > 1 ? proof.toSpliced(at, 1) : [Uint8Array.of(0xc0)]
          )
          await refuse(`twice node ${String(at)}`, leaves, [...proof, node])
        }
        const sound = (await judgeAccounts(request, chunk)).item
        for (const bytes of bent(chunk, seed)) {
          await assertRefused(
            (it) => judgeAccounts(request, it),
            (it) => leavesOf(decodeAccountRange(it).accounts),
            bytes,
            { what: 'a bit, or the end', sound }
          )
        }
      }),
      { numRuns: RUNS }
    )
  })

  it('is refused with any bit of slots flipped, or the end cut off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { store, ranges, root, keys } = await drawState(seed)
        const view = store.viewOfRoot(bytesToHex(root))!
        const accounts = keys.map((hash) => hexToBytes(hash))
        const request = { root, accounts, origin: FIRST_KEY, limit: LAST_KEY, maxBytes: 300 }
        const storageRoots = accounts.map((account) => view.storageRoot(account))
        const chunk = (await ranges.storageRanges(request, ENDLESS_TURNS))!
        const sound = await judgeAnswer(SERVED_STORAGE_RANGES, { request, chunk }, { storageRoots })
        assert.ok(sound.item !== undefined)
        for (const bytes of bent(chunk, seed)) {
          await assertRefused(
            (it) => judgeAnswer(SERVED_STORAGE_RANGES, { request, chunk: it }, { storageRoots }),
            (it) => decodeStorageRanges(it).slots.map((list) => [...list]),
            bytes,
            { what: 'a bit, or the end', sound: sound.item }
          )
        }
      }),
      { numRuns: RUNS }
    )
  })

  it('is encoded as @chainsafe/ssz encodes it', () => {
    const leaf = (maxBytes: number) =>
      new ContainerType({ hash: new ByteVectorType(32), value: new ByteListType(maxBytes) })
    const proofType = new ListCompositeType(new ByteListType(1024), 130)
    const accountsType = new ListCompositeType(leaf(128), 2 ** 16)
    const slotsType = new ListCompositeType(new ListCompositeType(leaf(32), 2 ** 16), 1024)
    const accountRange = new ContainerType({ accounts: accountsType, proof: proofType })
    const storageRanges = new ContainerType({ slots: slotsType, proof: proofType })
    const leaves = fc
      .uniqueArray(fc.tuple(key, fc.uint8Array({ minLength: 1, maxLength: 32 })), {
        maxLength: 8,
        selector: ([hash]) => bytesToHex(hash)
      })
      .map((pairs) =>
        pairs
          .map(([hash, value]) => ({ hash, value }))
          .sort((one, other) => Buffer.compare(one.hash, other.hash))
      )
    const nodes = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 })
    fc.assert(
      fc.property(leaves, fc.array(leaves, { maxLength: 4 }), nodes, (accounts, slots, proof) => {
        assert.deepEqual(
          encodeAccountRange({ accounts, proof }),
          accountRange.serialize({ accounts, proof })
        )
        assert.deepEqual(
          encodeStorageRanges({ slots, proof }),
          storageRanges.serialize({ slots, proof })
        )
      })
    )
  })
})

function nextKey(hash: Uint8Array): Uint8Array {
  return hexToBytes(`0x${(BigInt(bytesToHex(hash)) + 1n).toString(16).padStart(64, '0')}`)
}
