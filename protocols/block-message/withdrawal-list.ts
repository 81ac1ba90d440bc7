// List[Withdrawal, 16]: 44 bytes each. The OP Stack leaves the list empty; the layout allows 16.
import { BlockMessageError } from './block-message-error.ts'
import { writeBytes, writeUint64 } from './fixed-fields.ts'

/** A withdrawal of Ethereum's Capella fork. Integers are u64. */
export interface Withdrawal {
  readonly index: bigint
  readonly validatorIndex: bigint
  /** 20 bytes. */
  readonly address: Uint8Array
  /** Gwei. */
  readonly amount: bigint
}

/** Most withdrawals of a payload. */
export const WITHDRAWALS_MAX = 16

/** Bytes of one withdrawal. */
export const WITHDRAWAL_BYTES = 44

const AT = { index: 0, validatorIndex: 8, address: 16, amount: 36 } as const

/** Writes the list over all of `target`. Throws BlockMessageError. */
export function writeWithdrawals(withdrawals: readonly Withdrawal[], target: Uint8Array): void {
  assertCount(withdrawals.length)
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength)
  for (const [position, withdrawal] of withdrawals.entries()) {
    const start = position * WITHDRAWAL_BYTES
    const { index, validatorIndex, address, amount } = withdrawal
    writeUint64(view, start + AT.index, index, 'withdrawals.index')
    writeUint64(view, start + AT.validatorIndex, validatorIndex, 'withdrawals.validatorIndex')
    const addressField = { field: 'withdrawals.address', lengthBytes: 20 }
    writeBytes(target, start + AT.address, address, addressField)
    writeUint64(view, start + AT.amount, amount, 'withdrawals.amount')
  }
}

/** The withdrawals that fill `bytes`; addresses are views of it. Throws BlockMessageError. */
export function decodeWithdrawals(bytes: Uint8Array): Withdrawal[] {
  if (bytes.length % WITHDRAWAL_BYTES !== 0) {
    const lengthBytes = bytes.length
    throw new BlockMessageError({ code: 'length-invalid', field: 'withdrawals', lengthBytes })
  }
  const count = bytes.length / WITHDRAWAL_BYTES
  assertCount(count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: count }, (_, position) => {
    const start = position * WITHDRAWAL_BYTES
    return {
      index: view.getBigUint64(start + AT.index, true),
      validatorIndex: view.getBigUint64(start + AT.validatorIndex, true),
      address: bytes.subarray(start + AT.address, start + AT.amount),
      amount: view.getBigUint64(start + AT.amount, true)
    }
  })
}

function assertCount(count: number): void {
  if (count > WITHDRAWALS_MAX) {
    throw new BlockMessageError({ code: 'too-many-items', field: 'withdrawals', count })
  }
}
