// storage_ranges against its vectors: bytes, and what a client makes of an answer.
import assert from 'node:assert/strict'
import {
  decodeStorageRanges,
  encodeStorageRanges,
  STORAGE_RANGES
} from '../../../protocols/storage-ranges/codec.ts'
import { SERVED_STORAGE_RANGES } from '../../../src/sync/protocols/storage-ranges.ts'
import {
  itKeepsProtocol,
  itKeepsRequests,
  type ProtocolVectors,
  type RequestVectors
} from '../../support/protocol-tests.ts'
import {
  assertFailure,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'
import { assertVerdict, type Decision } from '../../support/state-decisions.ts'

interface RequestFields {
  readonly request: {
    readonly root: string
    readonly accounts: readonly string[]
    readonly origin: string
    readonly limit: string
    readonly maxBytes: number
  }
}

interface StorageRangesVectors extends ProtocolVectors, RequestVectors<RequestFields> {
  readonly ranges: readonly {
    readonly name: string
    readonly slots: readonly (readonly { readonly hash: string; readonly value: string }[])[]
    readonly proof: readonly string[]
    readonly hex: string
  }[]
  readonly response: { readonly accounts: number; readonly hex: string }
  readonly invalidRanges: readonly InvalidVector[]
  readonly decisions: readonly (Decision & {
    readonly storageRoots: readonly string[]
    readonly slots?: readonly number[]
    readonly hasMore?: boolean
  })[]
}

const vectors = readVectors('storage-ranges') as StorageRangesVectors

describe('storage_ranges', () => {
  itKeepsProtocol(STORAGE_RANGES, vectors)
  itKeepsRequests(
    STORAGE_RANGES,
    vectors,
    ({ request: { root, accounts, origin, limit, maxBytes } }) => ({
      root: fromHex(root),
      accounts: accounts.map(fromHex),
      origin: fromHex(origin),
      limit: fromHex(limit),
      maxBytes
    })
  )

  for (const { name, slots, proof, hex } of vectors.ranges) {
    it(`encodes and decodes an answer: ${name}`, () => {
      const lists = slots.map((list) =>
        list.map(({ hash, value }) => ({ hash: fromHex(hash), value: fromHex(value) }))
      )
      const nodes = proof.map(fromHex)
      assert.equal(toHex(encodeStorageRanges({ slots: lists, proof: nodes })), hex)
      const decoded = decodeStorageRanges(fromHex(hex))
      assert.deepEqual(
        decoded.slots.map((list) => [...list]),
        lists
      )
      assert.deepEqual(decoded.proof, nodes)
      assert.deepEqual(STORAGE_RANGES.chunk.encode(fromHex(hex)), {
        version: 0,
        bytes: fromHex(hex)
      })
    })
  }

  for (const { name, hex, failure } of vectors.invalidRanges) {
    it(`refuses an answer: ${name}`, () => {
      assertFailure(() => decodeStorageRanges(fromHex(hex)).slots.map((list) => [...list]), failure)
    })
  }

  it('reads a response of one chunk', () => {
    const [chunk, ...others] = readResponse(STORAGE_RANGES, fromHex(vectors.response.hex))
    assert.ok(chunk !== undefined && others.length === 0)
    assert.equal(decodeStorageRanges(chunk).slots.length, vectors.response.accounts)
  })

  for (const decision of vectors.decisions) {
    it(`is judged ${decision.verdict}: ${decision.name}`, async () => {
      const storageRoots = decision.storageRoots.map(fromHex)
      const answer = await assertVerdict(SERVED_STORAGE_RANGES, decision, { storageRoots })
      if (decision.verdict === 'false') return
      assert.deepEqual(
        answer?.storages.map(({ slots }) => slots.length),
        decision.slots
      )
      assert.equal(answer?.hasMore, decision.hasMore)
    })
  }
})
