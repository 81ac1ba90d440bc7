// blocks_by_hash against its vectors.
import assert from 'node:assert/strict'
import { decodeBlockMessage } from '../../../protocols/block-message/codec.ts'
import {
  BLOCKS_BY_HASH,
  BLOCKS_BY_HASH_COUNT_MAX
} from '../../../protocols/blocks-by-hash/codec.ts'
import {
  itCarriesMessages,
  itKeepsProtocol,
  itKeepsRequests,
  type MessageResponse,
  type ProtocolVectors,
  type RequestVectors
} from '../../support/protocol-tests.ts'
import { assertFailure, fromHex, readVectors, toHex } from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'

interface HashFields {
  readonly hashes: readonly string[]
}

interface BlocksByHashVectors extends ProtocolVectors, RequestVectors<HashFields> {
  readonly response: MessageResponse & HashFields
}

const vectors = readVectors('blocks-by-hash') as BlocksByHashVectors

describe('blocks_by_hash', () => {
  itKeepsProtocol(BLOCKS_BY_HASH, vectors)
  itKeepsRequests(BLOCKS_BY_HASH, vectors, ({ hashes }) => ({ hashes: hashes.map(fromHex) }))
  itCarriesMessages(BLOCKS_BY_HASH, vectors.response)

  it('sends as many chunks as hashes may be asked for', () => {
    assert.equal(BLOCKS_BY_HASH_COUNT_MAX, BLOCKS_BY_HASH.limits.chunksMax)
  })

  it('reads messages that decode at their versions', () => {
    const hashes = readResponse(BLOCKS_BY_HASH, fromHex(vectors.response.hex)).map(
      ({ version, message }) => toHex(decodeBlockMessage(version, message).payload.blockHash)
    )
    assert.deepEqual(hashes, vectors.response.hashes)
  })

  it('does not encode hashes that are none, too many, twice there or of another length', () => {
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
  })
})
