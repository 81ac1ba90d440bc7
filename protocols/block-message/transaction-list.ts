// List[ByteList[2^30], 2^20]: a table of u32 offsets, then the transactions end to end.
import { BlockMessageError } from './block-message-error.ts'

/** Most transactions of a payload. */
export const TRANSACTIONS_MAX = 2 ** 20

const OFFSET_BYTES = 4

/** Bytes the list takes. */
export function transactionsBytes(transactions: readonly Uint8Array[]): number {
  let total = OFFSET_BYTES * transactions.length
  for (const transaction of transactions) total += transaction.length
  return total
}

/** Writes the list over all of `target`, transactionsBytes long. Throws BlockMessageError. */
export function writeTransactions(transactions: readonly Uint8Array[], target: Uint8Array): void {
  assertCount(transactions.length)
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength)
  let at = 0
  let start = OFFSET_BYTES * transactions.length
  for (const transaction of transactions) {
    view.setUint32(at, start, true)
    target.set(transaction, start)
    at += OFFSET_BYTES
    start += transaction.length
  }
}

/** Views of the transactions that fill `bytes`. Throws BlockMessageError. */
export function decodeTransactions(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return []
  if (bytes.length < OFFSET_BYTES) throwOffset(bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const firstStart = view.getUint32(0, true)
  if (firstStart === 0 || firstStart % OFFSET_BYTES !== 0 || firstStart > bytes.length) {
    throwOffset(firstStart)
  }
  const count = firstStart / OFFSET_BYTES
  assertCount(count)
  const transactions: Uint8Array[] = []
  let start = firstStart
  for (let index = 1; index <= count; index++) {
    const end = index === count ? bytes.length : view.getUint32(OFFSET_BYTES * index, true)
    if (end < start || end > bytes.length) throwOffset(end)
    transactions.push(bytes.subarray(start, end))
    start = end
  }
  return transactions
}

function assertCount(count: number): void {
  if (count > TRANSACTIONS_MAX) {
    throw new BlockMessageError({ code: 'too-many-items', field: 'transactions', count })
  }
}

function throwOffset(offset: number): never {
  throw new BlockMessageError({ code: 'offset-invalid', field: 'transactions', offset })
}
