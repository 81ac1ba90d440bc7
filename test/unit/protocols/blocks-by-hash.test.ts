// blocks_by_hash against its vectors.
import assert from 'node:assert/strict'
import { decodeBlockMessage, type TopicVersion } from '../../../protocols/block-message/codec.ts'
import {
  BLOCKS_BY_HASH,
  BLOCKS_BY_HASH_COUNT_MAX
} from '../../../protocols/blocks-by-hash/codec.ts'
import { protocolId } from '../../../protocols/protocol-def.ts'
import {
  assertFailure,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'

interface BlocksByHashVectors {
  readonly id: string
  readonly chainId: string
  readonly limits: unknown
  readonly requests: readonly {
    readonly name: string
    readonly hashes: readonly string[]
    readonly hex: string
  }[]
  readonly response: {
    readonly hashes: readonly string[]
    readonly chunks: readonly { readonly version: TopicVersion; readonly message: string }[]
    readonly hex: string
  }
  readonly invalidRequests: readonly InvalidVector[]
  readonly invalidChunks: readonly (InvalidVector & { readonly version: number })[]
}

const vectors = readVectors('blocks-by-hash') as BlocksByHashVectors

describe('blocks_by_hash', () => {
  it('pins id and limits', () => {
    assert.equal(protocolId(BLOCKS_BY_HASH, BigInt(vectors.chainId)), vectors.id)
    assert.deepEqual(BLOCKS_BY_HASH.limits, vectors.limits)
    assert.equal(BLOCKS_BY_HASH_COUNT_MAX, BLOCKS_BY_HASH.limits.chunksMax)
  })

  for (const { name, hashes, hex } of vectors.requests) {
    it(`encodes and decodes a request: ${name}`, () => {
      const value = { hashes: hashes.map(fromHex) }
      assert.equal(toHex(BLOCKS_BY_HASH.request.encode(value)), hex)
      assert.deepEqual(BLOCKS_BY_HASH.request.decode(fromHex(hex)), value)
    })
  }

  it('reads a response whose messages decode at their versions', () => {
    const chunks = readResponse(BLOCKS_BY_HASH, fromHex(vectors.response.hex))
    assert.deepEqual(
      chunks.map(({ version, message }) => ({ version, message: toHex(message) })),
      vectors.response.chunks
    )
    const hashes = chunks.map(({ version, message }) =>
      toHex(decodeBlockMessage(version, message).payload.blockHash)
    )
    assert.deepEqual(hashes, vectors.response.hashes)
  })

  it('writes a chunk as version and message', () => {
    for (const { version, message } of vectors.response.chunks) {
      const chunk = BLOCKS_BY_HASH.chunk.encode({ version, message: fromHex(message) })
      assert.deepEqual({ ...chunk, bytes: toHex(chunk.bytes) }, { version, bytes: message })
    }
  })

  for (const { name, hex, failure } of vectors.invalidRequests) {
    it(`refuses a request: ${name}`, () => {
      assertFailure(() => BLOCKS_BY_HASH.request.decode(fromHex(hex)), failure)
    })
  }

  for (const { name, version, hex, failure } of vectors.invalidChunks) {
    it(`refuses a chunk: ${name}`, () => {
      assertFailure(() => BLOCKS_BY_HASH.chunk.decode(version, fromHex(hex)), failure)
    })
  }

  it('does not encode what does not fit', () => {
    const hash = (first: number) => new Uint8Array(32).fill(first)
    for (const hashes of [
      [],
      [hash(1), hash(2), hash(1)],
      [new Uint8Array(31)],
      [new Uint8Array(33)],
      Array.from({ length: 129 }, (_, index) => hash(index))
    ]) {
      assertFailure(() => BLOCKS_BY_HASH.request.encode({ hashes }), 'field-invalid')
    }
    const oversize = new Uint8Array(10 * 2 ** 20 + 1)
    assertFailure(
      () => BLOCKS_BY_HASH.chunk.encode({ version: 3, message: oversize }),
      'message-too-large'
    )
  })
})
