// blocks_by_range against its vectors.
import assert from 'node:assert/strict'
import { decodeBlockMessage, type TopicVersion } from '../../../protocols/block-message/codec.ts'
import {
  BLOCKS_BY_RANGE,
  BLOCKS_BY_RANGE_COUNT_MAX
} from '../../../protocols/blocks-by-range/codec.ts'
import { protocolId } from '../../../protocols/protocol-def.ts'
import {
  assertFailure,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'

interface BlocksByRangeVectors {
  readonly id: string
  readonly chainId: string
  readonly limits: unknown
  readonly requests: readonly {
    readonly name: string
    readonly request: { readonly start: string; readonly count: string; readonly maxBytes: number }
    readonly hex: string
  }[]
  readonly response: {
    readonly chunks: readonly { readonly version: TopicVersion; readonly message: string }[]
    readonly hex: string
  }
  readonly invalidRequests: readonly InvalidVector[]
  readonly invalidChunks: readonly (InvalidVector & { readonly version: number })[]
}

const vectors = readVectors('blocks-by-range') as BlocksByRangeVectors

describe('blocks_by_range', () => {
  it('pins id and limits', () => {
    assert.equal(protocolId(BLOCKS_BY_RANGE, BigInt(vectors.chainId)), vectors.id)
    assert.deepEqual(BLOCKS_BY_RANGE.limits, vectors.limits)
    assert.equal(BLOCKS_BY_RANGE_COUNT_MAX, BLOCKS_BY_RANGE.limits.chunksMax)
  })

  for (const { name, request, hex } of vectors.requests) {
    it(`encodes and decodes a request: ${name}`, () => {
      const { maxBytes } = request
      const value = { start: BigInt(request.start), count: BigInt(request.count), maxBytes }
      assert.equal(toHex(BLOCKS_BY_RANGE.request.encode(value)), hex)
      assert.deepEqual(BLOCKS_BY_RANGE.request.decode(fromHex(hex)), value)
    })
  }

  it('reads a response whose messages decode at their versions', () => {
    const chunks = readResponse(BLOCKS_BY_RANGE, fromHex(vectors.response.hex))
    assert.deepEqual(
      chunks.map(({ version, message }) => ({ version, message: toHex(message) })),
      vectors.response.chunks
    )
    const numbers = chunks.map(
      ({ version, message }) => decodeBlockMessage(version, message).payload.blockNumber
    )
    assert.deepEqual(numbers, [34123460n, 34123461n])
  })

  it('writes a chunk as version and message', () => {
    for (const { version, message } of vectors.response.chunks) {
      const chunk = BLOCKS_BY_RANGE.chunk.encode({ version, message: fromHex(message) })
      assert.deepEqual({ ...chunk, bytes: toHex(chunk.bytes) }, { version, bytes: message })
    }
  })

  for (const { name, hex, failure } of vectors.invalidRequests) {
    it(`refuses a request: ${name}`, () => {
      assertFailure(() => BLOCKS_BY_RANGE.request.decode(fromHex(hex)), failure)
    })
  }

  for (const { name, version, hex, failure } of vectors.invalidChunks) {
    it(`refuses a chunk: ${name}`, () => {
      assertFailure(() => BLOCKS_BY_RANGE.chunk.decode(version, fromHex(hex)), failure)
    })
  }

  it('does not encode what does not fit', () => {
    const good = { start: 1n, count: 1n, maxBytes: 1 }
    for (const change of [
      { start: 0n },
      { start: -1n },
      { start: 2n ** 64n - 1n },
      { count: 0n },
      { count: 1025n },
      { maxBytes: -1 },
      { maxBytes: 2 ** 32 },
      { maxBytes: 0.5 }
    ]) {
      assertFailure(() => BLOCKS_BY_RANGE.request.encode({ ...good, ...change }), 'field-invalid')
    }
    const oversize = new Uint8Array(10 * 2 ** 20 + 1)
    assertFailure(
      () => BLOCKS_BY_RANGE.chunk.encode({ version: 3, message: oversize }),
      'message-too-large'
    )
  })
})
