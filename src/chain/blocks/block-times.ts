// When blocks are due: timestamp is parent + block time, always; preset opbnb counts in milliseconds.
import {
  encodeMillisecondPart,
  millisecondPart
} from '../../../protocols/block-message/millisecond-part.ts'
import { OP_PRESET, OPBNB_PRESET } from '../../../protocols/gossip/parameters.ts'
import { type BlockHeader } from './block.ts'
import { ChainError } from './chain-error.ts'

/** Whose rules a chain runs by. */
export type PresetName = 'op' | 'opbnb'

/** The shortest and the longest block time a chain may have, in milliseconds. */
export const BLOCK_TIME_MIN_MS = 50
/** The longest block time a chain may have, in milliseconds. */
export const BLOCK_TIME_MAX_MS = 60_000

/** The time fields of a header. */
export interface HeaderTime {
  /** Seconds. */
  readonly timestamp: bigint
  /** 32 bytes. */
  readonly prevRandao: Uint8Array
}

/** How one chain counts time. */
export interface BlockTimes {
  readonly blockTimeMs: number
  /** Milliseconds since the Unix epoch. */
  timestampMs(header: Pick<BlockHeader, 'timestamp' | 'prevRandao'>): number
  /** The header fields of a moment; `randao` is used where prevRandao does not carry milliseconds. */
  encode(timestampMs: number, randao: Uint8Array): HeaderTime
}

const PRESETS = { op: OP_PRESET, opbnb: OPBNB_PRESET }
const SECOND_MS = 1000

/** Throws ChainError `block-time-invalid` when the preset cannot express the block time. */
export function createBlockTimes(preset: PresetName, blockTimeMs: number): BlockTimes {
  const { hasMillisecondPart } = PRESETS[preset]
  const reason = blockTimeProblem(blockTimeMs, hasMillisecondPart)
  if (reason !== undefined) {
    throw new ChainError({ code: 'block-time-invalid', preset, blockTimeMs, reason })
  }
  return {
    blockTimeMs,
    timestampMs({ timestamp, prevRandao }) {
      const part = hasMillisecondPart ? millisecondPart(prevRandao) : 0
      return Number(timestamp) * SECOND_MS + part
    },
    encode(timestampMs, randao) {
      const part = timestampMs % SECOND_MS
      const timestamp = BigInt((timestampMs - part) / SECOND_MS)
      return { timestamp, prevRandao: hasMillisecondPart ? encodeMillisecondPart(part) : randao }
    }
  }
}

/** Undefined when the block time is within bounds and, in whole seconds, can be counted. */
function blockTimeProblem(blockTimeMs: number, hasMilliseconds: boolean): string | undefined {
  const isInBounds = blockTimeMs >= BLOCK_TIME_MIN_MS && blockTimeMs <= BLOCK_TIME_MAX_MS
  if (!Number.isInteger(blockTimeMs) || !isInBounds) {
    return `must be ${BLOCK_TIME_MIN_MS} to ${BLOCK_TIME_MAX_MS} whole milliseconds`
  }
  if (hasMilliseconds || blockTimeMs % SECOND_MS === 0) return undefined
  return 'this preset counts whole seconds: a multiple of 1000'
}
