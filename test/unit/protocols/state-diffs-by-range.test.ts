// state_diffs_by_range and the container StateDiff against their vectors.
import assert from 'node:assert/strict'
import {
  STATE_DIFF_MAX_BYTES,
  STATE_DIFFS_BY_RANGE,
  STATE_DIFFS_BY_RANGE_COUNT_MAX
} from '../../../protocols/state-diffs-by-range/codec.ts'
import {
  blockHashOfDiff,
  decodeStateDiff,
  encodeStateDiff
} from '../../../protocols/state-diffs-by-range/state-diff-codec.ts'
import {
  codeHashesOf,
  type StateDiff,
  STATE_DIFF_LIMITS
} from '../../../protocols/state-diffs-by-range/state-diff.ts'
import { keccak256 } from '../../../src/base/keccak.ts'
import {
  itEncodesNoBadRange,
  itKeepsProtocol,
  itKeepsRequests,
  type ProtocolVectors,
  type RangeFields,
  type RequestVectors,
  toRange
} from '../../support/protocol-tests.ts'
import {
  assertFailure,
  fromHex,
  type InvalidVector,
  readVectors,
  toHex
} from '../../support/protocol-vectors.ts'
import { readResponse } from '../../support/response-stream.ts'

interface DiffVector {
  readonly number: string
  readonly blockHash: string
  readonly parentStateRoot: string
  readonly stateRoot: string
  readonly accounts: readonly {
    readonly addressHash: string
    readonly body: string
    readonly storageCleared: boolean
    readonly slots: readonly { readonly slotHash: string; readonly value: string }[]
  }[]
  readonly codes: readonly string[]
  readonly receipts: readonly string[]
}

interface StateDiffsVectors extends ProtocolVectors, RequestVectors<RangeFields> {
  readonly diffs: readonly {
    readonly name: string
    readonly diff: DiffVector
    readonly hex: string
  }[]
  readonly response: { readonly diffs: readonly string[]; readonly hex: string }
  readonly invalidDiffs: readonly InvalidVector[]
  readonly unsortedCodes: readonly InvalidVector[]
}

const vectors = readVectors('state-diffs-by-range') as StateDiffsVectors

function toDiff(vector: DiffVector): StateDiff {
  return {
    number: BigInt(vector.number),
    blockHash: fromHex(vector.blockHash),
    parentStateRoot: fromHex(vector.parentStateRoot),
    stateRoot: fromHex(vector.stateRoot),
    accounts: vector.accounts.map(({ addressHash, body, storageCleared, slots }) => ({
      addressHash: fromHex(addressHash),
      body: fromHex(body),
      storageCleared,
      slots: slots.map(({ slotHash, value }) => ({
        slotHash: fromHex(slotHash),
        value: fromHex(value)
      }))
    })),
    codes: vector.codes.map(fromHex),
    receipts: vector.receipts.map(fromHex)
  }
}

describe('state_diffs_by_range', () => {
  itKeepsProtocol(STATE_DIFFS_BY_RANGE, vectors)
  itKeepsRequests(STATE_DIFFS_BY_RANGE, vectors, toRange)
  itEncodesNoBadRange(STATE_DIFFS_BY_RANGE)

  it('sends as many chunks as heights may be asked for, none larger than a diff may be', () => {
    assert.equal(STATE_DIFFS_BY_RANGE_COUNT_MAX, STATE_DIFFS_BY_RANGE.limits.chunksMax)
    assert.equal(STATE_DIFF_MAX_BYTES, STATE_DIFFS_BY_RANGE.limits.chunkMaxBytes)
  })

  it('reads a response of diffs', () => {
    const chunks = readResponse(STATE_DIFFS_BY_RANGE, fromHex(vectors.response.hex))
    assert.deepEqual(chunks.map(toHex), vectors.response.diffs)
    assert.deepEqual(
      chunks.map((bytes) => decodeStateDiff(bytes).number),
      [1n, 34123461n]
    )
  })

  it('writes a chunk with version 0', () => {
    const bytes = fromHex(vectors.response.diffs[0]!)
    assert.deepEqual(STATE_DIFFS_BY_RANGE.chunk.encode(bytes), { version: 0, bytes })
  })

  it('does not carry what is too large', () => {
    const { chunk } = STATE_DIFFS_BY_RANGE
    const largest = new Uint8Array(STATE_DIFF_MAX_BYTES)
    assert.equal(chunk.encode(largest).bytes, largest)
    const oversize = new Uint8Array(STATE_DIFF_MAX_BYTES + 1)
    assertFailure(() => chunk.encode(oversize), 'diff-too-large')
    assertFailure(() => chunk.decode(0, oversize), 'diff-too-large')
  })
})

describe('StateDiff', () => {
  for (const { name, diff, hex } of vectors.diffs) {
    it(`is encoded and decoded: ${name}`, () => {
      const value = toDiff(diff)
      const bytes = fromHex(hex)
      assert.equal(toHex(encodeStateDiff(value)), hex)
      assert.deepEqual(decodeStateDiff(bytes), value)
      assert.deepEqual(blockHashOfDiff(bytes), value.blockHash)
      assert.deepEqual(codeHashesOf(value, keccak256), value.codes.map(keccak256))
    })
  }

  for (const { name, hex, failure } of vectors.invalidDiffs) {
    it(`is refused: ${name}`, () => {
      assertFailure(() => decodeStateDiff(fromHex(hex)), failure)
    })
  }

  for (const { name, hex, failure } of vectors.unsortedCodes) {
    it(`is refused: ${name}`, () => {
      const diff = decodeStateDiff(fromHex(hex))
      assertFailure(() => codeHashesOf(diff, keccak256), failure)
    })
  }

  it('is not encoded when it is not as it must be', () => {
    const good = toDiff(vectors.diffs[1]!.diff)
    const account = good.accounts[0]!
    const tooMany = { length: STATE_DIFF_LIMITS.codesMax + 1 }
    for (const [change, failure] of [
      [{ number: 0n }, 'number-invalid'],
      [{ blockHash: new Uint8Array(31) }, 'length-invalid'],
      [{ accounts: [account, account] }, 'accounts-unsorted'],
      [{ accounts: [{ ...account, addressHash: new Uint8Array(33) }] }, 'length-invalid'],
      [{ accounts: [{ ...account, body: new Uint8Array() }] }, 'deletion-incomplete'],
      [{ codes: Array.from(tooMany, () => Uint8Array.of(1)) }, 'too-many-items']
    ] as const) {
      assertFailure(() => encodeStateDiff({ ...good, ...change }), failure)
    }
  })

  it('is refused with more items than the list may have, before they are read', () => {
    const table = new Uint8Array(116 + 4 * (STATE_DIFF_LIMITS.codesMax + 1))
    const view = new DataView(table.buffer)
    view.setBigUint64(0, 1n, true)
    view.setUint32(104, 116, true)
    view.setUint32(108, 116, true)
    view.setUint32(112, table.length, true)
    for (let at = 116; at < table.length; at += 4) view.setUint32(at, table.length - 116, true)
    assertFailure(() => decodeStateDiff(table), 'too-many-items')
  })
})
