// The block message against its vectors and against malformed input.
import assert from 'node:assert/strict'
import { uncompressSync } from 'snappy'
import {
  type BlockMessage,
  BlockMessageError,
  decodeBlockMessage,
  encodeBlockMessage,
  encodeSignedPart,
  isTopicVersion,
  joinSignature,
  MESSAGE_MAX_BYTES,
  MESSAGE_MIN_BYTES,
  SIGNATURE_BYTES,
  signatureOf,
  signedPart,
  signingHash,
  type TopicVersion
} from '../../../protocols/block-message/codec.ts'
import {
  EXTRA_DATA_MAX_BYTES,
  PAYLOAD_FIXED_BYTES
} from '../../../protocols/block-message/execution-payload.ts'
import {
  encodeMillisecondPart,
  millisecondPart
} from '../../../protocols/block-message/millisecond-part.ts'
import { TRANSACTIONS_MAX } from '../../../protocols/block-message/transaction-list.ts'
import {
  WITHDRAWAL_BYTES,
  WITHDRAWALS_MAX
} from '../../../protocols/block-message/withdrawal-list.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { recoverAddress } from '../../../src/base/secp256k1.ts'
import {
  assertFailure,
  failureOf,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'

interface FullVector {
  readonly version: TopicVersion
  readonly plain: string
  readonly payloadHash: string
  readonly signingHash: string
  readonly signer: string
  readonly blockHash: string
  readonly fields: Readonly<Record<string, string | number | readonly string[]>>
}

interface SparseVector {
  readonly topicVersion: TopicVersion
  readonly timestamp: number
  readonly plainBytes: number
  readonly hex: string
}

interface MillisecondVector {
  readonly prevRandao: string
  readonly milliseconds: number
}

interface BlockMessageVectors {
  readonly limits: Readonly<Record<string, unknown>>
  readonly full: { readonly chainId: number; readonly messages: readonly FullVector[] }
  readonly sparse: {
    readonly messages: readonly SparseVector[]
    readonly signingHash: {
      readonly chainId: number
      readonly payload: string
      readonly hash: string
    }
  }
  readonly millisecondParts: readonly MillisecondVector[]
  readonly millisecondPartsRead: readonly MillisecondVector[]
  readonly invalid: readonly (InvalidVector & { readonly topicVersion: TopicVersion })[]
}

const vectors = readVectors('block-message') as BlockMessageVectors
const sparse = vectors.sparse.messages.map(({ topicVersion, timestamp, plainBytes, hex }) => {
  const plain = new Uint8Array(uncompressSync(fromHex(hex)) as Buffer)
  return { topicVersion, timestamp, plainBytes, plain }
})
const full = vectors.full.messages.map((message) => ({
  ...message,
  fields: { ...message.fields, blockHash: message.blockHash },
  topicVersion: message.version,
  plain: fromHex(message.plain)
}))

describe('block message: vectors', () => {
  it('pins limits', () => {
    assert.deepEqual(vectors.limits, {
      signatureBytes: SIGNATURE_BYTES,
      messageMinBytes: MESSAGE_MIN_BYTES,
      messageMaxBytes: MESSAGE_MAX_BYTES,
      extraDataMaxBytes: EXTRA_DATA_MAX_BYTES,
      transactionsMax: TRANSACTIONS_MAX,
      withdrawalsMax: WITHDRAWALS_MAX,
      withdrawalBytes: WITHDRAWAL_BYTES,
      payloadFixedBytes: Object.values(PAYLOAD_FIXED_BYTES)
    })
  })

  for (const { version, topicVersion, plain, ...vector } of full) {
    it(`decodes and encodes V${String(version + 1)} with every field set`, () => {
      const message = decodeBlockMessage(topicVersion, plain)
      assert.deepEqual(fieldsOf(message), vector.fields)
      assert.equal(message.version, topicVersion)
      assert.equal(toHex(encodeBlockMessage(message)), toHex(plain))
    })

    it(`finds the signer of V${String(version + 1)}`, () => {
      const signed = signedPart(plain)
      const digest = signingHash(keccak256, BigInt(vectors.full.chainId), signed)
      const signature = signatureOf(plain)
      assert.equal(toHex(keccak256(signed)), vector.payloadHash)
      assert.equal(toHex(digest), vector.signingHash)
      const compact = signature.subarray(0, 64)
      assert.equal(
        recoverAddress(digest, { compact, recovery: signature[64] ?? -1 }),
        vector.signer
      )
    })
  }

  for (const { topicVersion, timestamp, plainBytes, plain } of sparse) {
    it(`decodes and encodes another implementation's message, version ${String(topicVersion)}`, () => {
      assert.equal(plain.length, plainBytes)
      const message = decodeBlockMessage(topicVersion, plain)
      assert.equal(message.payload.timestamp, BigInt(timestamp))
      assert.equal(message.payload.blockNumber, 0n)
      assert.deepEqual(message.payload.transactions, [])
      assert.equal(toHex(encodeBlockMessage(message)), toHex(plain))
    })
  }

  it('hashes what is signed', () => {
    const { chainId, payload, hash } = vectors.sparse.signingHash
    assert.equal(toHex(signingHash(keccak256, BigInt(chainId), fromHex(payload))), hash)
  })

  for (const { prevRandao, milliseconds } of vectors.millisecondParts) {
    it(`writes and reads ${String(milliseconds)} ms in prevRandao`, () => {
      assert.equal(toHex(encodeMillisecondPart(milliseconds)), prevRandao)
      assert.equal(millisecondPart(fromHex(prevRandao)), milliseconds)
    })
  }

  for (const { prevRandao, milliseconds } of vectors.millisecondPartsRead) {
    it(`reads ${String(milliseconds)} ms in ${prevRandao.slice(0, 10)}…`, () => {
      assert.equal(millisecondPart(fromHex(prevRandao)), milliseconds)
    })
  }

  for (const milliseconds of [-1, 1000, 0.5, NaN]) {
    it(`refuses ${String(milliseconds)} ms`, () => {
      assertFailure(() => encodeMillisecondPart(milliseconds), 'integer-out-of-range')
    })
  }
})

describe('block message: malformed bytes', () => {
  for (const { name, topicVersion, hex, failure } of vectors.invalid) {
    it(`refuses: ${name}`, () => {
      assertFailure(() => decodeBlockMessage(topicVersion, fromHex(hex)), failure)
      assert.throws(() => decodeBlockMessage(topicVersion, fromHex(hex)), BlockMessageError)
    })
  }

  for (const { version, topicVersion, plain } of full) {
    it(`refuses V${String(version)} cut at any byte where its layout cannot end`, () => {
      const { extraData, transactions } = decodeBlockMessage(topicVersion, plain).payload
      const allowed = new Set<number>()
      if (topicVersion === 0) {
        // V1 ends in the transactions: none at all, or any length of the last one.
        const lastBytes = transactions.at(-1)?.length ?? 0
        allowed.add(SIGNATURE_BYTES + PAYLOAD_FIXED_BYTES[0] + extraData.length)
        for (let missing = 1; missing <= lastBytes; missing++) allowed.add(plain.length - missing)
      }
      for (let length = 0; length < plain.length; length++) {
        const failure = failureOf(() => decodeBlockMessage(topicVersion, plain.subarray(0, length)))
        assert.equal(failure === undefined, allowed.has(length), `cut at ${String(length)}`)
      }
    })
  }

  it('refuses more than 10 MiB, and takes exactly 10 MiB', () => {
    const [, , , v4] = full
    assert.ok(v4 !== undefined)
    const message = decodeBlockMessage(3, v4.plain)
    const room = MESSAGE_MAX_BYTES - encodeBlockMessage(withTransactions(message, [])).length - 4
    const greatest = encodeBlockMessage(withTransactions(message, [new Uint8Array(room)]))
    assert.equal(greatest.length, MESSAGE_MAX_BYTES)
    assert.equal(decodeBlockMessage(3, greatest).payload.transactions[0]?.length, room)
    const over = new Uint8Array(MESSAGE_MAX_BYTES + 1)
    for (const act of [decodeBlockMessage.bind(null, 3, over), () => signatureOf(over)]) {
      assertFailure(act, 'message-too-large')
    }
    assertFailure(() => signedPart(over), 'message-too-large')
    assertFailure(
      () => encodeBlockMessage(withTransactions(message, [new Uint8Array(room + 1)])),
      'message-too-large'
    )
  })

  it('refuses more transactions than 2^20', () => {
    const [v1] = sparse
    assert.ok(v1 !== undefined)
    const table = new Uint8Array(4 * (TRANSACTIONS_MAX + 1))
    const view = new DataView(table.buffer)
    for (let at = 0; at < table.length; at += 4) view.setUint32(at, table.length, true)
    const bytes = new Uint8Array([...v1.plain, ...table])
    assertFailure(() => decodeBlockMessage(0, bytes), 'too-many-items')
    const message = decodeBlockMessage(0, v1.plain)
    const transactions = new Array<Uint8Array>(TRANSACTIONS_MAX + 1).fill(new Uint8Array(0))
    assertFailure(
      () => encodeBlockMessage(withTransactions(message, transactions)),
      'too-many-items'
    )
  })
})

describe('block message: values that do not fit', () => {
  const [v1, v2, v3, v4] = full.map(({ topicVersion, plain }) =>
    decodeBlockMessage(topicVersion, plain)
  ) as [BlockMessage, BlockMessage, BlockMessage, BlockMessage]
  const withdrawal = { index: 1n, validatorIndex: 2n, address: new Uint8Array(20), amount: 3n }
  const short = new Uint8Array(31)

  const cases: readonly [string, string, BlockMessage][] = [
    ['a short hash', 'length-invalid', withPayload(v1, { parentHash: short })],
    ['a long address', 'length-invalid', withPayload(v1, { feeRecipient: short })],
    ['a short bloom', 'length-invalid', withPayload(v1, { logsBloom: new Uint8Array(255) })],
    ['extraData of 33 bytes', 'length-invalid', withPayload(v4, { extraData: new Uint8Array(33) })],
    ['a negative number', 'integer-out-of-range', withPayload(v1, { blockNumber: -1n })],
    ['a number of 65 bits', 'integer-out-of-range', withPayload(v1, { timestamp: 2n ** 64n })],
    ['a fee of 257 bits', 'integer-out-of-range', withPayload(v1, { baseFeePerGas: 2n ** 256n })],
    ['a negative fee', 'integer-out-of-range', withPayload(v1, { baseFeePerGas: -1n })],
    ['blob gas of 65 bits', 'integer-out-of-range', withPayload(v3, { blobGasUsed: 2n ** 64n })],
    ['a short withdrawals root', 'length-invalid', withPayload(v4, { withdrawalsRoot: short })],
    ['a short beacon root', 'length-invalid', { ...v3, parentBeaconBlockRoot: short }],
    ['a short signature', 'length-invalid', { ...v1, signature: v1.signature.subarray(1) }],
    ['v of 2', 'recovery-id-invalid', { ...v1, signature: new Uint8Array(65).fill(2) }],
    ['withdrawals on V1', 'field-unexpected', withPayload(v1, { withdrawals: [] })],
    ['blob gas on V2', 'field-unexpected', withPayload(v2, { blobGasUsed: 0n })],
    ['a withdrawals root on V3', 'field-unexpected', withPayload(v3, { withdrawalsRoot: short })],
    [
      'a beacon root on V2',
      'field-unexpected',
      { ...v2, parentBeaconBlockRoot: new Uint8Array(32) }
    ],
    ['V1 as V2', 'field-missing', { ...v1, version: 1 }],
    ['V2 as V3', 'field-missing', { ...v2, version: 2 }],
    ['V3 as V4', 'field-missing', { ...v3, version: 3 }],
    [
      '17 withdrawals',
      'too-many-items',
      withPayload(v2, { withdrawals: Array(17).fill(withdrawal) })
    ],
    [
      'a short withdrawal address',
      'length-invalid',
      withPayload(v2, { withdrawals: [{ ...withdrawal, address: short }] })
    ],
    [
      'a withdrawal index of 65 bits',
      'integer-out-of-range',
      withPayload(v2, { withdrawals: [{ ...withdrawal, index: 2n ** 64n }] })
    ]
  ]
  for (const [name, failure, message] of cases) {
    it(`does not encode ${name}`, () => {
      assertFailure(() => encodeBlockMessage(message), failure)
    })
  }

  for (const chainId of [-1n, 2n ** 256n]) {
    it(`makes no signing hash for chain id ${chainId.toString().slice(0, 12)}`, () => {
      assertFailure(
        () => signingHash(keccak256, chainId, new Uint8Array(32)),
        'integer-out-of-range'
      )
    })
  }

  it('joins a signature with what it signs', () => {
    for (const { topicVersion, plain } of full) {
      const message = decodeBlockMessage(topicVersion, plain)
      const joined = joinSignature(message.signature, encodeSignedPart(message))
      assert.equal(toHex(joined), toHex(plain))
    }
    assertFailure(() => joinSignature(new Uint8Array(64), new Uint8Array(600)), 'length-invalid')
    assertFailure(() => joinSignature(new Uint8Array(65), new Uint8Array(0)), 'message-too-short')
    assertFailure(
      () => joinSignature(new Uint8Array(65), new Uint8Array(MESSAGE_MAX_BYTES)),
      'message-too-large'
    )
  })

  it('knows the four versions', () => {
    const known = [-1, 0, 1, 2, 3, 4, 1.5, NaN].filter(isTopicVersion)
    assert.deepEqual(known, [0, 1, 2, 3])
  })

  it('decodes to views of plain bytes, also out of a Buffer in a larger one', () => {
    const [v4Vector] = full.slice(3)
    assert.ok(v4Vector !== undefined)
    const padded = Buffer.concat([Buffer.alloc(7), v4Vector.plain, Buffer.alloc(9)])
    const inside = padded.subarray(7, 7 + v4Vector.plain.length)
    const message = decodeBlockMessage(3, inside)
    assert.deepEqual(fieldsOf(message), v4Vector.fields)
    assert.equal(message.payload.blockHash.constructor, Uint8Array)
    assert.equal(message.payload.blockHash.buffer, padded.buffer)
  })
})

function withPayload(
  message: BlockMessage,
  change: Partial<BlockMessage['payload']>
): BlockMessage {
  return { ...message, payload: { ...message.payload, ...change } }
}

function withTransactions(
  message: BlockMessage,
  transactions: readonly Uint8Array[]
): BlockMessage {
  return withPayload(message, { transactions })
}

/** A message's fields in the form of the vectors. */
function fieldsOf({ parentBeaconBlockRoot, payload }: BlockMessage): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(payload)) fields[name] = fieldOf(value)
  fields.baseFeePerGas = payload.baseFeePerGas.toString()
  if (parentBeaconBlockRoot !== undefined)
    fields.parentBeaconBlockRoot = toHex(parentBeaconBlockRoot)
  return fields
}

function fieldOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint8Array) return toHex(value)
  return Array.isArray(value) ? value.map(fieldOf) : value
}
