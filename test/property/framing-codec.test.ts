// Chunks through the parser: any chunks, any split, any damage.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeChunk, type ResponseChunk } from '../../protocols/framing/chunk.ts'
import { ChunkParser } from '../../protocols/framing/chunk-parser.ts'
import { plainRecord } from '../support/payload-arbitraries.ts'
import { failureOf } from '../support/protocol-vectors.ts'

const LIMITS = { chunkMaxBytes: 2000, chunksMax: 8 }

const okChunk: fc.Arbitrary<ResponseChunk> = plainRecord({
  result: fc.constant('ok' as const),
  version: fc.nat(255),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(255), fc.nat(2000)).map(([byte, length]) => new Uint8Array(length).fill(byte))
  )
})

const lastChunk: fc.Arbitrary<ResponseChunk> = fc.oneof(
  plainRecord({
    result: fc.constantFrom(
      'unavailable' as const,
      'invalid-request' as const,
      'server-error' as const
    ),
    reason: fc.string({ unit: 'grapheme', maxLength: 20 })
  }),
  plainRecord({ result: fc.constant('rate-limited' as const), retryAfterMs: fc.nat(2 ** 31 - 1) })
)

const chunks = fc
  .tuple(fc.array(okChunk, { maxLength: 8 }), fc.option(lastChunk, { nil: undefined }))
  .map(([ok, last]) => (last === undefined ? ok : [...ok, last]))

/** Sizes of the pushes, repeated until the stream is used up. */
const splits = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 })

describe('chunk parser', () => {
  it('reads back what was framed, however the stream is split', () => {
    fc.assert(
      fc.property(chunks, splits, (sent, sizes) => {
        assert.deepEqual(readAll(frame(sent), sizes).chunks, sent)
      })
    )
  })

  it('says the same of a damaged stream, however it is split', () => {
    fc.assert(
      fc.property(
        fc.tuple(chunks, fc.nat(), fc.nat(255), fc.nat(40)),
        splits,
        ([sent, at, byte, cut], sizes) => {
          const stream = frame(sent)
          if (stream.length > 0) stream[at % stream.length] = byte
          const damaged = stream.subarray(0, Math.max(0, stream.length - cut))
          const whole = readAll(damaged, [damaged.length || 1])
          assert.deepEqual(readAll(damaged, sizes), whole)
          assert.deepEqual(readAll(damaged, [1]), whole)
        }
      )
    )
  })

  it('refuses or reads any bytes, and throws nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), splits, (stream, sizes) => {
        for (const chunk of readAll(stream, sizes).chunks) {
          if (chunk.result === 'ok') assert.ok(chunk.bytes.length <= LIMITS.chunkMaxBytes)
        }
      })
    )
  })
})

function frame(sent: readonly ResponseChunk[]): Uint8Array {
  const parts = sent.map((chunk) => encodeChunk(chunk, LIMITS.chunkMaxBytes))
  return new Uint8Array(Buffer.concat(parts))
}

/** All chunks up to the end or the failure, and its code. Each push is overwritten once it is read. */
function readAll(stream: Uint8Array, sizes: readonly number[]) {
  const parser = new ChunkParser(LIMITS)
  const read: ResponseChunk[] = []
  const failure = failureOf(() => {
    let at = 0
    for (let turn = 0; at < stream.length; turn++) {
      const part = stream.slice(at, at + (sizes[turn % sizes.length] ?? 1))
      at += part.length
      for (const chunk of parser.push(part)) read.push(chunk)
      part.fill(0)
    }
    parser.end()
  })
  return { chunks: read, failure: failure?.code }
}
