// Who may sign which height (protocols/block-message, BM-11).
import { type Hex } from '../../base/bytes.ts'
import { ChainError } from './chain-error.ts'

/** One signer's heights: from `fromBlock` to where the next period begins. */
export interface SignerPeriod {
  readonly fromBlock: bigint
  /** Lower-case. */
  readonly address: Hex
}

/** The signers of a chain, by height. */
export interface SignerSchedule {
  signerAt(number: bigint): Hex
  /** True for an address, lower-case, that signs any height. */
  names(address: Hex): boolean
}

/** Most periods of a schedule: a key changed every day for a decade. */
export const SIGNER_PERIODS_MAX = 4096

/** Throws ChainError `signers-invalid` unless the periods ascend and begin with block 0 or 1. */
export function createSignerSchedule(periods: readonly SignerPeriod[]): SignerSchedule {
  const reason = signerPeriodsProblem(periods)
  if (reason !== undefined) throw new ChainError({ code: 'signers-invalid', reason })
  const addresses: ReadonlySet<Hex> = new Set(periods.map(({ address }) => address))
  return {
    names: (address) => addresses.has(address),
    signerAt(number) {
      const period = periods.findLast(({ fromBlock }) => fromBlock <= number)
      // Genesis, which nobody signs, has the signer of block 1.
      return (period ?? periods[0]!).address
    }
  }
}

/** What is wrong with the periods; undefined when nothing is. */
export function signerPeriodsProblem(periods: readonly SignerPeriod[]): string | undefined {
  const [first] = periods
  if (first === undefined) return 'at least one signer is needed'
  if (periods.length > SIGNER_PERIODS_MAX) return `at most ${SIGNER_PERIODS_MAX} signers`
  if (first.fromBlock > 1n) return `nobody signs the blocks before ${first.fromBlock}`
  const unordered = periods.find(
    ({ fromBlock }, index) => index > 0 && fromBlock <= periods[index - 1]!.fromBlock
  )
  if (unordered === undefined) return undefined
  return `fromBlock ${unordered.fromBlock} is not above the one before it`
}
