// State diffs in bytes: as @chainsafe/ssz has them, one encoding each, and random bytes never misread.
import assert from 'node:assert/strict'
import {
  BooleanType,
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListCompositeType,
  UintBigintType
} from '@chainsafe/ssz'
import fc from 'fast-check'
import {
  decodeStateDiff,
  encodeStateDiff
} from '../../protocols/state-diffs-by-range/state-diff-codec.ts'
import { type StateDiff } from '../../protocols/state-diffs-by-range/state-diff.ts'
import { bytes, plainRecord } from '../support/payload-arbitraries.ts'
import { failureOf } from '../support/protocol-vectors.ts'

const hash = new ByteVectorType(32)
const slotType = new ContainerType({ slotHash: hash, value: new ByteListType(32) })
const accountType = new ContainerType({
  addressHash: hash,
  body: new ByteListType(128),
  storageCleared: new BooleanType(),
  slots: new ListCompositeType(slotType, 2 ** 20)
})
const oracle = new ContainerType({
  number: new UintBigintType(8),
  blockHash: hash,
  parentStateRoot: hash,
  stateRoot: hash,
  accounts: new ListCompositeType(accountType, 2 ** 20),
  codes: new ListCompositeType(new ByteListType(2 ** 24), 2 ** 16),
  receipts: new ListCompositeType(new ByteListType(2 ** 24), 2 ** 20)
})

/** Few keys, so that a changed byte often gives one that is there already. */
const key = fc.tuple(fc.nat(3), fc.nat(3)).map(([first, last]) => {
  const filled = new Uint8Array(32)
  filled[0] = first
  filled[31] = last
  return filled
})

function sortedBy<Item>(item: fc.Arbitrary<Item>, keyOf: (item: Item) => Uint8Array) {
  const text = (one: Item) => Buffer.from(keyOf(one)).toString('hex')
  return fc
    .uniqueArray(item, { selector: text, maxLength: 6 })
    .map((items) => items.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)))
}

const value = fc.uint8Array({ maxLength: 32 }).filter((one) => one[0] !== 0)
const slots = sortedBy(plainRecord({ slotHash: key, value }), ({ slotHash }) => slotHash)
const account = fc.oneof(
  plainRecord({
    addressHash: key,
    body: fc.constant(new Uint8Array()),
    storageCleared: fc.constant(true),
    slots: fc.constant([])
  }),
  plainRecord({
    addressHash: key,
    body: fc.uint8Array({ minLength: 1, maxLength: 128 }),
    storageCleared: fc.constant(false),
    slots
  }),
  plainRecord({
    addressHash: key,
    body: fc.uint8Array({ minLength: 1, maxLength: 128 }),
    storageCleared: fc.constant(true),
    slots: slots.map((all) => all.filter((one) => one.value.length > 0))
  })
)
const byteItems = fc.array(fc.uint8Array({ minLength: 1, maxLength: 70 }), { maxLength: 4 })

const stateDiff: fc.Arbitrary<StateDiff> = plainRecord({
  number: fc.bigInt({ min: 1n, max: 2n ** 64n - 2n }),
  blockHash: bytes(32),
  parentStateRoot: bytes(32),
  stateRoot: bytes(32),
  accounts: sortedBy(account, ({ addressHash }) => addressHash),
  codes: byteItems,
  receipts: byteItems
})

describe('state diff codec', () => {
  it('encodes as @chainsafe/ssz does, and decodes what it encoded', () => {
    fc.assert(
      fc.property(stateDiff, (diff) => {
        const encoded = encodeStateDiff(diff)
        const expected = oracle.serialize(diff as Parameters<typeof oracle.serialize>[0])
        assert.deepEqual(Buffer.from(encoded), Buffer.from(expected))
        assert.deepEqual(decodeStateDiff(encoded), diff)
      })
    )
  })

  it('has one encoding, and refuses all else by name', () => {
    let refused = 0
    fc.assert(
      fc.property(stateDiff, fc.nat(), fc.nat(255), fc.nat(3), (diff, at, byte, cut) => {
        const encoded = encodeStateDiff(diff)
        encoded[at % encoded.length] = byte
        const damaged = encoded.slice(0, encoded.length - cut)
        let decoded: StateDiff | undefined
        const failure = failureOf(() => {
          decoded = decodeStateDiff(damaged)
        })
        if (failure !== undefined) refused++
        if (decoded === undefined) return
        assert.deepEqual(encodeStateDiff(decoded), damaged)
        assert.deepEqual(
          Buffer.from(oracle.serialize(oracle.deserialize(damaged))),
          Buffer.from(damaged)
        )
      }),
      { numRuns: 400 }
    )
    assert.ok(refused > 40, `${refused} refused`)
  })

  it('refuses random bytes by name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (random) => {
        assert.notEqual(
          failureOf(() => decodeStateDiff(random)),
          undefined
        )
      })
    )
  })
})
