// signed_tip against its vectors.
import assert from 'node:assert/strict'
import { type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { RELATION_CODES, SIGNED_TIP, type SignedTip } from '../../../protocols/signed-tip/codec.ts'
import {
  itKeepsProtocol,
  itKeepsRequests,
  type ProtocolVectors,
  type RequestVectors
} from '../../support/protocol-tests.ts'
import { assertFailure, fromHex, readVectors, toHex } from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'

type TipVector =
  | { readonly relation: 'same' }
  | {
      readonly relation: 'behind' | 'ahead' | 'conflict'
      readonly version: TopicVersion
      readonly message: string
    }

interface TipRequestFields {
  readonly request: { readonly number: string; readonly hash: string }
}

interface SignedTipVectors extends ProtocolVectors, RequestVectors<TipRequestFields> {
  readonly relationCodes: unknown
  readonly tips: readonly {
    readonly name: string
    readonly tip: TipVector
    readonly hex: string
    readonly response: string
  }[]
}

const vectors = readVectors('signed-tip') as SignedTipVectors

describe('signed_tip', () => {
  itKeepsProtocol(SIGNED_TIP, vectors)
  itKeepsRequests(SIGNED_TIP, vectors, ({ request: { number, hash } }) => {
    return { number: BigInt(number), hash: fromHex(hash) }
  })

  it('pins relation codes', () => {
    assert.deepEqual(RELATION_CODES, vectors.relationCodes)
  })

  for (const { name, tip, hex, response } of vectors.tips) {
    it(`encodes and decodes an answer: ${name}`, () => {
      const value = tipOf(tip)
      const chunk = SIGNED_TIP.chunk.encode(value)
      assert.deepEqual({ ...chunk, bytes: toHex(chunk.bytes) }, { version: 0, bytes: hex })
      assert.deepEqual(SIGNED_TIP.chunk.decode(0, fromHex(hex)), value)
      assert.deepEqual(readResponse(SIGNED_TIP, fromHex(response)), [value])
    })
  }

  it('does not encode what does not fit', () => {
    const message = new Uint8Array(10 * 2 ** 20 + 1)
    const version = 4 as TopicVersion
    const cases: readonly [() => unknown, string][] = [
      [
        () => SIGNED_TIP.request.encode({ number: 2n ** 64n - 1n, hash: new Uint8Array(32) }),
        'field-invalid'
      ],
      [() => SIGNED_TIP.request.encode({ number: -1n, hash: new Uint8Array(32) }), 'field-invalid'],
      [() => SIGNED_TIP.request.encode({ number: 1n, hash: new Uint8Array(20) }), 'field-invalid'],
      [
        () => SIGNED_TIP.chunk.encode({ relation: 'ahead', version: 3, message }),
        'message-too-large'
      ],
      [
        () =>
          SIGNED_TIP.chunk.encode({ relation: 'ahead', version: 3, message: new Uint8Array(0) }),
        'message-too-short'
      ],
      [
        () => SIGNED_TIP.chunk.encode({ relation: 'behind', version, message: new Uint8Array(66) }),
        'version-unknown'
      ]
    ]
    for (const [act, failure] of cases) assertFailure(act, failure)
  })
})

function tipOf(vector: TipVector): SignedTip {
  return vector.relation === 'same' ? vector : { ...vector, message: fromHex(vector.message) }
}
