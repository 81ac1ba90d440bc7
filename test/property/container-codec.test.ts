// The SSZ containers of the request protocols: random values there and back, random bytes never misread.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ACCOUNT_RANGE } from '../../protocols/account-range/codec.ts'
import { BLOCKS_BY_HASH } from '../../protocols/blocks-by-hash/codec.ts'
import { BLOCKS_BY_RANGE } from '../../protocols/blocks-by-range/codec.ts'
import { type ByteCodes, BYTE_CODES } from '../../protocols/byte-codes/codec.ts'
import { type ValueCodec } from '../../protocols/protocol-def.ts'
import { SIGNED_TIP, type SignedTip } from '../../protocols/signed-tip/codec.ts'
import { STATE_DIFFS_BY_RANGE } from '../../protocols/state-diffs-by-range/codec.ts'
import { type Status, STATUS } from '../../protocols/status/codec.ts'
import { STORAGE_RANGES } from '../../protocols/storage-ranges/codec.ts'
import { type TrieNodes, TRIE_NODES } from '../../protocols/trie-nodes/codec.ts'
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

const maxBytes = fc.nat(2 ** 31 - 1)
const ascending = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other)

const accountRange = fc
  .tuple(bytes(32), bytes(32), bytes(32), maxBytes)
  .map(([root, one, other, soft]) => {
    const [origin, limit] = ascending(one, other) <= 0 ? [one, other] : [other, one]
    return { root, origin, limit, maxBytes: soft }
  })

const storageRanges = fc.tuple(bytes(32), hashes, maxBytes).map(([root, list, soft]) => ({
  root,
  accounts: list.hashes.toSorted(ascending),
  origin: new Uint8Array(32),
  limit: new Uint8Array(32).fill(0xff),
  maxBytes: soft
}))

const byteCodes = fc.tuple(hashes, maxBytes).map(([list, soft]) => ({ ...list, maxBytes: soft }))

const path = fc.array(fc.nat(15), { maxLength: 64 }).map((nibbles) => Uint8Array.from(nibbles))

const trieNodes = plainRecord({
  root: bytes(32),
  paths: fc.array(plainRecord({ account: bytes(32), path }), { minLength: 1, maxLength: 20 }),
  maxBytes
})

const codes = plainRecord({
  codes: fc.array(fc.uint8Array({ minLength: 1, maxLength: 90 }), { minLength: 1, maxLength: 9 })
})

const nodes = plainRecord({
  nodes: fc.array(fc.uint8Array({ maxLength: 90 }), { minLength: 1, maxLength: 9 })
})

const codesCodec: ValueCodec<ByteCodes> = {
  encode: (answer) => BYTE_CODES.chunk.encode(answer).bytes,
  decode: (encoded) => BYTE_CODES.chunk.decode(0, encoded)
}

const nodesCodec: ValueCodec<TrieNodes> = {
  encode: (answer) => TRIE_NODES.chunk.encode(answer).bytes,
  decode: (encoded) => TRIE_NODES.chunk.decode(0, encoded)
}

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
  checkCodec('account_range request', ACCOUNT_RANGE.request, accountRange)
  checkCodec('storage_ranges request', STORAGE_RANGES.request, storageRanges)
  checkCodec('byte_codes request', BYTE_CODES.request, byteCodes)
  checkCodec('byte_codes answer', codesCodec, codes)
  checkCodec('trie_nodes request', TRIE_NODES.request, trieNodes)
  checkCodec('trie_nodes answer', nodesCodec, nodes)
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
