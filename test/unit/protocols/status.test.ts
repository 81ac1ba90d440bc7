// status and the fork digest against their vectors.
import assert from 'node:assert/strict'
import { type Role, type Status, STATUS } from '../../../protocols/status/codec.ts'
import {
  DIGEST_FORKS,
  FORK_DIGEST_BYTES,
  forkDigest
} from '../../../protocols/status/fork-digest.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import {
  assertFailure,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'
import { itKeepsProtocol, type ProtocolVectors } from '../../support/protocol-tests.ts'
import { readResponse } from '../../support/response-stream.ts'

interface StatusVectors extends ProtocolVectors {
  readonly forkDigestBytes: number
  readonly digestForks: readonly string[]
  readonly forkDigests: readonly {
    readonly genesisHash: string
    readonly forkTimes: Readonly<Record<string, string | null>>
    readonly digest: string
  }[]
  readonly statuses: readonly {
    readonly name: string
    readonly status: Readonly<Record<string, string | null>>
    readonly hex: string
    readonly response: string
  }[]
  readonly invalid: readonly InvalidVector[]
}

const vectors = readVectors('status') as StatusVectors
const BYTE_FIELDS = ['genesisHash', 'forkDigest', 'unsafeHash', 'acceptedHash']

describe('status', () => {
  itKeepsProtocol(STATUS, vectors)

  it('pins the forks of the digest', () => {
    assert.deepEqual(DIGEST_FORKS, vectors.digestForks)
    assert.equal(FORK_DIGEST_BYTES, vectors.forkDigestBytes)
  })

  for (const { genesisHash, forkTimes, digest } of vectors.forkDigests) {
    it(`digests forks to ${digest}`, () => {
      const times = Object.entries(forkTimes).map(
        ([fork, time]) => [fork, time === null ? undefined : BigInt(time)] as const
      )
      const got = forkDigest(keccak256, fromHex(genesisHash), Object.fromEntries(times))
      assert.equal(toHex(got), digest)
    })
  }

  for (const { name, status, hex, response } of vectors.statuses) {
    it(`encodes and decodes ${name}`, () => {
      const value = statusOf(status)
      assert.equal(toHex(STATUS.request.encode(value)), hex)
      assert.deepEqual(STATUS.request.decode(fromHex(hex)), value)
      const chunk = STATUS.chunk.encode(value)
      assert.deepEqual({ ...chunk, bytes: toHex(chunk.bytes) }, { version: 0, bytes: hex })
      assert.deepEqual(readResponse(STATUS, fromHex(response)), [value])
    })
  }

  for (const { name, hex, failure } of vectors.invalid) {
    it(`refuses: ${name}`, () => {
      assertFailure(() => STATUS.request.decode(fromHex(hex)), failure)
      assertFailure(() => STATUS.chunk.decode(0, fromHex(hex)), failure)
    })
  }

  const [first] = vectors.statuses
  assert.ok(first !== undefined)
  const good = statusOf(first.status)

  it('refuses every length but its own', () => {
    const bytes = STATUS.request.encode(good)
    for (let length = 0; length < bytes.length; length++) {
      assertFailure(
        () => STATUS.request.decode(bytes.subarray(0, length)),
        'container-size-invalid'
      )
    }
  })

  const NONE = 2n ** 64n - 1n
  const unfit: readonly [string, Partial<Status>][] = [
    ['a hash of 31 bytes', { genesisHash: new Uint8Array(31) }],
    ['a hash of 33 bytes', { unsafeHash: new Uint8Array(33) }],
    ['a digest of 5 bytes', { forkDigest: new Uint8Array(5) }],
    ['a negative number', { unsafeNumber: -1n }],
    ['a number of 65 bits', { clockMs: 2n ** 64n }],
    ['none for a required number', { chainId: NONE }],
    ['none spelled as a number', { acceptedNumber: NONE }],
    ['an accepted hash without its number', { acceptedNumber: undefined }],
    ['an oldest state without a newest', { newestState: undefined }],
    ['a role that there is not', { role: 'observer' as Role }]
  ]
  for (const [name, change] of unfit) {
    it(`does not encode ${name}`, () => {
      assertFailure(() => STATUS.request.encode({ ...good, ...change }), 'field-invalid')
    })
  }
})

function statusOf(vector: Readonly<Record<string, string | null>>): Status {
  const fields = Object.entries(vector).map(([name, value]) => {
    if (value === null) return [name, undefined] as const
    if (name === 'role') return [name, value] as const
    return [name, BYTE_FIELDS.includes(name) ? fromHex(value) : BigInt(value)] as const
  })
  return Object.fromEntries(fields) as Status
}
