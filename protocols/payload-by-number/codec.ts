// payload_by_number of the OP Stack: the canonical block of a height, without its signature (README.md).
import { ContainerType } from '@chainsafe/ssz'
import {
  MESSAGE_MAX_BYTES,
  SIGNATURE_BYTES,
  signedPart,
  type TopicVersion
} from '../block-message/codec.ts'
import { TIMESTAMP_AT } from '../block-message/execution-payload.ts'
import { BlockMessageError } from '../block-message/block-message-error.ts'
import { type VersionedMessage } from '../block-message/message-chunk.ts'
import { type ProtocolDef } from '../protocol-def.ts'
import { createContainerCodec, uint64 } from '../ssz-container.ts'
import { PAYLOAD_FRAME } from './payload-frame.ts'

/** Which block. */
export interface PayloadByNumberRequest {
  readonly number: bigint
}

/** 0: a payload of V1 or V2. 1: an envelope of V3 or V4, beacon root first. 2: one of V4, by the OP Stack's text. */
export type PayloadVersion = 0 | 1 | 2

/** A payload as it is served. Which of two layouts it has, the fork at its timestamp says. */
export interface UnsignedPayload {
  readonly version: PayloadVersion
  /** What the sequencer signed: [parentBeaconBlockRoot ++] SSZ(ExecutionPayload). */
  readonly bytes: Uint8Array
}

/** Bytes of a request. */
const PAYLOAD_REQUEST_BYTES = 8

/** Bytes of a payload on both sides, decompressed. */
const PAYLOAD_MAX_BYTES = 10 * 2 ** 20

const BEACON_ROOT_BYTES = 32
const TIMESTAMP_BYTES = 8

/** One block a request. */
export const PAYLOAD_BY_NUMBER: ProtocolDef<PayloadByNumberRequest, UnsignedPayload> = {
  name: 'payload_by_number',
  version: 0,
  frame: PAYLOAD_FRAME,
  request: createContainerCodec('PayloadByNumberRequest', new ContainerType({ number: uint64 })),
  chunk: {
    encode: ({ version, bytes }) => ({ version, bytes }),
    decode(version, bytes) {
      if (version !== 0 && version !== 1 && version !== 2) {
        throw new BlockMessageError({ code: 'version-unknown', version })
      }
      return { version, bytes }
    }
  },
  limits: {
    requestMaxBytes: PAYLOAD_REQUEST_BYTES,
    chunkMaxBytes: PAYLOAD_MAX_BYTES,
    chunksMax: 1
  }
}

/** What is served of a stored message: all but its signature. */
export function toUnsignedPayload({ version, message }: VersionedMessage): UnsignedPayload {
  return { version: version < 2 ? 0 : 1, bytes: signedPart(message) }
}

/**
 * The payload laid out as a block message with zeros for its signature. `topicVersionAt` is asked with the payload's
 * timestamp, seconds. Throws BlockMessageError where the version served is none of that time, or the bytes are too few or
 * too many; they are not decoded.
 */
export function toMessageLayout(
  { version, bytes }: UnsignedPayload,
  topicVersionAt: (timestamp: bigint) => TopicVersion
): VersionedMessage {
  const timestampAt = TIMESTAMP_AT + (version === 0 ? 0 : BEACON_ROOT_BYTES)
  const lengthBytes = bytes.length
  if (lengthBytes < timestampAt + TIMESTAMP_BYTES) {
    throw new BlockMessageError({ code: 'length-invalid', field: 'payload', lengthBytes })
  }
  if (lengthBytes > MESSAGE_MAX_BYTES - SIGNATURE_BYTES) {
    throw new BlockMessageError({ code: 'length-invalid', field: 'payload', lengthBytes })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const topicVersion = topicVersionAt(view.getBigUint64(timestampAt, true))
  const isOfItsTime = version === 2 ? topicVersion === 3 : topicVersion >= 2 === (version === 1)
  if (!isOfItsTime) throw new BlockMessageError({ code: 'version-unknown', version })
  const message = new Uint8Array(SIGNATURE_BYTES + lengthBytes)
  message.set(bytes, SIGNATURE_BYTES)
  return { version: topicVersion, message }
}
