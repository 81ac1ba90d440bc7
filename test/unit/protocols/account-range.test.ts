// account_range against its vectors: bytes, and what a client makes of an answer.
import assert from 'node:assert/strict'
import {
  ACCOUNT_RANGE,
  decodeAccountRange,
  encodeAccountRange
} from '../../../protocols/account-range/codec.ts'
import { SERVED_ACCOUNT_RANGE } from '../../../src/sync/protocols/account-range.ts'
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
    readonly origin: string
    readonly limit: string
    readonly maxBytes: number
  }
}

interface AccountRangeVectors extends ProtocolVectors, RequestVectors<RequestFields> {
  readonly ranges: readonly {
    readonly name: string
    readonly accounts: readonly { readonly hash: string; readonly body: string }[]
    readonly proof: readonly string[]
    readonly hex: string
  }[]
  readonly response: { readonly accounts: number; readonly hex: string }
  readonly invalidRanges: readonly InvalidVector[]
  readonly decisions: readonly (Decision & {
    readonly accounts?: number
    readonly hasMore?: boolean
  })[]
}

const vectors = readVectors('account-range') as AccountRangeVectors

describe('account_range', () => {
  itKeepsProtocol(ACCOUNT_RANGE, vectors)
  itKeepsRequests(ACCOUNT_RANGE, vectors, ({ request: { root, origin, limit, maxBytes } }) => ({
    ...{ root: fromHex(root), origin: fromHex(origin), limit: fromHex(limit), maxBytes }
  }))

  for (const { name, accounts, proof, hex } of vectors.ranges) {
    it(`encodes and decodes an answer: ${name}`, () => {
      const leaves = accounts.map(({ hash, body }) => ({
        hash: fromHex(hash),
        value: fromHex(body)
      }))
      const nodes = proof.map(fromHex)
      assert.equal(toHex(encodeAccountRange({ accounts: leaves, proof: nodes })), hex)
      const decoded = decodeAccountRange(fromHex(hex))
      assert.deepEqual([...decoded.accounts], leaves)
      assert.deepEqual(decoded.proof, nodes)
      assert.deepEqual(ACCOUNT_RANGE.chunk.encode(fromHex(hex)), {
        version: 0,
        bytes: fromHex(hex)
      })
    })
  }

  for (const { name, hex, failure } of vectors.invalidRanges) {
    it(`refuses an answer: ${name}`, () => {
      assertFailure(() => [...decodeAccountRange(fromHex(hex)).accounts], failure)
    })
  }

  it('reads a response of one chunk', () => {
    const [chunk, ...others] = readResponse(ACCOUNT_RANGE, fromHex(vectors.response.hex))
    assert.ok(chunk !== undefined && others.length === 0)
    assert.equal([...decodeAccountRange(chunk).accounts].length, vectors.response.accounts)
  })

  for (const decision of vectors.decisions) {
    it(`is judged ${decision.verdict}: ${decision.name}`, async () => {
      const answer = await assertVerdict(SERVED_ACCOUNT_RANGE, decision, {})
      if (decision.verdict === 'false') return
      assert.equal(answer?.accounts.length, decision.accounts)
      assert.equal(answer?.hasMore, decision.hasMore)
    })
  }
})
