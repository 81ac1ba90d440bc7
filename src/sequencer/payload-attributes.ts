// Attributes of the next block: timestamp is parent + block time, always; missed slots become empty blocks.
import { hexToBytes, type Hex } from '../base/bytes.ts'
import { keccak256 } from '../base/keccak.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type BlockTimes } from '../chain/blocks/block-times.ts'
import { type PayloadAttributes } from '../execution/engine.ts'

/** What does not change from block to block. */
export interface PayloadRules {
  readonly times: BlockTimes
  readonly feeRecipient: Hex
  /** Target gas limit; undefined keeps the parent's. */
  readonly gasLimit: bigint | undefined
}

/** Attributes, and the wall-clock time at which the job is sealed. */
export interface NextPayload {
  readonly attributes: PayloadAttributes
  readonly sealAtMs: number
}

/** No L1 is derived from here, so the beacon root is zero. */
const NO_BEACON_ROOT = new Uint8Array(32)

/** A slot that has wholly passed is filled with an empty block, at once. */
export function nextAttributes(parent: Block, nowMs: number, rules: PayloadRules): NextPayload {
  const { times, feeRecipient } = rules
  const timestampMs = times.timestampMs(parent.header) + times.blockTimeMs
  const { timestamp, prevRandao } = times.encode(timestampMs, keccak256(hexToBytes(parent.hash)))
  return {
    sealAtMs: timestampMs,
    attributes: {
      timestamp,
      prevRandao,
      feeRecipient,
      parentBeaconBlockRoot: NO_BEACON_ROOT,
      gasLimit: rules.gasLimit ?? parent.header.gasLimit,
      noTxPool: timestampMs + times.blockTimeMs <= nowMs
    }
  }
}
