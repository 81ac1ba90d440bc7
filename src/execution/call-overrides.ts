// State and block of a call, changed as the caller wants them (go-ethereum, internal/ethapi/override).
import { type EVM } from '@ethereumjs/evm'
import { Address, toChecksumAddress } from '@ethereumjs/util'
import { hexToBytes } from '../base/bytes.ts'
import { type EvmBlockFields } from './block-context.ts'
import { type AccountOverride, type BlockOverrides, CallRefused } from './call-request.ts'
import { type StateAdapter } from './state-adapter.ts'

/**
 * Changes accounts as StateOverride.Apply does. Throws CallRefused for slots that are replaced and changed at once.
 * Precompiles are the EVM's: see `overridePrecompiles`.
 */
export async function overrideState(
  state: StateAdapter,
  overrides: readonly AccountOverride[]
): Promise<void> {
  for (const { address: hex, nonce, code, balance, state: slots, stateDiff } of overrides) {
    const address = new Address(hexToBytes(hex))
    if (nonce !== undefined) await state.modifyAccountFields(address, { nonce })
    if (code !== undefined) await state.putCode(address, hexToBytes(code))
    if (balance !== undefined) await state.modifyAccountFields(address, { balance })
    if (slots !== undefined && stateDiff !== undefined) {
      throw new CallRefused(`account ${toChecksumAddress(hex)} has both 'state' and 'stateDiff'`)
    }
    if (slots !== undefined) await state.clearStorage(address)
    for (const [slot, value] of slots ?? stateDiff ?? []) {
      await state.putStorage(address, hexToBytes(slot), hexToBytes(value))
    }
  }
}

/**
 * Takes away each precompile whose account is overridden, and puts it where it is moved to. Throws CallRefused for what
 * is none, or is moved onto an account that is overridden too.
 */
export function overridePrecompiles(evm: EVM, overrides: readonly AccountOverride[]): void {
  const { precompiles } = evm
  const overridden = new Set(overrides.map(({ address }) => address))
  for (const { address: hex, movePrecompileToAddress: target } of overrides) {
    const key = hex.slice(2)
    const precompile = precompiles.get(key)
    if (target !== undefined) {
      if (precompile === undefined) {
        throw new CallRefused(`account ${toChecksumAddress(hex)} is not a precompile`)
      }
      if (overridden.has(target)) {
        throw new CallRefused(`account ${toChecksumAddress(target)} is already overridden`)
      }
      precompiles.set(target.slice(2), precompile)
    }
    precompiles.delete(key)
  }
}

/** The block that a call sees, as BlockOverrides.MakeHeader makes it. */
export function overrideBlock(
  block: EvmBlockFields,
  overrides: BlockOverrides = {}
): EvmBlockFields {
  const { number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas } = overrides
  return {
    number: number ?? block.number,
    timestamp: time ?? block.timestamp,
    gasLimit: gasLimit ?? block.gasLimit,
    feeRecipient: feeRecipient === undefined ? block.feeRecipient : hexToBytes(feeRecipient),
    prevRandao: prevRandao === undefined ? block.prevRandao : hexToBytes(prevRandao),
    baseFeePerGas: baseFeePerGas ?? block.baseFeePerGas
  }
}
