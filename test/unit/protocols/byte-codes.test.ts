// byte_codes against its vectors: bytes, and what a client makes of an answer.
import assert from 'node:assert/strict'
import { BYTE_CODE_MAX_BYTES, BYTE_CODES } from '../../../protocols/byte-codes/codec.ts'
import { SERVED_BYTE_CODES } from '../../../src/sync/protocols/byte-codes.ts'
import {
  itKeepsProtocol,
  itKeepsRequests,
  type ProtocolVectors,
  type RequestVectors
} from '../../support/protocol-tests.ts'
import { assertFailure, fromHex, readVectors, toHex } from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'
import { assertVerdict, type Decision } from '../../support/state-decisions.ts'

interface CodesFields {
  readonly codes: readonly string[]
}

interface ByteCodesVectors
  extends
    ProtocolVectors,
    RequestVectors<{ readonly hashes: readonly string[]; readonly maxBytes: number }> {
  readonly codeMaxBytes: number
  readonly answers: readonly (CodesFields & { readonly name: string; readonly hex: string })[]
  readonly response: CodesFields & { readonly hex: string }
  readonly decisions: readonly Decision[]
}

const vectors = readVectors('byte-codes') as ByteCodesVectors

describe('byte_codes', () => {
  itKeepsProtocol(BYTE_CODES, vectors)
  itKeepsRequests(BYTE_CODES, vectors, ({ hashes, maxBytes }) => ({
    hashes: hashes.map(fromHex),
    maxBytes
  }))

  for (const { name, codes, hex } of vectors.answers) {
    it(`encodes and decodes an answer: ${name}`, () => {
      const value = { codes: codes.map(fromHex) }
      assert.deepEqual(BYTE_CODES.chunk.encode(value), { version: 0, bytes: fromHex(hex) })
      assert.deepEqual(BYTE_CODES.chunk.decode(0, fromHex(hex)), value)
    })
  }

  it('reads a response of one chunk', () => {
    const [chunk, ...others] = readResponse(BYTE_CODES, fromHex(vectors.response.hex))
    assert.ok(chunk !== undefined && others.length === 0)
    assert.deepEqual(chunk.codes.map(toHex), vectors.response.codes)
  })

  it('carries codes up to the largest, and no larger one', () => {
    assert.equal(BYTE_CODE_MAX_BYTES, vectors.codeMaxBytes)
    const { chunk } = BYTE_CODES
    const largest = { codes: [new Uint8Array(BYTE_CODE_MAX_BYTES).fill(1)] }
    const { bytes } = chunk.encode(largest)
    assert.deepEqual(chunk.decode(0, bytes), largest)
    const larger = { codes: [new Uint8Array(BYTE_CODE_MAX_BYTES + 1).fill(1)] }
    assertFailure(() => chunk.encode(larger), 'field-invalid')
    const raw = new Uint8Array(8 + BYTE_CODE_MAX_BYTES + 1).fill(1)
    raw.set([4, 0, 0, 0, 4, 0, 0, 0])
    assertFailure(() => chunk.decode(0, raw), 'container-undecodable')
  })

  for (const decision of vectors.decisions) {
    it(`is judged ${decision.verdict}: ${decision.name}`, async () => {
      const codes = await assertVerdict(SERVED_BYTE_CODES, decision, {})
      if (decision.verdict === 'sound') {
        assert.deepEqual(codes, BYTE_CODES.chunk.decode(0, fromHex(decision.chunk)).codes)
      }
    })
  }
})
