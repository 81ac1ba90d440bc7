// Fields of fixed size, written little-endian as SSZ has them. Each write checks its range or length.
import { BlockMessageError } from './block-message-error.ts'

const UINT64_END = 1n << 64n
const UINT256_END = 1n << 256n

/** Writes an integer of 0..2^64-1 at `at`. Throws BlockMessageError. */
export function writeUint64(view: DataView, at: number, value: bigint, field: string): void {
  if (value < 0n || value >= UINT64_END) {
    throw new BlockMessageError({ code: 'integer-out-of-range', field })
  }
  view.setBigUint64(at, value, true)
}

/** Writes an integer of 0..2^256-1 at `at`, 32 bytes. Throws BlockMessageError. */
export function writeUint256(view: DataView, at: number, value: bigint, field: string): void {
  if (value < 0n || value >= UINT256_END) {
    throw new BlockMessageError({ code: 'integer-out-of-range', field })
  }
  for (let word = 0; word < 4; word++) {
    view.setBigUint64(at + 8 * word, BigInt.asUintN(64, value >> BigInt(64 * word)), true)
  }
}

/** Reads the 32 bytes at `at` as an integer. */
export function readUint256(view: DataView, at: number): bigint {
  let value = 0n
  for (let word = 3; word >= 0; word--) {
    value = (value << 64n) | view.getBigUint64(at + 8 * word, true)
  }
  return value
}

/** Copies `value`, which must be `lengthBytes` long, to `at`. Throws BlockMessageError. */
export function writeBytes(
  target: Uint8Array,
  at: number,
  value: Uint8Array,
  { field, lengthBytes }: { readonly field: string; readonly lengthBytes: number }
): void {
  if (value.length !== lengthBytes) {
    throw new BlockMessageError({ code: 'length-invalid', field, lengthBytes: value.length })
  }
  target.set(value, at)
}
