// Unsigned LEB128, the length prefix of libp2p's frames (multiformats/unsigned-varint).

const CONTINUES = 0x80
const PAYLOAD_BITS = 7

/** The bytes of a whole number from 0 to 2^31 - 1. */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= CONTINUES) {
    bytes.push((rest % CONTINUES) | CONTINUES)
    rest >>>= PAYLOAD_BITS
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
