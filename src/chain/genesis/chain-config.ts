// The facts that identify a chain beside its genesis block; the same for every preset.
import { type ForkTimes } from '../../../protocols/status/fork-digest.ts'
import { type SignerPeriod } from '../blocks/signer-schedule.ts'

/** From the genesis file's `config`. */
export interface ChainConfig {
  /** 1 to 2^53-1. */
  readonly chainId: bigint
  readonly blockTimeMs: number
  /** Seconds since the Unix epoch; the input of the fork digest (protocols/status). */
  readonly forks: ForkTimes
  /** Ascending, the first from block 0 or 1. */
  readonly signers: readonly SignerPeriod[]
}
