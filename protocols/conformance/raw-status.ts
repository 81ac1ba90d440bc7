// A status taken apart by its offsets, whatever stands in it (protocols/status, "Container").
import { NONE_UINT64 } from '../ssz-container.ts'
import { STATUS, type Status } from '../status/codec.ts'

/** Bytes of the container. */
export const STATUS_BYTES = 173

/** Where the fields stand. */
export const STATUS_AT = {
  chainId: 0,
  genesisHash: 8,
  forkDigest: 40,
  role: 44,
  unsafeNumber: 45,
  unsafeHash: 53,
  acceptedNumber: 85,
  acceptedHash: 93,
  oldestBlock: 125,
  oldestState: 133,
  newestState: 141,
  oldestDiff: 149,
  clockMs: 165
} as const

/** The fields that the cases look at; integers as they stand, none being 2^64-1. */
export interface RawStatus {
  readonly sizeBytes: number
  readonly chainId: bigint
  readonly genesisHash: Uint8Array
  readonly forkDigest: Uint8Array
  readonly role: number
  readonly unsafeNumber: bigint
  readonly unsafeHash: Uint8Array
  readonly acceptedNumber: bigint
  readonly acceptedHash: Uint8Array
  readonly oldestBlock: bigint
  readonly oldestState: bigint
  readonly newestState: bigint
  readonly oldestDiff: bigint
  readonly clockMs: bigint
}

/** Reads what is there; bytes that are missing count as zero. */
export function readRawStatus(bytes: Uint8Array): RawStatus {
  const whole = new Uint8Array(STATUS_BYTES)
  whole.set(bytes.subarray(0, STATUS_BYTES))
  const view = new DataView(whole.buffer)
  const uint64 = (at: number) => view.getBigUint64(at, true)
  const hash = (at: number) => whole.slice(at, at + 32)
  return {
    sizeBytes: bytes.length,
    chainId: uint64(STATUS_AT.chainId),
    genesisHash: hash(STATUS_AT.genesisHash),
    forkDigest: whole.slice(STATUS_AT.forkDigest, STATUS_AT.role),
    role: view.getUint8(STATUS_AT.role),
    unsafeNumber: uint64(STATUS_AT.unsafeNumber),
    unsafeHash: hash(STATUS_AT.unsafeHash),
    acceptedNumber: uint64(STATUS_AT.acceptedNumber),
    acceptedHash: hash(STATUS_AT.acceptedHash),
    oldestBlock: uint64(STATUS_AT.oldestBlock),
    oldestState: uint64(STATUS_AT.oldestState),
    newestState: uint64(STATUS_AT.newestState),
    oldestDiff: uint64(STATUS_AT.oldestDiff),
    clockMs: uint64(STATUS_AT.clockMs)
  }
}

/** A sound status of a peer that holds genesis alone. */
export function suiteStatus(
  chainId: bigint,
  genesisHash: Uint8Array,
  { forkDigest = new Uint8Array(4) }: { readonly forkDigest?: Uint8Array } = {}
): Uint8Array {
  const status: Status = {
    chainId,
    genesisHash,
    forkDigest,
    role: 'backup',
    unsafeNumber: 0n,
    unsafeHash: genesisHash,
    acceptedNumber: undefined,
    acceptedHash: new Uint8Array(32),
    oldestBlock: undefined,
    oldestState: undefined,
    newestState: undefined,
    oldestDiff: undefined,
    replicatedNumber: undefined,
    clockMs: BigInt(Date.now())
  }
  return STATUS.request.encode(status)
}

/** The bytes with one integer or byte changed. */
export function withField(
  status: Uint8Array,
  field: keyof typeof STATUS_AT,
  value: bigint | number
): Uint8Array {
  const changed = status.slice()
  const view = new DataView(changed.buffer)
  if (typeof value === 'number') view.setUint8(STATUS_AT[field], value)
  else view.setBigUint64(STATUS_AT[field], value, true)
  return changed
}

/** True for 2^64-1. */
export function isNone(value: bigint): boolean {
  return value === NONE_UINT64
}
