// Frames of yamux, sound or not (the specification in github.com/hashicorp/yamux).

/** Frame types. */
export const YAMUX_TYPE = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const
/** Flags. */
export const YAMUX_FLAG = { none: 0, syn: 1, ack: 2, fin: 4, rst: 8 } as const

const HEADER_BYTES = 12

/** One frame; `length` is what the header says, and by default what the payload has. */
export function yamuxFrame({
  type,
  flags = YAMUX_FLAG.none,
  stream = 0,
  payload = new Uint8Array(),
  length = payload.length
}: {
  readonly type: number
  readonly flags?: number
  readonly stream?: number
  readonly payload?: Uint8Array
  readonly length?: number
}): Uint8Array {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length)
  frame.writeUInt8(type, 1)
  frame.writeUInt16BE(flags, 2)
  frame.writeUInt32BE(stream, 4)
  frame.writeUInt32BE(length, 8)
  frame.set(payload, HEADER_BYTES)
  return frame
}

/** A new stream that carries these bytes; the opener's numbers are odd. */
export function openingFrame(stream: number, payload: Uint8Array): Uint8Array {
  return yamuxFrame({ type: YAMUX_TYPE.data, flags: YAMUX_FLAG.syn, stream, payload })
}
