// What streams of the protocols that libraries answer may send; our own protocols are bounded by their engines.
import { FrameReader } from './length-prefixed.ts'
import { type Intake } from './muxed-stream.ts'

/** go-libp2p's bound of one identify message, and of the messages of one answer. */
const IDENTIFY_MAX_BYTES = 8_192
const IDENTIFY_MESSAGES_MAX = 10
/** Units of one answer: each address and each protocol is one, and each is worked on. */
const IDENTIFY_UNITS_MAX = 512
/** Another unit for so many bytes of a field: an address has thousands of parts in 8 KiB. */
const BYTES_PER_UNIT = 32
/** The signed record has addresses of its own; the shortest takes so many bytes of it. */
const SIGNED_RECORD_FIELD = 8
const RECORD_BYTES_PER_UNIT = 10

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
 * message has its units paid for; one that is not ends the stream, and is no fault.
 */
export function identifyIntake(pays: (units: number) => boolean = () => true): Intake {
  const reader = new FrameReader({ lengthMaxBytes: 2, frameMaxBytes: IDENTIFY_MAX_BYTES })
  let messages = 0
  let units = 0
  return (bytes) => {
    reader.push(bytes)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      messages += 1
      const added = countUnits(frame)
      units += added
      if (messages > IDENTIFY_MESSAGES_MAX) throw new RangeError('too many identify messages')
      if (units > IDENTIFY_UNITS_MAX) throw new RangeError('too many fields in identify messages')
      if (!pays(added)) throw new Error('too much to identify lately')
    }
  }
}

const CONTINUES = 0x80
const VARINT = 0
const LENGTH_DELIMITED = 2
const WIRE_TYPES = 8

/** What the fields of a protobuf message cost. Throws RangeError where it is none. */
function countUnits(message: Uint8Array): number {
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
    const tag = varint()
    const type = tag % WIRE_TYPES
    const isRecord = Math.floor(tag / WIRE_TYPES) === SIGNED_RECORD_FIELD
    const value = varint()
    const length = type === LENGTH_DELIMITED ? value : 0
    at += length
    if (type !== LENGTH_DELIMITED && type !== VARINT) {
      throw new RangeError('an identify message with foreign fields')
    }
    if (at > message.length) throw new RangeError('an identify message that is cut off')
    count += 1 + Math.floor(length / (isRecord ? RECORD_BYTES_PER_UNIT : BYTES_PER_UNIT))
  }
  return count
}
