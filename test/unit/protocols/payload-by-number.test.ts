// payload_by_number against its vectors, which op-node's own code has made.
import assert from 'node:assert/strict'
import { decodeBlockMessage, type TopicVersion } from '../../../protocols/block-message/codec.ts'
import { type ResponseChunk } from '../../../protocols/framing/chunk.ts'
import {
  PAYLOAD_BY_NUMBER,
  type PayloadVersion,
  toMessageLayout,
  toUnsignedPayload
} from '../../../protocols/payload-by-number/codec.ts'
import {
  isPayloadServed,
  PAYLOAD_FRAME,
  RESPONSE_MAX_BYTES
} from '../../../protocols/payload-by-number/payload-frame.ts'
import { compressFramed, decompressFramed } from '../../../protocols/snappy-framed.ts'
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

interface ResponseVector {
  readonly name: string
  readonly topicVersion: TopicVersion
  readonly version: PayloadVersion
  readonly hex: string
}

interface PayloadVectors extends ProtocolVectors, RequestVectors<{ readonly number: string }> {
  readonly responseMaxBytes: number
  readonly servedMaxBytes: number
  readonly responses: readonly (ResponseVector & { readonly blockHash: string })[]
  readonly accepted: readonly ResponseVector[]
  readonly refusals: readonly {
    readonly name: string
    readonly result: 'unavailable' | 'invalid-request' | 'server-error'
    readonly hex: string
  }[]
  readonly invalidResponses: readonly InvalidVector[]
}

const vectors = readVectors('payload-by-number') as PayloadVectors
const { messages } = (
  readVectors('block-message') as {
    readonly full: {
      readonly messages: readonly { readonly version: TopicVersion; readonly plain: string }[]
    }
  }
).full

/** The chunks of a response that comes in parts of so many bytes. */
function read(hex: string, partBytes = Infinity): readonly ResponseChunk[] {
  const bytes = fromHex(hex)
  const parser = PAYLOAD_FRAME.createParser(PAYLOAD_BY_NUMBER.limits)
  const chunks: ResponseChunk[] = []
  for (let at = 0; at < bytes.length; at += partBytes) {
    chunks.push(...parser.push(bytes.subarray(at, at + partBytes)))
    if (chunks.length > 0) return chunks
  }
  return [...parser.end()]
}

function readPayload({ hex }: Pick<ResponseVector, 'hex'>, partBytes?: number) {
  const [chunk, ...more] = read(hex, partBytes)
  assert.ok(chunk?.result === 'ok' && more.length === 0)
  return PAYLOAD_BY_NUMBER.chunk.decode(chunk.version, chunk.bytes)
}

