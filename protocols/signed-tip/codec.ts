// signed_tip: which block is held above, or instead of, the asker's head (README.md). Its answer is its
// own proof, since it carries the sequencer's signature.
import { ByteListType, ContainerType } from '@chainsafe/ssz'
import { assertMessageSize, MESSAGE_MAX_BYTES } from '../block-message/codec.ts'
import { assertTopicVersion, type VersionedMessage } from '../block-message/message-chunk.ts'
import { type ProtocolDef, type ValueCodec } from '../protocol-def.ts'
import {
  assertVersionZero,
  bytes32,
  ContainerError,
  createContainerCodec,
  NONE_UINT64,
  uint64,
  uint8
} from '../ssz-container.ts'

/** The asker's head. */
export interface SignedTipRequest {
  readonly number: bigint
  /** 32 bytes. */
  readonly hash: Uint8Array
}

/**
 * What the answerer holds, compared with the asker's head.
 * same: that head, and nothing above it. behind: the asker's height is above all it holds; its highest.
 * ahead: blocks above; its highest. conflict: another block at the asker's height; that block.
 */
export type SignedTip =
  | { readonly relation: 'same' }
  | ({ readonly relation: 'behind' | 'ahead' | 'conflict' } & VersionedMessage)

/** What each relation is on the wire. Where several hold, the first of conflict, ahead, same, behind is said. */
export const RELATION_CODES = {
  same: 0,
  behind: 1,
  ahead: 2,
  conflict: 3
} as const satisfies Record<SignedTip['relation'], number>

const CHUNK = 'SignedTip'
const RELATIONS = Object.keys(RELATION_CODES) as SignedTip['relation'][]

const request: ValueCodec<SignedTipRequest> = createContainerCodec(
  'SignedTipRequest',
  new ContainerType({ number: uint64, hash: bytes32 }),
  ({ number }) => (number === NONE_UINT64 ? 'number' : undefined)
)

const chunkContainer = createContainerCodec(
  CHUNK,
  new ContainerType({
    relation: uint8,
    version: uint8,
    message: new ByteListType(MESSAGE_MAX_BYTES)
  })
)

function encodeSignedTip(tip: SignedTip): Uint8Array {
  const relation = RELATION_CODES[tip.relation]
  if (tip.relation === 'same') {
    return chunkContainer.encode({ relation, version: 0, message: new Uint8Array(0) })
  }
  assertMessageSize(tip.message.length)
  assertTopicVersion(tip.version)
  return chunkContainer.encode({ relation, version: tip.version, message: tip.message })
}

function decodeSignedTip(bytes: Uint8Array): SignedTip {
  const { relation: code, version, message } = chunkContainer.decode(bytes)
  const relation = RELATIONS[code]
  if (relation === undefined) throwField('relation')
  if (relation === 'same') {
    if (version !== 0) throwField('version')
    if (message.length !== 0) throwField('message')
    return { relation }
  }
  assertTopicVersion(version)
  assertMessageSize(message.length)
  return { relation, version, message }
}

/** One chunk answers; its message is bounded here and decoded and verified by who asked. */
export const SIGNED_TIP: ProtocolDef<SignedTipRequest, SignedTip> = {
  name: 'signed_tip',
  version: 1,
  request,
  chunk: {
    encode: (tip) => ({ version: 0, bytes: encodeSignedTip(tip) }),
    decode(version, bytes) {
      assertVersionZero(CHUNK, version)
      return decodeSignedTip(bytes)
    }
  },
  limits: { requestMaxBytes: 40, chunkMaxBytes: 6 + MESSAGE_MAX_BYTES, chunksMax: 1 }
}

function throwField(field: string): never {
  throw new ContainerError({ code: 'field-invalid', container: CHUNK, field })
}
