// What streams of the protocols that libraries answer may send; our own protocols are bounded by their engines.
import { FrameReader } from './length-prefixed.ts'
import { type Intake } from './muxed-stream.ts'

/** go-libp2p's bound of one identify message, and of the messages of one answer. */
const IDENTIFY_MAX_BYTES = 8_192
const IDENTIFY_MESSAGES_MAX = 10
/** Fields of one answer: each address and each protocol is one, and each is worked on. */
const IDENTIFY_FIELDS_MAX = 512

/** Bytes of pings on one stream: 64 of them, one a second outlives what the answering side waits. */
export const PING_MAX_BYTES = 2_048

/** Lets through so many bytes, and no more. */
export function atMost(maxBytes: number): Intake {
  let length = 0
  return (bytes) => {
    length += bytes.length
    if (length > maxBytes) throw new RangeError(`more than ${String(maxBytes)} bytes`)
  }
}

/**
 * The answer of identify, or a push of it: length-prefixed protobuf messages (libp2p specifications, "identify"). Each
 * message has its fields paid for; one that is not ends the stream, and is no fault.
 */
export function identifyIntake(pays: (fields: number) => boolean = () => true): Intake {
  const reader = new FrameReader({ lengthMaxBytes: 2, frameMaxBytes: IDENTIFY_MAX_BYTES })
  let messages = 0
  let fields = 0
  return (bytes) => {
    reader.push(bytes)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      messages += 1
      const added = countFields(frame)
      fields += added
      if (messages > IDENTIFY_MESSAGES_MAX) throw new RangeError('too many identify messages')
      if (fields > IDENTIFY_FIELDS_MAX) throw new RangeError('too many fields in identify messages')
      if (!pays(added)) throw new Error('too much to identify lately')
    }
  }
}

const CONTINUES = 0x80
const VARINT = 0
const LENGTH_DELIMITED = 2
const WIRE_TYPES = 8

/** Top-level fields of a protobuf message. Throws RangeError where it is none. */
function countFields(message: Uint8Array): number {
  let count = 0
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; scale < 2 ** 35; scale *= CONTINUES) {
      const byte = message[at]
      if (byte === undefined) break
      at += 1
      value += (byte % CONTINUES) * scale
      if (byte < CONTINUES) return value
    }
    throw new RangeError('an identify message that is no protobuf')
  }
  while (at < message.length) {
    const type = varint() % WIRE_TYPES
    const value = varint()
    if (type === LENGTH_DELIMITED) at += value
    else if (type !== VARINT) throw new RangeError('an identify message with foreign fields')
    if (at > message.length) throw new RangeError('an identify message that is cut off')
    count += 1
  }
  return count
}
