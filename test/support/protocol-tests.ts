// What every request-and-response protocol is held to by its vectors (protocols/framing, "Protocols").
import assert from 'node:assert/strict'
import { type TopicVersion } from '../../protocols/block-message/codec.ts'
import { type VersionedMessage } from '../../protocols/block-message/message-chunk.ts'
import { type ProtocolDef, protocolId } from '../../protocols/protocol-def.ts'
import { assertFailure, fromHex, type InvalidVector, toHex } from './protocol-vectors.ts'
import { readResponse } from './response-stream.ts'

/** What the vectors of every protocol hold. */
export interface ProtocolVectors {
  readonly id: string
  readonly chainId: string
  readonly limits: unknown
  readonly invalidChunks: readonly (InvalidVector & { readonly version: number })[]
}

/** And of those whose request is a container of its own; `Fields` is what a vector says of one. */
export interface RequestVectors<Fields> {
  readonly requests: readonly (Fields & { readonly name: string; readonly hex: string })[]
  readonly invalidRequests: readonly InvalidVector[]
}

/** A request for a range, as vectors say it. */
export interface RangeFields {
  readonly request: { readonly start: string; readonly count: string; readonly maxBytes: number }
}

/** A response of block messages, as vectors say it. */
export interface MessageResponse {
  readonly chunks: readonly { readonly version: TopicVersion; readonly message: string }[]
  readonly hex: string
}

/** The id and the limits are those of the vectors, and chunks that break a rule are refused. */
export function itKeepsProtocol<Request, Chunk>(
  protocol: ProtocolDef<Request, Chunk>,
  { id, chainId, limits, invalidChunks }: ProtocolVectors
): void {
  it('pins id and limits', () => {
    assert.equal(protocolId(protocol, BigInt(chainId)), id)
    assert.deepEqual(protocol.limits, limits)
  })

  for (const { name, version, hex, failure } of invalidChunks) {
    it(`refuses a chunk: ${name}`, () => {
      assertFailure(() => protocol.chunk.decode(version, fromHex(hex)), failure)
    })
  }
}

/** Requests are encoded and decoded as in the vectors, and those that break a rule are refused. */
export function itKeepsRequests<Request, Fields>(
  { request: codec }: Pick<ProtocolDef<Request, unknown>, 'request'>,
  { requests, invalidRequests }: RequestVectors<Fields>,
  toRequest: (fields: Fields) => Request
): void {
  for (const vector of requests) {
    it(`encodes and decodes a request: ${vector.name}`, () => {
      const value = toRequest(vector)
      assert.equal(toHex(codec.encode(value)), vector.hex)
      assert.deepEqual(codec.decode(fromHex(vector.hex)), value)
    })
  }

  for (const { name, hex, failure } of invalidRequests) {
    it(`refuses a request: ${name}`, () => {
      assertFailure(() => codec.decode(fromHex(hex)), failure)
    })
  }
}

/** The range that a vector asks for. */
export function toRange({ request: { start, count, maxBytes } }: RangeFields) {
  return { start: BigInt(start), count: BigInt(count), maxBytes }
}

/** Bounds of a range are kept by its encoder too. */
export function itEncodesNoBadRange(
  protocol: Pick<ProtocolDef<ReturnType<typeof toRange>, unknown>, 'request'>
): void {
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
    const [[field, value] = []] = Object.entries(change)
    it(`does not encode a request with ${String(field)} ${String(value)}`, () => {
      const range = { start: 1n, count: 1n, maxBytes: 1, ...change }
      assertFailure(() => protocol.request.encode(range), 'field-invalid')
    })
  }
}

/** Chunks are block messages, with their versions beside them. */
export function itCarriesMessages<Request>(
  protocol: ProtocolDef<Request, VersionedMessage>,
  { chunks, hex }: MessageResponse
): void {
  it('reads a response of messages with their versions', () => {
    const read = readResponse(protocol, fromHex(hex))
    assert.deepEqual(
      read.map(({ version, message }) => ({ version, message: toHex(message) })),
      chunks
    )
  })

  it('writes a chunk as version and message', () => {
    for (const { version, message } of chunks) {
      const chunk = protocol.chunk.encode({ version, message: fromHex(message) })
      assert.deepEqual({ ...chunk, bytes: toHex(chunk.bytes) }, { version, bytes: message })
    }
  })

  it('does not encode a message over 10 MiB', () => {
    const message = new Uint8Array(10 * 2 ** 20 + 1)
    assertFailure(() => protocol.chunk.encode({ version: 3, message }), 'message-too-large')
  })
}
