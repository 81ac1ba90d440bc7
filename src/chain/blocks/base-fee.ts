// The base fee of the next block (EIP-1559, with the parameters of the parent's Holocene extraData).
import { bytesToHex } from '../../base/bytes.ts'
import { type BlockHeader } from './block.ts'
import { ChainError } from './chain-error.ts'
import { parametersForChild } from './holocene-extra.ts'

/** What the fee depends on. */
export type FeeParent = Pick<BlockHeader, 'baseFeePerGas' | 'gasUsed' | 'gasLimit' | 'extraData'>

/**
 * Wei per gas of the child of `parent`. Throws ChainError `extra-data-invalid` when the parent's extraData
 * is neither empty nor in Holocene form, or makes its gas target 0.
 */
export function nextBaseFee({ baseFeePerGas, gasUsed, gasLimit, extraData }: FeeParent): bigint {
  const parameters = parametersForChild(extraData)
  const target = parameters === undefined ? 0n : gasLimit / BigInt(parameters.elasticity)
  if (parameters === undefined || target === 0n) {
    throw new ChainError({ code: 'extra-data-invalid', extraData: bytesToHex(extraData) })
  }
  const denominator = BigInt(parameters.denominator)
  if (gasUsed === target) return baseFeePerGas
  if (gasUsed < target) {
    return baseFeePerGas - (baseFeePerGas * (target - gasUsed)) / target / denominator
  }
  const rise = (baseFeePerGas * (gasUsed - target)) / target / denominator
  return baseFeePerGas + (rise > 0n ? rise : 1n)
}
