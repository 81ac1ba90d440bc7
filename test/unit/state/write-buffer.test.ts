// The write buffer against a plain map: what it says of entries, what they cost, and that what it lent stays as it was.
import assert from 'node:assert/strict'
import { createSeededRandom, type Random } from '../../../src/base/random.ts'
import { type EntryKey, storageOwner } from '../../../src/state/entry-key.ts'
import { packLayer } from '../../../src/state/pack-values.ts'
import { ValueSlots } from '../../../src/state/value-slots.ts'
import { WriteBuffer } from '../../../src/state/write-buffer.ts'
import { STATE_PREFIX } from '../../../src/store/keys.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
const LAYERS = 60
const ENTRIES_EACH = 40
const OWNERS = 4
/** What the buffer counts for an entry beside its bytes. */
const OVERHEAD_BYTES = 64

type Entries = Map<EntryKey, Uint8Array | undefined>

describe(`the write buffer (seed ${String(SEED)})`, () => {
  it('holds the newest write of each entry, and counts its bytes', () => {
    const random = createSeededRandom(SEED)
    const buffer = new WriteBuffer()
    const model: Entries = new Map()
    const wiped = new Set<string>()
    for (let layer = 1; layer <= LAYERS; layer++) {
      const cleared = new Set(layer % 7 === 0 ? [ownerOf(random.below(OWNERS))] : [])
      const entries = drawEntries(random)
      buffer.merge({ entries, cleared, sizeBytes: 0 })
      for (const key of [...model.keys()]) {
        if (cleared.has(storageOwner(key) ?? '')) model.delete(key)
      }
      for (const owner of cleared) wiped.add(owner)
      for (const [key, value] of entries) model.set(key, value)
      assert.deepEqual(sorted(buffer.entries()), sorted(model))
      assert.equal(buffer.sizeBytes, sizeOf(model))
      assert.equal(buffer.blocksCount, layer)
    }
    assert.deepEqual(buffer.cleared(), wiped)
    for (const [key, value] of model) assert.deepEqual(buffer.find(key), { value })
    for (const owner of wiped) {
      assert.deepEqual(buffer.find(slotOf(owner, 999)), { value: undefined }, 'deleted by the wipe')
    }
    assert.equal(buffer.find('A nobody'), undefined)
  })

  it('lends copies: what was read stays as it was, and what was merged may change', () => {
    const buffer = new WriteBuffer()
    const given = Uint8Array.of(1, 2, 3)
    buffer.merge(layerOf([['A', given]]))
    given[0] = 9
    const before = buffer.find('A')?.value
    buffer.merge(layerOf([['A', Uint8Array.of(4, 5, 6)]]))
    assert.deepEqual(before, Uint8Array.of(1, 2, 3))
    assert.deepEqual(buffer.find('A')?.value, Uint8Array.of(4, 5, 6))
  })

  it('gives the memory of what was replaced to what comes after it', () => {
    const slots = new ValueSlots()
    let slot = slots.add(new Uint8Array(500))
    const used = new Set([slot])
    for (let round = 0; round < 1_000; round++) {
      slot = slots.replace(slot, new Uint8Array(round % 2 === 0 ? 40 : 500).fill(round))
      used.add(slot)
    }
    assert.equal(used.size, 2)
  })

  it('takes values of any length, the ones above a piece too', () => {
    const slots = new ValueSlots()
    const lengths = [0, 1, 27, 28, 29, 2 ** 20 - 4, 2 ** 20 - 3, 3 * 2 ** 20, 5]
    const valueOf = (length: number) => new Uint8Array(length).fill(length & 0xff)
    const places = lengths.map((length) => slots.add(valueOf(length)))
    for (const [index, length] of lengths.entries()) {
      assert.ok(Buffer.from(slots.view(places[index]!)).equals(valueOf(length)), String(length))
    }
    slots.remove(places[7]!)
    assert.throws(() => slots.copy(places[7]!), RangeError)
  })
})

describe('the packed content of a layer', () => {
  it('is the same, in few pieces of memory', async () => {
    const entries = drawEntries(createSeededRandom(SEED))
    const content = { entries, cleared: new Set(['owner']) }
    const packed = await packLayer(content)
    let sizeBytes = 0
    for (const [key, value] of entries) sizeBytes += key.length + (value?.length ?? 0)
    assert.deepEqual(packed, { ...content, sizeBytes })
    const pieces = new Set([...packed.entries.values()].map((value) => value?.buffer))
    pieces.delete(undefined)
    assert.equal(pieces.size, 1)
  })
})

function drawEntries(random: Random): Entries {
  const entries: Entries = new Map()
  for (let count = 0; count < ENTRIES_EACH; count++) {
    const isDeleted = random.below(5) === 0
    const value = isDeleted ? undefined : new Uint8Array(random.below(700)).fill(random.below(256))
    const key = slotOf(ownerOf(random.below(OWNERS)), random.below(60))
    entries.set(random.below(2) === 0 ? key : `A${key.slice(1, 33)}`, value)
  }
  return entries
}

function ownerOf(index: number): string {
  return String(index).padEnd(32, '.')
}

function slotOf(owner: string, index: number): EntryKey {
  return String.fromCharCode(STATE_PREFIX.slot) + owner + String(index)
}

function layerOf(entries: readonly (readonly [EntryKey, Uint8Array])[]) {
  return { entries: new Map(entries), cleared: new Set<string>(), sizeBytes: 0 }
}

function sizeOf(model: Entries): number {
  let bytes = 0
  for (const [key, value] of model) bytes += key.length + OVERHEAD_BYTES + (value?.length ?? 0)
  return bytes
}

function sorted(entries: Iterable<readonly [EntryKey, Uint8Array | undefined]>) {
  return [...entries].sort(([one], [other]) => (one < other ? -1 : 1))
}
