// status: who a node is and what it holds (README.md). A hint for planning; it never moves the gate.
import { ContainerType } from '@chainsafe/ssz'
import { type ProtocolDef, type ValueCodec } from '../protocol-def.ts'
import {
  assertVersionZero,
  bytes32,
  bytes4,
  ContainerError,
  createContainerCodec,
  NONE_UINT64,
  uint64,
  uint8
} from '../ssz-container.ts'

/** What a node is there for. */
export type Role = 'backup' | 'sequencer'

/** What a node says of itself. Numbers are block heights; undefined is "none". */
export interface Status {
  readonly chainId: bigint
  /** 32 bytes. */
  readonly genesisHash: Uint8Array
  /** 4 bytes (fork-digest.ts). */
  readonly forkDigest: Uint8Array
  readonly role: Role
  /** The head of the canonical chain; genesis is 0. */
  readonly unsafeNumber: bigint
  /** 32 bytes. */
  readonly unsafeHash: Uint8Array
  /** The highest block whose signed message is stored and synced. */
  readonly acceptedNumber: bigint | undefined
  /** 32 bytes; zero when acceptedNumber is undefined. */
  readonly acceptedHash: Uint8Array
  /** The lowest block that blocks_by_range serves. */
  readonly oldestBlock: bigint | undefined
  /** The lowest block whose state is readable; undefined exactly when newestState is. */
  readonly oldestState: bigint | undefined
  /** The highest block whose state is readable. */
  readonly newestState: bigint | undefined
  /** The lowest block whose state diff is stored. */
  readonly oldestDiff: bigint | undefined
  /** The highest block that a majority of the backups reports accepted; a sequencer's knowledge. */
  readonly replicatedNumber: bigint | undefined
  /** The node's wall clock, milliseconds since the Unix epoch. */
  readonly clockMs: bigint
}

const CONTAINER = 'Status'
const ROLES: readonly Role[] = ['backup', 'sequencer']
const REQUIRED_NUMBERS = ['chainId', 'unsafeNumber', 'clockMs'] as const
const OPTIONAL_NUMBERS = [
  'acceptedNumber',
  'oldestBlock',
  'oldestState',
  'newestState',
  'oldestDiff',
  'replicatedNumber'
] as const

const container = createContainerCodec(
  CONTAINER,
  new ContainerType({
    chainId: uint64,
    genesisHash: bytes32,
    forkDigest: bytes4,
    role: uint8,
    unsafeNumber: uint64,
    unsafeHash: bytes32,
    acceptedNumber: uint64,
    acceptedHash: bytes32,
    oldestBlock: uint64,
    oldestState: uint64,
    newestState: uint64,
    oldestDiff: uint64,
    replicatedNumber: uint64,
    clockMs: uint64
  })
)

const status: ValueCodec<Status> = {
  encode(value) {
    checkStatus(value)
    const { acceptedNumber, oldestBlock, oldestState, newestState, oldestDiff } = value
    return container.encode({
      ...value,
      role: ROLES.indexOf(value.role),
      acceptedNumber: acceptedNumber ?? NONE_UINT64,
      oldestBlock: oldestBlock ?? NONE_UINT64,
      oldestState: oldestState ?? NONE_UINT64,
      newestState: newestState ?? NONE_UINT64,
      oldestDiff: oldestDiff ?? NONE_UINT64,
      replicatedNumber: value.replicatedNumber ?? NONE_UINT64
    })
  },
  decode(bytes) {
    const fields = container.decode(bytes)
    const role = ROLES[fields.role]
    if (role === undefined) throwField('role')
    const value: Status = {
      ...fields,
      role,
      acceptedNumber: noneToUndefined(fields.acceptedNumber),
      oldestBlock: noneToUndefined(fields.oldestBlock),
      oldestState: noneToUndefined(fields.oldestState),
      newestState: noneToUndefined(fields.newestState),
      oldestDiff: noneToUndefined(fields.oldestDiff),
      replicatedNumber: noneToUndefined(fields.replicatedNumber)
    }
    checkStatus(value)
    return value
  }
}

/** Request and the one chunk of the answer are each side's own status. */
export const STATUS: ProtocolDef<Status, Status> = {
  name: 'status',
  version: 1,
  request: status,
  chunk: {
    encode: (value) => ({ version: 0, bytes: status.encode(value) }),
    decode(version, bytes) {
      assertVersionZero(CONTAINER, version)
      return status.decode(bytes)
    }
  },
  limits: { requestMaxBytes: 173, chunkMaxBytes: 173, chunksMax: 1 }
}

function checkStatus(value: Status): void {
  for (const field of REQUIRED_NUMBERS) if (value[field] === NONE_UINT64) throwField(field)
  for (const field of OPTIONAL_NUMBERS) if (value[field] === NONE_UINT64) throwField(field)
  if ((value.oldestState === undefined) !== (value.newestState === undefined)) {
    throwField('oldestState')
  }
  const isHashZero = value.acceptedHash.every((byte) => byte === 0)
  if (value.acceptedNumber === undefined && !isHashZero) throwField('acceptedHash')
}

function noneToUndefined(value: bigint): bigint | undefined {
  return value === NONE_UINT64 ? undefined : value
}

function throwField(field: string): never {
  throw new ContainerError({ code: 'field-invalid', container: CONTAINER, field })
}
