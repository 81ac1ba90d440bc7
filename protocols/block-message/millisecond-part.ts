// Preset `opbnb` keeps the milliseconds of a block's timestamp in prevRandao (README.md, "Milliseconds").
import { BlockMessageError } from './block-message-error.ts'

const PREV_RANDAO_BYTES = 32
const MILLISECONDS_END = 1000
const IS_SET_AT = 2

/** Milliseconds after the payload's timestamp: bytes 0 and 1, big-endian, where byte 2 is 1; otherwise 0. */
export function millisecondPart(prevRandao: Uint8Array): number {
  if (prevRandao[IS_SET_AT] !== 1) return 0
  return (prevRandao[0] ?? 0) * 256 + (prevRandao[1] ?? 0)
}

/** A prevRandao of 32 bytes that carries 0..999 milliseconds and nothing else. Throws BlockMessageError. */
export function encodeMillisecondPart(milliseconds: number): Uint8Array {
  if (!Number.isInteger(milliseconds) || milliseconds < 0 || milliseconds >= MILLISECONDS_END) {
    throw new BlockMessageError({ code: 'integer-out-of-range', field: 'prevRandao' })
  }
  const prevRandao = new Uint8Array(PREV_RANDAO_BYTES)
  new DataView(prevRandao.buffer).setUint16(0, milliseconds, false)
  prevRandao[IS_SET_AT] = 1
  return prevRandao
}
