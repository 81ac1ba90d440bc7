// ExecutionPayload in SSZ, topic versions 0 to 3 (README.md, "Payload"). Laid out by hand: one fixed
// table, which measured quicker than a generic decoder and is tested to equal one.
import { BlockMessageError } from './block-message-error.ts'
import { readUint256, writeBytes, writeUint256, writeUint64 } from './fixed-fields.ts'
import { decodeTransactions, transactionsBytes, writeTransactions } from './transaction-list.ts'
import {
  decodeWithdrawals,
  type Withdrawal,
  WITHDRAWAL_BYTES,
  writeWithdrawals
} from './withdrawal-list.ts'

/** The number in the topic: 0 Bedrock, 1 Canyon, 2 Ecotone, 3 Isthmus; V1 to V4 of the OP Stack. */
export type TopicVersion = 0 | 1 | 2 | 3

/** A block as the OP Stack sends it. Integers are u64 but for the base fee, which is u256. */
export interface ExecutionPayload {
  /** 32 bytes. */
  readonly parentHash: Uint8Array
  /** 20 bytes. */
  readonly feeRecipient: Uint8Array
  /** 32 bytes. */
  readonly stateRoot: Uint8Array
  /** 32 bytes. */
  readonly receiptsRoot: Uint8Array
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  /** 32 bytes. */
  readonly prevRandao: Uint8Array
  readonly blockNumber: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
  /** At most 32 bytes. */
  readonly extraData: Uint8Array
  /** Wei. */
  readonly baseFeePerGas: bigint
  /** 32 bytes; a claim until the header's fields have been hashed. */
  readonly blockHash: Uint8Array
  /** Each in its EIP-2718 envelope; at most 2^20. */
  readonly transactions: readonly Uint8Array[]
  /** From version 1 on; at most 16. */
  readonly withdrawals?: readonly Withdrawal[]
  /** From version 2 on. */
  readonly blobGasUsed?: bigint
  /** From version 2 on. */
  readonly excessBlobGas?: bigint
  /** Version 3 only, 32 bytes. */
  readonly withdrawalsRoot?: Uint8Array
}

/** Most bytes of extraData. */
export const EXTRA_DATA_MAX_BYTES = 32

/** Bytes of the fixed part, by topic version. The variable parts follow in the order of their offsets. */
export const PAYLOAD_FIXED_BYTES: Readonly<Record<TopicVersion, number>> = {
  0: 508,
  1: 512,
  2: 528,
  3: 560
}

/** Where the timestamp stands in every version of the payload: read before the rest can be decoded. */
export const TIMESTAMP_AT = 428

/** Where each field of the fixed part starts; its end is where the next one starts. */
const AT = {
  parentHash: 0,
  feeRecipient: 32,
  stateRoot: 52,
  receiptsRoot: 84,
  logsBloom: 116,
  prevRandao: 372,
  blockNumber: 404,
  gasLimit: 412,
  gasUsed: 420,
  timestamp: TIMESTAMP_AT,
  extraDataOffset: 436,
  baseFeePerGas: 440,
  blockHash: 472,
  transactionsOffset: 504,
  withdrawalsOffset: 508,
  blobGasUsed: 512,
  excessBlobGas: 520,
  withdrawalsRoot: 528
} as const

const HASH_FIELDS = ['parentHash', 'stateRoot', 'receiptsRoot', 'prevRandao', 'blockHash'] as const
const UINT64_FIELDS = ['blockNumber', 'gasLimit', 'gasUsed', 'timestamp'] as const

/** The fields that came later, with the topic version that brought each. */
const FIELD_SINCE = {
  withdrawals: 1,
  blobGasUsed: 2,
  excessBlobGas: 2,
  withdrawalsRoot: 3
} as const satisfies Partial<Record<keyof ExecutionPayload, TopicVersion>>

/** Bytes the payload takes in SSZ. Throws BlockMessageError when its fields are not its version's. */
export function executionPayloadBytes(version: TopicVersion, payload: ExecutionPayload): number {
  for (const field of Object.keys(FIELD_SINCE) as (keyof typeof FIELD_SINCE)[]) {
    const isPresent = payload[field] !== undefined
    if (isPresent === version >= FIELD_SINCE[field]) continue
    const code = isPresent ? 'field-unexpected' : 'field-missing'
    throw new BlockMessageError({ code, field, version })
  }
  const { extraData, transactions, withdrawals = [] } = payload
  return (
    PAYLOAD_FIXED_BYTES[version] +
    extraData.length +
    transactionsBytes(transactions) +
    withdrawals.length * WITHDRAWAL_BYTES
  )
}

