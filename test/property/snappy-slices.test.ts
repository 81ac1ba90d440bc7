// Unpacking in slices against the binding of the snappy crate: the same bytes, or refused by both.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compressBlock, decompressBlock, SnappyError } from '../../protocols/snappy-block.ts'
import { decompressInSlices } from '../../protocols/snappy-slices.ts'

const MAX_BYTES = 2 ** 20

/** What the unpacking gives; undefined where it refuses. */
async function resultOf(
  unpack: () => Uint8Array | Promise<Uint8Array>
): Promise<Uint8Array | undefined> {
  try {
    return await unpack()
  } catch (thrown) {
    assert.ok(thrown instanceof SnappyError)
    return undefined
  }
}

async function assertSame(compressed: Uint8Array): Promise<boolean> {
  const expected = await resultOf(() => decompressBlock(compressed, MAX_BYTES))
  const actual = await resultOf(() => decompressInSlices(compressed, MAX_BYTES, () => undefined))
  assert.deepEqual(actual, expected)
  return expected !== undefined
}

const literal = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.integer({ min: 0, max: 4 }))
  .map(([bytes, form]) => {
    const code = bytes.length - 1
    const length = Array.from({ length: form }, (_, index) => (code >>> (8 * index)) & 0xff)
    const bytesOfLength = form === 0 && code >= 60 ? [code] : length
    const tag = bytesOfLength.length === 0 ? code : 59 + bytesOfLength.length
    return { bytes: [tag << 2, ...bytesOfLength, ...bytes], adds: bytes.length }
  })

const copy = fc
  .tuple(
    fc.constantFrom(1, 2, 3),
    fc.integer({ min: 1, max: 64 }),
    fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2047 }))
  )
  .map(([kind, length, offset]) => {
    const low = offset & 0xff
    const high = offset >> 8
    if (kind === 1) {
      const code = (length - 1) & 7
      return { bytes: [1 | (code << 2) | (high << 5), low], adds: 4 + code }
    }
    const tail = kind === 2 ? [low, high] : [low, high, 0, 0]
    return { bytes: [kind | ((length - 1) << 2), ...tail], adds: length }
  })

/** Tags of any kind under a length that is mostly theirs, in a form of up to 10 bytes. */
const block = fc
  .record({
    tags: fc.array(fc.oneof(literal, copy), { maxLength: 12 }),
    off: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 1 })),
    padding: fc.integer({ min: 0, max: 9 })
  })
  .map(({ tags, off, padding }) => {
    const sizeBytes = Math.max(0, off + tags.reduce((total, { adds }) => total + adds, 0))
    const header = [sizeBytes & 0x7f, sizeBytes >> 7]
    const varint = [...header, ...Array<number>(padding).fill(0)].map((byte, index, all) =>
      index === all.length - 1 ? byte : byte | 0x80
    )
    return Uint8Array.from([...varint, ...tags.flatMap(({ bytes }) => bytes)])
  })

describe('unpacking in slices', () => {
  it('gives back whatever was compressed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
        assert.deepEqual(
          await decompressInSlices(compressBlock(bytes), MAX_BYTES, () => undefined),
          bytes
        )
      })
    )
  })

  it('takes and refuses what the binding does, whatever the tags', async () => {
    let validCount = 0
    await fc.assert(
      fc.asyncProperty(block, async (compressed) => {
        if (await assertSame(compressed)) validCount++
      }),
      { numRuns: 3_000 }
    )
    assert.ok(validCount > 300, String(validCount))
  })

  it('takes and refuses what the binding does with a byte changed, or a part of the block', async () => {
    const sound = compressBlock(new Uint8Array(3_000).map((_, index) => (index * index) >> 8))
    const mutations = fc.tuple(fc.nat(sound.length - 1), fc.nat(255), fc.nat(sound.length))
    await fc.assert(
      fc.asyncProperty(mutations, async ([at, byte, end]) => {
        const changed = Uint8Array.from(sound)
        changed[at] = byte
        await assertSame(changed)
        await assertSame(sound.slice(0, end))
      }),
      { numRuns: 500 }
    )
  })

  it('refuses more than it may hold before it allocates', async () => {
    const claim = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04)
    await assert.rejects(
      decompressInSlices(claim, MAX_BYTES, () => undefined),
      SnappyError
    )
  })

  it('pauses again and again in a large block', async () => {
    let pausesCount = 0
    const pause = () => {
      pausesCount++
      return undefined
    }
    await decompressInSlices(compressBlock(new Uint8Array(MAX_BYTES)), MAX_BYTES, pause)
    assert.ok(pausesCount > 10)
  })
})
