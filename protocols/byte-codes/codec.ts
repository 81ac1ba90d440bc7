// byte_codes: codes of accounts by their hashes (README.md).
import { ByteListType, ContainerType, ListCompositeType } from '@chainsafe/ssz'
import { type ChunkCodec, type ProtocolDef } from '../protocol-def.ts'
import { assertVersionZero, bytes32, createContainerCodec, uint32 } from '../ssz-container.ts'
import { HASH_BYTES, STATE_ANSWER_MAX_BYTES } from '../state-leaves.ts'

/** The codes with these hashes, as far as the server holds them and they fit into `maxBytes`. */
export interface ByteCodesRequest {
  /** keccak-256 of each code; 1 to 1,024, no two the same. */
  readonly hashes: readonly Uint8Array[]
  /** Soft limit on the codes' bytes in sum; u32. The first code comes whatever its size. */
  readonly maxBytes: number
}

/** An answer. */
export interface ByteCodes {
  /** In the order of the request, those that are missing left out; none is empty. */
  readonly codes: readonly Uint8Array[]
}

/** Most codes of one request. */
export const BYTE_CODES_COUNT_MAX = 1024
/** What a code counts beside its own bytes: its offset in the list. */
export const CODE_OVERHEAD_BYTES = 4
/** A larger code is not served. */
export const BYTE_CODE_MAX_BYTES: number = 2 ** 20

const FIXED_BYTES = 8
const CHUNK = 'ByteCodes'

const request = createContainerCodec(
  'ByteCodesRequest',
  new ContainerType({
    hashes: new ListCompositeType(bytes32, BYTE_CODES_COUNT_MAX),
    maxBytes: uint32
  }),
  ({ hashes }) => {
    const distinct = new Set(hashes.map((hash) => Buffer.from(hash).toString('hex')))
    return hashes.length > 0 && distinct.size === hashes.length ? undefined : 'hashes'
  }
)

const codec = createContainerCodec(
  CHUNK,
  new ContainerType({
    codes: new ListCompositeType(new ByteListType(BYTE_CODE_MAX_BYTES), BYTE_CODES_COUNT_MAX)
  }),
  ({ codes }) =>
    codes.length === 0 || codes.some(({ length }) => length === 0) ? 'codes' : undefined
)

const chunk: ChunkCodec<ByteCodes> = {
  encode: (codes) => ({ version: 0, bytes: codec.encode({ codes: [...codes.codes] }) }),
  decode(version, bytes) {
    assertVersionZero(CHUNK, version)
    return codec.decode(bytes)
  }
}

/** One chunk an answer. */
export const BYTE_CODES: ProtocolDef<ByteCodesRequest, ByteCodes> = {
  name: 'byte_codes',
  version: 1,
  request,
  chunk,
  limits: {
    requestMaxBytes: FIXED_BYTES + HASH_BYTES * BYTE_CODES_COUNT_MAX,
    chunkMaxBytes: STATE_ANSWER_MAX_BYTES,
    chunksMax: 1
  }
}