/** Writes the payload over all of `target`, executionPayloadBytes long. Throws BlockMessageError. */
export function writeExecutionPayload(
  version: TopicVersion,
  payload: ExecutionPayload,
  target: Uint8Array
): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength)
  for (const field of HASH_FIELDS) {
    writeBytes(target, AT[field], payload[field], { field, lengthBytes: 32 })
  }
  const { feeRecipient, logsBloom, extraData, transactions, withdrawals } = payload
  writeBytes(target, AT.feeRecipient, feeRecipient, { field: 'feeRecipient', lengthBytes: 20 })
  writeBytes(target, AT.logsBloom, logsBloom, { field: 'logsBloom', lengthBytes: 256 })
  for (const field of UINT64_FIELDS) writeUint64(view, AT[field], payload[field], field)
  writeUint256(view, AT.baseFeePerGas, payload.baseFeePerGas, 'baseFeePerGas')

  assertExtraData(extraData.length)
  const extraDataStart = PAYLOAD_FIXED_BYTES[version]
  const transactionsStart = extraDataStart + extraData.length
  const withdrawalsStart = transactionsStart + transactionsBytes(transactions)
  view.setUint32(AT.extraDataOffset, extraDataStart, true)
  target.set(extraData, extraDataStart)
  view.setUint32(AT.transactionsOffset, transactionsStart, true)
  writeTransactions(transactions, target.subarray(transactionsStart, withdrawalsStart))

  if (withdrawals !== undefined) {
    view.setUint32(AT.withdrawalsOffset, withdrawalsStart, true)
    writeWithdrawals(withdrawals, target.subarray(withdrawalsStart))
  }
  for (const field of ['blobGasUsed', 'excessBlobGas'] as const) {
    const value = payload[field]
    if (value !== undefined) writeUint64(view, AT[field], value, field)
  }
  const { withdrawalsRoot } = payload
  if (withdrawalsRoot !== undefined) {
    const rootField = { field: 'withdrawalsRoot', lengthBytes: 32 }
    writeBytes(target, AT.withdrawalsRoot, withdrawalsRoot, rootField)
  }
}

/** Decodes all of `bytes`; fields of bytes are views of it. Throws BlockMessageError. */
export function decodeExecutionPayload(version: TopicVersion, bytes: Uint8Array): ExecutionPayload {
  const fixedBytes = PAYLOAD_FIXED_BYTES[version]
  if (bytes.length < fixedBytes) {
    const lengthBytes = bytes.length
    throw new BlockMessageError({ code: 'length-invalid', field: 'payload', lengthBytes })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const extraDataStart = view.getUint32(AT.extraDataOffset, true)
  assertOffset('extraData', extraDataStart, { min: fixedBytes, max: fixedBytes })
  const transactionsStart = view.getUint32(AT.transactionsOffset, true)
  assertOffset('transactions', transactionsStart, { min: fixedBytes, max: bytes.length })
  const withdrawalsStart = version === 0 ? bytes.length : view.getUint32(AT.withdrawalsOffset, true)
  assertOffset('withdrawals', withdrawalsStart, { min: transactionsStart, max: bytes.length })
  assertExtraData(transactionsStart - extraDataStart)

  const take = (start: number, lengthBytes: number) => bytes.subarray(start, start + lengthBytes)
  return {
    parentHash: take(AT.parentHash, 32),
    feeRecipient: take(AT.feeRecipient, 20),
    stateRoot: take(AT.stateRoot, 32),
    receiptsRoot: take(AT.receiptsRoot, 32),
    logsBloom: take(AT.logsBloom, 256),
    prevRandao: take(AT.prevRandao, 32),
    blockNumber: view.getBigUint64(AT.blockNumber, true),
    gasLimit: view.getBigUint64(AT.gasLimit, true),
    gasUsed: view.getBigUint64(AT.gasUsed, true),
    timestamp: view.getBigUint64(AT.timestamp, true),
    extraData: bytes.subarray(extraDataStart, transactionsStart),
    baseFeePerGas: readUint256(view, AT.baseFeePerGas),
    blockHash: take(AT.blockHash, 32),
    transactions: decodeTransactions(bytes.subarray(transactionsStart, withdrawalsStart)),
    ...(version >= 1 && { withdrawals: decodeWithdrawals(bytes.subarray(withdrawalsStart)) }),
    ...(version >= 2 && {
      blobGasUsed: view.getBigUint64(AT.blobGasUsed, true),
      excessBlobGas: view.getBigUint64(AT.excessBlobGas, true)
    }),
    ...(version >= 3 && { withdrawalsRoot: take(AT.withdrawalsRoot, 32) })
  }
}

function assertOffset(
  field: string,
  offset: number,
  { min, max }: { readonly min: number; readonly max: number }
): void {
  if (offset < min || offset > max) {
    throw new BlockMessageError({ code: 'offset-invalid', field, offset })
  }
}

function assertExtraData(lengthBytes: number): void {
  if (lengthBytes > EXTRA_DATA_MAX_BYTES) {
    throw new BlockMessageError({ code: 'length-invalid', field: 'extraData', lengthBytes })
  }
}
