// extraData from Holocene on: 00 ++ u32be denominator ++ u32be elasticity (OP Stack, Holocene, "EIP-1559 parameters").

/** How the base fee follows the gas used. Both from 1 to 2^32-1. */
export interface Eip1559Parameters {
  /** The fee moves by at most 1/denominator a block when the block is empty. */
  readonly denominator: number
  /** The gas target is the limit divided by it. */
  readonly elasticity: number
}

/** What the OP Stack runs with since Canyon. */
export const DEFAULT_EIP1559_PARAMETERS: Eip1559Parameters = { denominator: 250, elasticity: 6 }

const EXTRA_DATA_BYTES = 9
const VERSION = 0

/** The 9 bytes. Throws RangeError for a parameter out of bounds. */
export function encodeHoloceneExtraData({
  denominator,
  elasticity
}: Eip1559Parameters): Uint8Array {
  for (const value of [denominator, elasticity]) {
    if (!Number.isInteger(value) || value < 1 || value >= 2 ** 32) {
      throw new RangeError(`an EIP-1559 parameter of ${value}`)
    }
  }
  const bytes = new Uint8Array(EXTRA_DATA_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(1, denominator, false)
  view.setUint32(5, elasticity, false)
  return bytes
}

/** The parameters; undefined when the bytes are not in this form, or one of the two is 0. */
export function decodeHoloceneExtraData(bytes: Uint8Array): Eip1559Parameters | undefined {
  if (bytes.length !== EXTRA_DATA_BYTES || bytes[0] !== VERSION) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const denominator = view.getUint32(1, false)
  const elasticity = view.getUint32(5, false)
  return denominator === 0 || elasticity === 0 ? undefined : { denominator, elasticity }
}

/**
 * What the base fee of a block's child follows. No extraData is a genesis file of geth's tools, and means the OP
 * Stack's own numbers. Undefined when the bytes are in no form.
 */
export function parametersForChild(extraData: Uint8Array): Eip1559Parameters | undefined {
  return extraData.length === 0 ? DEFAULT_EIP1559_PARAMETERS : decodeHoloceneExtraData(extraData)
}

/** What a block built on this extraData bears: the same parameters, in Holocene form. */
export function extraDataForChild(extraData: Uint8Array): Uint8Array {
  return extraData.length === 0 ? encodeHoloceneExtraData(DEFAULT_EIP1559_PARAMETERS) : extraData
}
