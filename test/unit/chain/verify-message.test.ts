// A block message from anybody: what is taken, and each thing that makes it no proof of a block.
import assert from 'node:assert/strict'
import {
  encodeSignedPart,
  joinSignature,
  signingHash,
  type TopicVersion,
  type UnsignedBlockMessage
} from '../../../protocols/block-message/codec.ts'
import { hexToBytes } from '../../../src/base/bytes.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import { privateKeyToAddress, signDigest } from '../../../src/base/secp256k1.ts'
import { blockToMessage } from '../../../src/chain/blocks/payload.ts'
import { createSignerSchedule } from '../../../src/chain/blocks/signer-schedule.ts'
import {
  MessageError,
  type MessageFailure,
  verifyBlockMessage
} from '../../../src/chain/blocks/verify-message.ts'
import {
  childBlock,
  OTHER_KEY,
  signBlock,
  signChild,
  TEST_CHAIN_ID,
  TEST_KEY,
  TEST_SIGNER,
  testGenesisBlock
} from '../../support/signed-chain.ts'

const schedule = createSignerSchedule([{ fromBlock: 0n, address: TEST_SIGNER }])
const RULES = { chainId: TEST_CHAIN_ID, schedule }
const genesis = testGenesisBlock()
const block = childBlock(genesis, { transactionsCount: 3 })
const signed = signBlock(block)

/** The message of the block with fields of its payload changed, signed by the sequencer's key. */
function forged(payload: Partial<UnsignedBlockMessage['payload']>): Uint8Array {
  const message = blockToMessage(block)
  const part = encodeSignedPart({ ...message, payload: { ...message.payload, ...payload } })
  const { compact, recovery } = signDigest(signingHash(keccak256, TEST_CHAIN_ID, part), TEST_KEY)
  return joinSignature(Uint8Array.of(...compact, recovery), part)
}

function failureOf(verify: () => unknown): MessageFailure {
  try {
    verify()
  } catch (thrown) {
    assert.ok(thrown instanceof MessageError, String(thrown))
    return thrown.failure
  }
  assert.fail('the message was taken')
}

function withByte(at: number, value: number): Uint8Array {
  const bytes = Uint8Array.from(signed.message)
  bytes[at] = value
  return bytes
}

describe('verifyBlockMessage', () => {
  it('gives the block that was signed, its signer and the bytes', () => {
    const result = verifyBlockMessage(RULES, 3, signed.message)
    assert.deepEqual(result, { ...block, version: 3, message: signed.message, signer: TEST_SIGNER })
    assert.equal(result.message, signed.message)
  })
  it('names the signer without judging it where there is no schedule', () => {
    const other = signChild(genesis, { key: OTHER_KEY })
    const { signer } = verifyBlockMessage({ chainId: TEST_CHAIN_ID }, 3, other.message)
    assert.equal(signer, privateKeyToAddress(OTHER_KEY))
  })
  it('refuses a signer that the schedule does not name, with both', () => {
    const other = signChild(genesis, { key: OTHER_KEY })
    assert.deepEqual(
      failureOf(() => verifyBlockMessage(RULES, 3, other.message)),
      {
        code: 'signer-not-scheduled',
        number: 1n,
        expected: TEST_SIGNER,
        got: privateKeyToAddress(OTHER_KEY)
      }
    )
  })
  it('goes by the schedule of the height', () => {
    const later = createSignerSchedule([
      { fromBlock: 0n, address: privateKeyToAddress(OTHER_KEY) },
      { fromBlock: 2n, address: TEST_SIGNER }
    ])
    const rules = { chainId: TEST_CHAIN_ID, schedule: later }
    assert.equal(
      failureOf(() => verifyBlockMessage(rules, 3, signed.message)).code,
      'signer-of-other-heights'
    )
    const second = signChild(signed)
    assert.equal(verifyBlockMessage(rules, 3, second.message).hash, second.hash)
  })
  it('refuses the message of another chain, whose signer is somebody else here', () => {
    const rules = { ...RULES, chainId: TEST_CHAIN_ID + 1n }
    assert.equal(
      failureOf(() => verifyBlockMessage(rules, 3, signed.message)).code,
      'signer-not-scheduled'
    )
  })
  it('refuses a false block hash, with the one that is computed', () => {
    const claimed = `0x${'ab'.repeat(32)}` as const
    assert.deepEqual(
      failureOf(() => verifyBlockMessage(RULES, 3, forged({ blockHash: hexToBytes(claimed) }))),
      {
        code: 'block-hash-false',
        claimed,
        computed: block.hash
      }
    )
  })
  for (const [what, payload] of [
    ['a transaction left out', { transactions: block.transactions.slice(1) }],
    ['transactions in another order', { transactions: [...block.transactions].reverse() }],
    ['another state root', { stateRoot: new Uint8Array(32) }],
    ['another height', { blockNumber: 2n }],
    ['another gas limit', { gasLimit: 1n }]
  ] as const) {
    it(`refuses ${what} under the hash of the block`, () => {
      assert.equal(
        failureOf(() => verifyBlockMessage(RULES, 3, forged(payload))).code,
        'block-hash-false'
      )
    })
  }
  for (const [payload, failure] of [
    [{ blobGasUsed: 1n }, { code: 'blob-field-not-zero', field: 'blobGasUsed' }],
    [{ excessBlobGas: 1n }, { code: 'blob-field-not-zero', field: 'excessBlobGas' }],
    [
      { transactions: [Uint8Array.of(2), new Uint8Array(0)] },
      { code: 'transaction-empty', index: 1 }
    ],
    [{ blockNumber: 0n }, { code: 'block-number-zero' }]
  ] as const) {
    it(`refuses ${failure.code}`, () => {
      assert.deepEqual(
        failureOf(() => verifyBlockMessage(RULES, 3, forged(payload))),
        failure
      )
    })
  }
  it('refuses withdrawals', () => {
    const withdrawals = [{ index: 1n, validatorIndex: 2n, address: new Uint8Array(20), amount: 3n }]
    const failure = failureOf(() => verifyBlockMessage(RULES, 3, forged({ withdrawals })))
    assert.deepEqual(failure, { code: 'withdrawals-not-empty', count: 1 })
  })
})

describe('bytes that are no block message', () => {
  const { message } = signed
  const rows: readonly (readonly [
    what: string,
    bytes: Uint8Array,
    version: TopicVersion,
    MessageFailure['code']
  ])[] = [
    ['nothing', new Uint8Array(0), 3, 'message-malformed'],
    ['less than a signature', message.subarray(0, 64), 3, 'message-malformed'],
    ['a recovery of 4', withByte(64, 4), 3, 'message-malformed'],
    [
      'a signature of zeros',
      Uint8Array.of(...new Uint8Array(65), ...message.subarray(65)),
      3,
      'signature-unrecoverable'
    ],
    ['the layout of another version', message, 2, 'message-malformed']
  ]
  for (const [what, bytes, version, code] of rows) {
    it(`are refused: ${what}`, () => {
      const rules = { chainId: TEST_CHAIN_ID }
      assert.equal(failureOf(() => verifyBlockMessage(rules, version, bytes)).code, code)
    })
  }
  it('are refused with any one byte changed', () => {
    for (let at = 0; at < message.length; at += 7) {
      failureOf(() => verifyBlockMessage(RULES, 3, withByte(at, message[at]! ^ 0x10)))
    }
  })
  it('are refused when they are cut anywhere', () => {
    for (let length = 0; length < message.length; length += 13) {
      failureOf(() => verifyBlockMessage(RULES, 3, message.subarray(0, length)))
    }
  })
})
