// Random execution payloads and block messages for property tests.
import fc from 'fast-check'
import {
  type BlockMessage,
  type ExecutionPayload,
  type TopicVersion,
  type Withdrawal
} from '../../protocols/block-message/codec.ts'

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const bytes20 = bytes(20)
const bytes32 = bytes(32)

const withdrawal: fc.Arbitrary<Withdrawal> = plainRecord({
  index: uint64,
  validatorIndex: uint64,
  address: bytes20,
  amount: uint64
})

/** A payload with the fields of its version. */
function executionPayload(version: TopicVersion): fc.Arbitrary<ExecutionPayload> {
  const since1 = { withdrawals: fc.array(withdrawal, { maxLength: 16 }) }
  const since2 = { blobGasUsed: uint64, excessBlobGas: uint64 }
  const since3 = { withdrawalsRoot: bytes32 }
  return plainRecord({
    parentHash: bytes32,
    feeRecipient: bytes20,
    stateRoot: bytes32,
    receiptsRoot: bytes32,
    logsBloom: bytes(256),
    prevRandao: bytes32,
    blockNumber: uint64,
    gasLimit: uint64,
    gasUsed: uint64,
    timestamp: uint64,
    extraData: fc.uint8Array({ maxLength: 32 }),
    baseFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    blockHash: bytes32,
    transactions: fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 12 }),
    ...(version >= 1 && since1),
    ...(version >= 2 && since2),
    ...(version >= 3 && since3)
  })
}

/** A whole message of any version. */
export const blockMessage: fc.Arbitrary<BlockMessage> = fc
  .constantFrom<TopicVersion>(0, 1, 2, 3)
  .chain((version) =>
    plainRecord({
      version: fc.constant(version),
      signature: fc
        .tuple(bytes(64), fc.constantFrom(0, 1))
        .map(([compact, v]) => new Uint8Array([...compact, v])),
      payload: executionPayload(version),
      ...(version >= 2 && { parentBeaconBlockRoot: bytes32 })
    })
  )

/** fc.record with ordinary objects, which compare equal to decoded ones. */
export function plainRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

/** Exactly this many random bytes. */
export function bytes(lengthBytes: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: lengthBytes, maxLength: lengthBytes })
}
