// Protocol ids, chunks and the response parser against their vectors.
import assert from 'node:assert/strict'
import {
  CHUNK_HEADER_BYTES,
  encodeChunk,
  REASON_MAX_BYTES,
  type ResponseChunk,
  RESULT_CODES,
  RETRY_BYTES
} from '../../../protocols/framing/chunk.ts'
import { ChunkParser, type ChunkParserLimits } from '../../../protocols/framing/chunk-parser.ts'
import { protocolId } from '../../../protocols/protocol-def.ts'
import { maxCompressedBytes } from '../../../protocols/snappy-block.ts'
import { createSeededRandom } from '../../../src/base/random.ts'
import {
  assertFailure,
  failureOf,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'

interface ChunkVector {
  readonly result: ResponseChunk['result']
  readonly hex?: string
}

interface StreamVector {
  readonly name: string
  readonly limits: ChunkParserLimits
  readonly hex: string
  readonly chunks: readonly ChunkVector[]
}

interface FramingVectors {
  readonly limits: Readonly<Record<string, number>>
  readonly resultCodes: Readonly<Record<string, number>>
  readonly maxCompressedBytes: readonly { maxBytes: number; compressedBytes: number }[]
  readonly ids: readonly { name: string; version: number; chainId: string; id: string }[]
  readonly streams: readonly StreamVector[]
  readonly invalid: readonly (StreamVector & InvalidVector)[]
}

const vectors = readVectors('framing') as FramingVectors

describe('framing', () => {
  it('pins constants', () => {
    assert.deepEqual(vectors.limits, {
      chunkHeaderBytes: CHUNK_HEADER_BYTES,
      reasonMaxBytes: REASON_MAX_BYTES,
      retryBytes: RETRY_BYTES
    })
    assert.deepEqual(vectors.resultCodes, RESULT_CODES)
  })

  for (const { maxBytes, compressedBytes } of vectors.maxCompressedBytes) {
    it(`bounds ${String(maxBytes)} bytes by ${String(compressedBytes)} compressed`, () => {
      assert.equal(maxCompressedBytes(maxBytes), compressedBytes)
    })
  }

  for (const { name, version, chainId, id } of vectors.ids) {
    it(`names ${id}`, () => {
      assert.equal(protocolId({ name, version }, BigInt(chainId)), id)
    })
  }

  for (const { name, limits, hex, chunks } of vectors.streams) {
    it(`reads ${name}, whole and byte by byte`, () => {
      const bytes = fromHex(hex)
      assert.deepEqual(readStream(limits, [bytes]).map(chunkVector), chunks)
      assert.deepEqual(readStream(limits, singleBytes(bytes)).map(chunkVector), chunks)
    })

    it(`writes ${name} so that it reads the same`, () => {
      const read = readStream(limits, [fromHex(hex)])
      const written = read.map((chunk) => encodeChunk(chunk, limits.chunkMaxBytes))
      assert.deepEqual(readStream(limits, written), read)
      for (const [index, chunk] of read.entries()) {
        if (chunk.result === 'ok') continue // snappy encoders differ; all else is exact
        assert.ok(hex.endsWith(toHex(written[index] ?? new Uint8Array(0)).slice(2)))
      }
    })
  }

  for (const { name, limits, hex, chunks, failure } of vectors.invalid) {
    it(`refuses: ${name}`, () => {
      for (const parts of [[fromHex(hex)], singleBytes(fromHex(hex))]) {
        const read: ResponseChunk[] = []
        assertFailure(() => {
          for (const chunk of streamChunks(limits, parts)) read.push(chunk)
        }, failure)
        assert.deepEqual(read.map(chunkVector), chunks)
      }
    })
  }

  it('refuses a stream that ends anywhere but between chunks', () => {
    const [, , , threeChunks] = vectors.streams
    assert.ok(threeChunks !== undefined)
    const bytes = fromHex(threeChunks.hex)
    const { chunkMaxBytes } = threeChunks.limits
    const ends = new Set([0])
    let end = 0
    while (end < bytes.length) {
      end += CHUNK_HEADER_BYTES + new DataView(bytes.buffer).getUint32(end + 2, true)
      ends.add(end)
    }
    assert.equal(ends.size, 4)
    for (let length = 0; length <= bytes.length; length++) {
      const failure = failureOf(() =>
        readStream({ chunkMaxBytes, chunksMax: 3 }, [bytes.subarray(0, length)])
      )
      assert.equal(failure?.code, ends.has(length) ? undefined : 'stream-truncated')
    }
  })

  it('refuses an oversize chunk at its header, before its payload has come', () => {
    const parser = new ChunkParser({ chunkMaxBytes: 100, chunksMax: 1 })
    const header = new Uint8Array([0, 0, 0, 0, 0, 1])
    assertFailure(() => [...parser.push(header)], 'chunk-too-large')
    assertFailure(() => [...parser.push(new Uint8Array(1))], 'parser-closed')
    assertFailure(() => {
      parser.end()
    }, 'parser-closed')
  })

  it('is closed after its end, and when a push was not drained', () => {
    const chunk = encodeChunk({ result: 'ok', version: 0, bytes: new Uint8Array(9) }, 9)
    const ended = new ChunkParser({ chunkMaxBytes: 9, chunksMax: 9 })
    ended.end()
    assertFailure(() => [...ended.push(chunk)], 'parser-closed')
    const abandoned = new ChunkParser({ chunkMaxBytes: 9, chunksMax: 9 })
    const chunks = abandoned.push(Buffer.concat([chunk, chunk]))
    assert.equal(chunks.next().done, false)
    chunks.return(undefined)
    assertFailure(() => [...abandoned.push(chunk)], 'parser-closed')
  })

  it('keeps nothing of the bytes it was given', () => {
    const bytes = new Uint8Array(9).fill(7)
    const parser = new ChunkParser({ chunkMaxBytes: 9, chunksMax: 1 })
    const given = encodeChunk({ result: 'ok', version: 0, bytes }, 9)
    const [chunk] = parser.push(given)
    given.fill(0)
    assert.deepEqual(chunk, { result: 'ok', version: 0, bytes })
  })

  it('joins a payload of 1 MiB out of many pieces', () => {
    const random = createSeededRandom(1)
    const bytes = Uint8Array.from({ length: 2 ** 20 }, () => random.below(256))
    const chunk: ResponseChunk = { result: 'ok', version: 3, bytes }
    const stream = encodeChunk(chunk, bytes.length)
    const parts = Array.from({ length: Math.ceil(stream.length / 9999) }, (_, index) =>
      stream.subarray(9999 * index, 9999 * (index + 1))
    )
    const limits = { chunkMaxBytes: bytes.length, chunksMax: 1 }
    assert.deepEqual(readStream(limits, parts), [chunk])
  })

  it('cuts a reason at 256 bytes, between characters', () => {
    const [chunk] = roundTrip({ result: 'unavailable', reason: `${'a'.repeat(255)}é` })
    assert.deepEqual(chunk, { result: 'unavailable', reason: 'a'.repeat(255) })
  })

  for (const [given, sent] of [
    [0.2, 1],
    [-5, 0],
    [1e12, 2 ** 32 - 1]
  ] as const) {
    it(`sends a retry after ${String(given)} ms as ${String(sent)}`, () => {
      const [chunk] = roundTrip({ result: 'rate-limited', retryAfterMs: given })
      assert.deepEqual(chunk, { result: 'rate-limited', retryAfterMs: sent })
    })
  }

  it('frames nothing over the limit, and no version that is no byte', () => {
    const bytes = new Uint8Array(10)
    assertFailure(() => encodeChunk({ result: 'ok', version: 0, bytes }, 9), 'chunk-too-large')
    for (const version of [-1, 256, 0.5]) {
      assertFailure(() => encodeChunk({ result: 'ok', version, bytes }, 10), 'version-invalid')
    }
  })
})

function roundTrip(chunk: ResponseChunk): ResponseChunk[] {
  return readStream({ chunkMaxBytes: 100, chunksMax: 1 }, [encodeChunk(chunk, 100)])
}

function* streamChunks(limits: ChunkParserLimits, parts: readonly Uint8Array[]) {
  const parser = new ChunkParser(limits)
  for (const part of parts) yield* parser.push(part)
  parser.end()
}

function readStream(limits: ChunkParserLimits, parts: readonly Uint8Array[]): ResponseChunk[] {
  return [...streamChunks(limits, parts)]
}

function singleBytes(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
}

function chunkVector(chunk: ResponseChunk): ChunkVector {
  if (chunk.result !== 'ok') return chunk
  return { result: 'ok', version: chunk.version, hex: toHex(chunk.bytes) } as ChunkVector
}