describe('payload_by_number', () => {
  itKeepsProtocol(PAYLOAD_BY_NUMBER, vectors)
  itKeepsRequests(PAYLOAD_BY_NUMBER, vectors, ({ number }) => ({ number: BigInt(number) }))

  for (const { name, topicVersion, version, blockHash, hex } of vectors.responses) {
    const message = fromHex(messages[topicVersion]!.plain)

    it(`reads what op-node sends: ${name}`, () => {
      for (const partBytes of [1, 7, Infinity]) {
        const payload = readPayload({ hex }, partBytes)
        assert.equal(payload.version, version)
        const laidOut = toMessageLayout(payload, () => topicVersion)
        assert.equal(toHex(laidOut.message.subarray(65)), toHex(message.subarray(65)))
        const decoded = decodeBlockMessage(laidOut.version, laidOut.message)
        assert.equal(toHex(decoded.payload.blockHash), blockHash)
      }
    })

    it(`sends what op-node reads, of the same head and content: ${name}`, () => {
      const payload = toUnsignedPayload({ version: topicVersion, message })
      const { version: byte, bytes } = PAYLOAD_BY_NUMBER.chunk.encode(payload)
      const sent = PAYLOAD_FRAME.encode({ result: 'ok', version: byte, bytes }, 10 * 2 ** 20)
      assert.equal(toHex(sent.subarray(0, 15)), hex.slice(0, 32))
      assert.deepEqual(readPayload({ hex: toHex(sent) }), payload)
    })
  }

  for (const { name, topicVersion, version, hex } of vectors.accepted) {
    it(`takes ${name}`, () => {
      const payload = readPayload({ hex })
      assert.equal(payload.version, version)
      const { message } = toMessageLayout(payload, () => topicVersion)
      const plain = messages[topicVersion]!.plain
      assert.equal(toHex(message.subarray(65)), toHex(fromHex(plain).subarray(65)))
    })
  }

  for (const { name, result, hex } of vectors.refusals) {
    it(`reads a refusal: ${name}`, () => {
      assert.deepEqual(read(hex), [{ result, reason: '' }])
      const sent = PAYLOAD_FRAME.encode({ result, reason: 'not on this wire' }, 0)
      assert.equal(toHex(sent), hex.slice(0, 4))
    })
  }

  it('has no word for later but an error', () => {
    const sent = PAYLOAD_FRAME.encode({ result: 'rate-limited', retryAfterMs: 500 }, 0)
    assert.equal(toHex(sent), '0x03')
  })

  for (const { name, hex, failure } of vectors.invalidResponses) {
    it(`refuses a response: ${name}`, () => {
      assertFailure(() => read(hex), failure)
    })
  }

  it('refuses a response of more than 10 MiB, without looking at it', () => {
    assert.equal(RESPONSE_MAX_BYTES, vectors.responseMaxBytes)
    const parser = PAYLOAD_FRAME.createParser(PAYLOAD_BY_NUMBER.limits)
    assert.deepEqual([...parser.push(new Uint8Array(RESPONSE_MAX_BYTES))], [])
    assertFailure(() => [...parser.push(new Uint8Array(1))], 'chunk-too-large')
  })

  it('refuses content of more than its limit, though it came in few bytes', () => {
    const parser = PAYLOAD_FRAME.createParser({ chunkMaxBytes: 70_000, chunksMax: 1 })
    const sent = Buffer.concat([
      Uint8Array.of(0, 1, 0, 0, 0),
      compressFramed(new Uint8Array(70_001))
    ])
    assert.ok(sent.length < 10_000)
    assertFailure(() => [...parser.push(sent), ...parser.end()], 'decompressed-too-large')
  })

  it('serves no payload whose response could be longer than the limit', () => {
    assert.ok(isPayloadServed(vectors.servedMaxBytes))
    assert.ok(!isPayloadServed(vectors.servedMaxBytes + 1))
  })

  it('takes a payload for no layout that its time does not have', () => {
    const sound = toUnsignedPayload({ version: 3, message: fromHex(messages[3]!.plain) })
    for (const [version, topicVersion] of [
      [0, 3],
      [1, 1],
      [2, 2]
    ] as const) {
      const payload = { ...sound, version }
      assertFailure(() => toMessageLayout(payload, () => topicVersion), 'version-unknown')
    }
    assertFailure(
      () => toMessageLayout({ version: 1, bytes: sound.bytes.subarray(0, 467) }, () => 3),
      'length-invalid'
    )
  })
})

describe('framed snappy', () => {
  it('gives back what was framed, whatever its size and kind', () => {
    for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
      const mixed = Uint8Array.from(
        { length: size },
        (_, at) => (at * at * 31) >>> (at % 3 === 0 ? 2 : 9)
      )
      for (const content of [mixed, new Uint8Array(size)]) {
        assert.deepEqual(decompressFramed(compressFramed(content), size), {
          content,
          missingBytes: 0
        })
      }
    }
  })

  it('says how much is missing of a stream that was cut', () => {
    const framed = compressFramed(new Uint8Array(100).fill(1))
    for (let cut = 0; cut < framed.length; cut++) {
      const { missingBytes } = decompressFramed(framed.subarray(0, cut), 100)
      assert.equal(missingBytes > 0, cut !== 10, `cut at ${String(cut)}`)
    }
  })
})
