// The block message codec against the SSZ containers of @lodestar/types, on random payloads and damage.
import assert from 'node:assert/strict'
import { ContainerType, ListCompositeType } from '@chainsafe/ssz'
import { ssz } from '@lodestar/types'
import fc from 'fast-check'
import {
  decodeBlockMessage,
  encodeBlockMessage,
  encodeSignedPart,
  type ExecutionPayload,
  joinSignature,
  SIGNATURE_BYTES,
  signatureOf,
  signedPart,
  type TopicVersion
} from '../../protocols/block-message/codec.ts'
import { PAYLOAD_FIXED_BYTES } from '../../protocols/block-message/execution-payload.ts'
import { blockMessage } from '../support/payload-arbitraries.ts'
import { failureOf } from '../support/protocol-vectors.ts'

// Lodestar reads most integers as numbers; the layout is theirs, the integers are exact.
const withdrawal = new ContainerType({
  ...ssz.capella.Withdrawal.fields,
  index: ssz.UintBn64,
  validatorIndex: ssz.UintBn64,
  amount: ssz.UintBn64
})
const exact = {
  blockNumber: ssz.UintBn64,
  gasLimit: ssz.UintBn64,
  gasUsed: ssz.UintBn64,
  timestamp: ssz.UintBn64
}
const exactSinceV2 = { ...exact, withdrawals: new ListCompositeType(withdrawal, 16) }
const oracles: readonly Oracle[] = [
  new ContainerType({ ...ssz.bellatrix.ExecutionPayload.fields, ...exact }),
  new ContainerType({ ...ssz.capella.ExecutionPayload.fields, ...exactSinceV2 }),
  new ContainerType({ ...ssz.deneb.ExecutionPayload.fields, ...exactSinceV2 }),
  new ContainerType({
    ...ssz.deneb.ExecutionPayload.fields,
    ...exactSinceV2,
    withdrawalsRoot: ssz.Bytes32
  })
]

/** What is asked of an SSZ container; its values have the fields and types of ours. */
interface Oracle {
  serialize(payload: ExecutionPayload): Uint8Array
  deserialize(bytes: Uint8Array): ExecutionPayload
}

function oracleOf(version: TopicVersion): Oracle {
  const oracle = oracles[version]
  assert.ok(oracle !== undefined)
  return oracle
}

/** The payload by the oracle; undefined when it refuses the bytes. */
function decodeByOracle(version: TopicVersion, bytes: Uint8Array): ExecutionPayload | undefined {
  try {
    return oracleOf(version).deserialize(bytes)
  } catch {
    return undefined
  }
}

/** Where the payload starts in a message. */
function payloadStart(version: TopicVersion): number {
  return SIGNATURE_BYTES + (version >= 2 ? 32 : 0)
}

describe('block message codec', () => {
  it('gives the bytes of the oracle, and its values back', () => {
    fc.assert(
      fc.property(blockMessage, (message) => {
        const bytes = encodeBlockMessage(message)
        const payloadBytes = bytes.subarray(payloadStart(message.version))
        assert.deepEqual(payloadBytes, oracleOf(message.version).serialize(message.payload))
        assert.deepEqual(decodeByOracle(message.version, payloadBytes), message.payload)
        assert.deepEqual(decodeBlockMessage(message.version, bytes), message)
      })
    )
  })

  it('is one encoding: whole, or signed part and signature', () => {
    fc.assert(
      fc.property(blockMessage, (message) => {
        const bytes = encodeBlockMessage(message)
        const signed = encodeSignedPart(message)
        assert.deepEqual(signedPart(bytes), signed)
        assert.deepEqual(signatureOf(bytes), message.signature)
        assert.deepEqual(joinSignature(message.signature, signed), bytes)
      })
    )
  })

  it('accepts of damaged payloads what the oracle accepts, with its values, and encodes them back', () => {
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(blockMessage, damage, (message, { at, change, end }) => {
        const { version } = message
        const whole = encodeBlockMessage(message)
        const start = payloadStart(version)
        const bytes = end(whole.slice())
        const target = start + damagedPosition(version, at, bytes.length - start)
        if (target < bytes.length) bytes[target] = change
        const expected = decodeByOracle(version, bytes.subarray(start))
        if (expected === undefined) {
          refused++
          assert.notEqual(
            failureOf(() => decodeBlockMessage(version, bytes)),
            undefined
          )
          return
        }
        accepted++
        const decoded = decodeBlockMessage(version, bytes)
        assert.deepEqual(decoded.payload, expected)
        assert.deepEqual(encodeBlockMessage(decoded), bytes)
      }),
      { numRuns: 1000 }
    )
    assert.ok(
      accepted > 50 && refused > 50,
      `${String(accepted)} accepted, ${String(refused)} refused`
    )
  })

  it('refuses or decodes any bytes, and throws nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<TopicVersion>(0, 1, 2, 3),
        fc.uint8Array({ maxLength: 1200 }),
        (version, bytes) => {
          failureOf(() => decodeBlockMessage(version, bytes))
        }
      )
    )
  })
})

/** One byte set, and bytes cut or added at the end. Low positions are aimed at offsets. */
const damage = fc.record({
  at: fc.nat(4096),
  change: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 4, 8, 12, 16)),
  end: fc.oneof(
    { arbitrary: fc.constant((bytes: Uint8Array) => bytes), weight: 3 },
    {
      arbitrary: fc.nat(60).map((cut) => (bytes: Uint8Array) => bytes.slice(0, bytes.length - cut)),
      weight: 1
    },
    {
      arbitrary: fc
        .uint8Array({ maxLength: 60 })
        .map((more) => (bytes: Uint8Array) => new Uint8Array([...bytes, ...more])),
      weight: 1
    }
  )
})

/** Half of the damage goes to the bytes of an offset, the rest anywhere in the payload. */
function damagedPosition(version: TopicVersion, at: number, payloadBytes: number): number {
  if (at % 2 === 1) return at % payloadBytes
  const fixed = [436, 504, 508].slice(0, version === 0 ? 2 : 3)
  const table = [0, 4, 8].map((entry) => PAYLOAD_FIXED_BYTES[version] + entry)
  const positions = [...fixed, ...table].flatMap((offset) => [offset, offset + 1])
  return positions[(at / 2) % positions.length] ?? 0
}
