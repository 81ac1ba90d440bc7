// The SSZ containers of the request protocols: random values there and back, random bytes never misread.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { BLOCKS_BY_HASH } from '../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../protocols/blocks-by-range/codec.ts'
import { type ValueCodec } from '../../protocols/protocol-def.ts'
import { SIGNED_TIP, type SignedTip } from '../../protocols/signed-tip/codec.ts'
import { STATE_DIFFS_BY_RANGE } from '../../protocols/state-diffs-by-range/codec.ts'
import { type Status, STATUS } from '../../protocols/status/codec.ts'
import { bytes, plainRecord } from '../support/payload-arbitraries.ts'
import { failureOf } from '../support/protocol-vectors.ts'

const height = fc.bigInt({ min: 0n, max: 2n ** 64n - 2n })
const maybeHeight = fc.option(height, { nil: undefined })

const status: fc.Arbitrary<Status> = fc
  .record({
    chainId: height,
    genesisHash: bytes(32),
    forkDigest: bytes(4),
    role: fc.constantFrom('backup' as const, 'sequencer' as const),
    unsafeNumber: height,
    unsafeHash: bytes(32),
    accepted: fc.option(fc.tuple(height, bytes(32)), { nil: undefined }),
    oldestBlock: maybeHeight,
    states: fc.option(fc.tuple(height, height), { nil: undefined }),
    oldestDiff: maybeHeight,
    replicatedNumber: maybeHeight,
    clockMs: height
  })
  .map(({ accepted, states, ...rest }) => ({
    ...rest,
    acceptedNumber: accepted?.[0],
    acceptedHash: accepted?.[1] ?? new Uint8Array(32),
    oldestState: states?.[0],
    newestState: states?.[1]
  }))

const signedTip: fc.Arbitrary<SignedTip> = fc.oneof(
  fc.constant({ relation: 'same' as const }),
  plainRecord({
    relation: fc.constantFrom('behind' as const, 'ahead' as const, 'conflict' as const),
    version: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
    message: fc.uint8Array({ minLength: 66, maxLength: 300 })
  })
)

const tipCodec: ValueCodec<SignedTip> = {
  encode: (tip) => SIGNED_TIP.chunk.encode(tip).bytes,
  decode: (encoded) => SIGNED_TIP.chunk.decode(0, encoded)
}

const range = plainRecord({
  start: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n - 1024n }),
  count: fc.bigInt({ min: 1n, max: 1024n }),
  maxBytes: fc.nat(2 ** 31 - 1)
})

const hashes = fc
  .uniqueArray(bytes(32), { minLength: 1, maxLength: 128, selector: (hash) => hash.join() })
  .map((list) => ({ hashes: list }))

describe('container codecs', () => {
  checkCodec('status', STATUS.request, status)
  checkCodec(
    'signed_tip request',
    SIGNED_TIP.request,
    plainRecord({ number: height, hash: bytes(32) })
  )
  checkCodec('signed_tip answer', tipCodec, signedTip)
  checkCodec('blocks_by_range request', BLOCKS_BY_RANGE.request, range)
  checkCodec('state_diffs_by_range request', STATE_DIFFS_BY_RANGE.request, range)
  checkCodec('blocks_by_hash request', BLOCKS_BY_HASH.request, hashes)
})

function checkCodec<Value>(
  name: string,
  codec: ValueCodec<Value>,
  values: fc.Arbitrary<Value>
): void {
  it(`${name}: decodes what it encoded`, () => {
    fc.assert(
      fc.property(values, (value) => {
        assert.deepEqual(codec.decode(codec.encode(value)), value)
      })
    )
  })

  it(`${name}: has one encoding, and refuses all else by name`, () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(255), fc.nat(3), (value, at, byte, cut) => {
        const encoded = codec.encode(value).slice()
        encoded[at % encoded.length] = byte
        const damaged = encoded.subarray(0, encoded.length - cut)
        let decoded: Value | undefined
        const failure = failureOf(() => {
          decoded = codec.decode(damaged)
        })
        if (failure !== undefined || decoded === undefined) return
        assert.deepEqual(codec.encode(decoded), new Uint8Array(damaged))
      })
    )
  })
}
