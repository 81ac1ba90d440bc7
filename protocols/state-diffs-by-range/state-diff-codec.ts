// SSZ container StateDiff in bytes and back (README.md, "StateDiff"): by hand, so that decoding copies nothing.
import {
  checkStateDiff,
  type DiffAccount,
  type DiffSlot,
  type StateDiff,
  STATE_DIFF_LIMITS
} from './state-diff.ts'
import { StateDiffError } from './state-diff-error.ts'
import { decodeList, encodeList } from './variable-list.ts'

const HASH_BYTES = 32
const FIXED_BYTES = 8 + 3 * HASH_BYTES + 3 * 4
const ACCOUNT_FIXED_BYTES = HASH_BYTES + 4 + 1 + 4
const SLOT_FIXED_BYTES = HASH_BYTES + 4

/** Throws StateDiffError when the diff breaks a rule that needs no hash. */
export function encodeStateDiff(diff: StateDiff): Uint8Array {
  checkStateDiff(diff)
  const accounts = encodeList(diff.accounts.map(encodeAccount))
  const codes = encodeList(diff.codes)
  const receipts = encodeList(diff.receipts)
  const codesStart = FIXED_BYTES + accounts.length
  const receiptsStart = codesStart + codes.length
  const bytes = new Uint8Array(receiptsStart + receipts.length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, diff.number, true)
  bytes.set(diff.blockHash, 8)
  bytes.set(diff.parentStateRoot, 40)
  bytes.set(diff.stateRoot, 72)
  view.setUint32(104, FIXED_BYTES, true)
  view.setUint32(108, codesStart, true)
  view.setUint32(112, receiptsStart, true)
  bytes.set(accounts, FIXED_BYTES)
  bytes.set(codes, codesStart)
  bytes.set(receipts, receiptsStart)
  return bytes
}

/** Takes exactly the bytes of one diff; byte fields are views of them. Throws StateDiffError. */
export function decodeStateDiff(bytes: Uint8Array): StateDiff {
  if (bytes.length < FIXED_BYTES) {
    throw new StateDiffError({ code: 'diff-size-invalid', sizeBytes: bytes.length })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const codesStart = view.getUint32(108, true)
  const receiptsStart = view.getUint32(112, true)
  assertOffset('accounts', view.getUint32(104, true), FIXED_BYTES, FIXED_BYTES)
  assertOffset('codes', codesStart, FIXED_BYTES, bytes.length)
  assertOffset('receipts', receiptsStart, codesStart, bytes.length)
  const { accountsMax, codesMax, receiptsMax } = STATE_DIFF_LIMITS
  const accounts = decodeList(bytes.subarray(FIXED_BYTES, codesStart), 'accounts', accountsMax)
  const diff = {
    number: view.getBigUint64(0, true),
    blockHash: bytes.subarray(8, 40),
    parentStateRoot: bytes.subarray(40, 72),
    stateRoot: bytes.subarray(72, 104),
    accounts: accounts.map(decodeAccount),
    codes: decodeList(bytes.subarray(codesStart, receiptsStart), 'codes', codesMax),
    receipts: decodeList(bytes.subarray(receiptsStart), 'receipts', receiptsMax)
  }
  checkStateDiff(diff)
  return diff
}

/** The block hash in an encoded diff, without decoding it. Throws StateDiffError when it is too short. */
export function blockHashOfDiff(bytes: Uint8Array): Uint8Array {
  if (bytes.length < FIXED_BYTES) {
    throw new StateDiffError({ code: 'diff-size-invalid', sizeBytes: bytes.length })
  }
  return bytes.subarray(8, 40)
}

function encodeAccount({ addressHash, body, storageCleared, slots }: DiffAccount): Uint8Array {
  const list = encodeList(slots.map(encodeSlot))
  const slotsStart = ACCOUNT_FIXED_BYTES + body.length
  const bytes = new Uint8Array(slotsStart + list.length)
  const view = new DataView(bytes.buffer)
  bytes.set(addressHash, 0)
  view.setUint32(32, ACCOUNT_FIXED_BYTES, true)
  bytes[36] = storageCleared ? 1 : 0
  view.setUint32(37, slotsStart, true)
  bytes.set(body, ACCOUNT_FIXED_BYTES)
  bytes.set(list, slotsStart)
  return bytes
}

function decodeAccount(bytes: Uint8Array): DiffAccount {
  if (bytes.length < ACCOUNT_FIXED_BYTES) {
    throw new StateDiffError({
      code: 'length-invalid',
      field: 'account',
      lengthBytes: bytes.length
    })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const slotsStart = view.getUint32(37, true)
  assertOffset('body', view.getUint32(32, true), ACCOUNT_FIXED_BYTES, ACCOUNT_FIXED_BYTES)
  assertOffset('slots', slotsStart, ACCOUNT_FIXED_BYTES, bytes.length)
  const cleared = bytes[36]!
  if (cleared > 1) {
    throw new StateDiffError({ code: 'boolean-invalid', field: 'storageCleared', value: cleared })
  }
  const slots = decodeList(bytes.subarray(slotsStart), 'slots', STATE_DIFF_LIMITS.slotsMax)
  return {
    addressHash: bytes.subarray(0, HASH_BYTES),
    body: bytes.subarray(ACCOUNT_FIXED_BYTES, slotsStart),
    storageCleared: cleared === 1,
    slots: slots.map(decodeSlot)
  }
}

function encodeSlot({ slotHash, value }: DiffSlot): Uint8Array {
  const bytes = new Uint8Array(SLOT_FIXED_BYTES + value.length)
  bytes.set(slotHash, 0)
  bytes[HASH_BYTES] = SLOT_FIXED_BYTES // u32, little-endian
  bytes.set(value, SLOT_FIXED_BYTES)
  return bytes
}

function decodeSlot(bytes: Uint8Array): DiffSlot {
  if (bytes.length < SLOT_FIXED_BYTES) {
    throw new StateDiffError({ code: 'length-invalid', field: 'slot', lengthBytes: bytes.length })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  assertOffset('value', view.getUint32(HASH_BYTES, true), SLOT_FIXED_BYTES, SLOT_FIXED_BYTES)
  return { slotHash: bytes.subarray(0, HASH_BYTES), value: bytes.subarray(SLOT_FIXED_BYTES) }
}

function assertOffset(field: string, offset: number, min: number, max: number): void {
  if (offset < min || offset > max) {
    throw new StateDiffError({ code: 'offset-invalid', field, offset })
  }
}
