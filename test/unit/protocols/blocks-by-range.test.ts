// blocks_by_range against its vectors.
import assert from 'node:assert/strict'
import { decodeBlockMessage } from '../../../protocols/block-message/codec.ts'
import {
  BLOCKS_BY_RANGE,
  BLOCKS_BY_RANGE_COUNT_MAX
} from '../../../protocols/blocks-by-range/codec.ts'
import {
  itCarriesMessages,
  itEncodesNoBadRange,
  itKeepsProtocol,
  itKeepsRequests,
  type MessageResponse,
  type ProtocolVectors,
  type RangeFields,
  type RequestVectors,
  toRange
} from '../../support/protocol-tests.ts'
import { fromHex, readVectors } from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'

interface BlocksByRangeVectors extends ProtocolVectors, RequestVectors<RangeFields> {
  readonly response: MessageResponse
}

const vectors = readVectors('blocks-by-range') as BlocksByRangeVectors

describe('blocks_by_range', () => {
  itKeepsProtocol(BLOCKS_BY_RANGE, vectors)
  itKeepsRequests(BLOCKS_BY_RANGE, vectors, toRange)
  itEncodesNoBadRange(BLOCKS_BY_RANGE)
  itCarriesMessages(BLOCKS_BY_RANGE, vectors.response)

  it('sends as many chunks as heights may be asked for', () => {
    assert.equal(BLOCKS_BY_RANGE_COUNT_MAX, BLOCKS_BY_RANGE.limits.chunksMax)
  })

  it('reads messages that decode at their versions', () => {
    const numbers = readResponse(BLOCKS_BY_RANGE, fromHex(vectors.response.hex)).map(
      ({ version, message }) => decodeBlockMessage(version, message).payload.blockNumber
    )
    assert.deepEqual(numbers, [34123460n, 34123461n])
  })
})
