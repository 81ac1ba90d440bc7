// One call as a transaction that nobody signed: overrides, checks, payment, run (go-ethereum, core.ApplyMessage).
import { type EVM, type ExecResult } from '@ethereumjs/evm'
import { bigintToBytes, hexToBytes, type Hex } from '../base/bytes.ts'
import { applyAuthorizations, type AuthorizationTuple } from './authorizations.ts'
import {
  type BlockHashes,
  createBlockEvm,
  evmBlock,
  warmAccessList,
  warmFromStart
} from './block-context.ts'
import { type EvmWatches } from './block-evm.ts'
import { checkMessage, type MessageRefusal } from './call-checks.ts'
import {
  blobBaseFeeOf,
  blobGasOf,
  type CallMessage,
  intrinsicGasOf,
  openState
} from './call-message.ts'
import { overridePrecompiles } from './call-overrides.ts'
import { type CallAuthorization } from './call-request.ts'
import { createEvmAccount } from './evm-account.ts'
import { frameError, type Halt } from './frame-errors.ts'
import { gasAfterRefund } from './run-transaction.ts'
import { type StateAdapter } from './state-adapter.ts'

/** How a message ended. `refused`: it did not begin. */
export type MessageOutcome =
  | {
      readonly kind: 'ended'
      /** geth's words; undefined when it succeeded, REVERTED for a revert. */
      readonly error: string | undefined
      readonly data: Uint8Array
      /** After refunds. */
      readonly gasUsed: bigint
      /** Before refunds: what the limit has to leave room for. */
      readonly gasPeak: bigint
    }
  | MessageRefusal

/** What a message is run with. */
export interface MessageOptions extends Pick<EvmWatches, 'watch'> {
  readonly gas: bigint
}

/** What a message runs on. */
interface MessageEvm {
  readonly evm: EVM
  readonly state: StateAdapter
  readonly gas: bigint
  readonly intrinsicGas: bigint
}

/** geth's word for a call that ended by REVERT. */
export const REVERTED = 'execution reverted'
/** geth's word for a call that had too little gas. */
export const OUT_OF_GAS = 'out of gas'
const NO_HASH: Hex = `0x${'00'.repeat(32)}`

/** Runs it on a state of its own; no trace is left. Throws CallRefused, and what the site's yielder throws. */
export async function runMessage(
  message: CallMessage,
  { gas, watch }: MessageOptions
): Promise<MessageOutcome> {
  const { request, site } = message
  const { common, yielder, trace } = site
  const state = await openState(message)
  let halt: Halt | undefined
  const onHalt = (stopped: Halt) => {
    halt = stopped
  }
  const evmSite = { common, state, blockHashes: hashesBelow(message), trace, watch, onHalt }
  const evm = await createBlockEvm(evmSite, yielder)
  warmFromStart(evm, [message.from, message.to, evmBlock(message.header).header.coinbase])
  overridePrecompiles(evm, request.stateOverrides ?? [])
  const prices = intrinsicGasOf(message)
  const refusal = await checkMessage(message, { gas, state, prices })
  if (refusal !== undefined) return refusal
  trace?.open({ gasLimit: gas, logIndex: 0 })
  const { intrinsicGas, floor } = prices
  const { execResult, authRefund } = await execute(message, { evm, state, gas, intrinsicGas })
  const { exceptionError, returnValue, executionGasUsed, gasRefund = 0n } = execResult
  const spent = executionGasUsed + intrinsicGas
  const gasUsed = gasAfterRefund({ spent, refund: authRefund + gasRefund, floor })
  trace?.close(gasUsed)
  const failure = exceptionError?.error
  const isCreation = message.to === undefined
  return {
    kind: 'ended',
    error: failure === undefined ? undefined : frameError(failure, halt, isCreation),
    data: returnValue,
    gasUsed,
    gasPeak: spent > floor ? spent : floor
  }
}

async function execute(
  message: CallMessage,
  { evm, state, gas, intrinsicGas }: MessageEvm
): Promise<{ readonly execResult: ExecResult; readonly authRefund: bigint }> {
  const { request, site, from, to, gasPrice, value, data } = message
  const { authorizationList = [], accessList = [], blobVersionedHashes } = request
  warmAccessList(
    evm,
    accessList.map(({ address, storageKeys }) => [
      hexToBytes(address),
      storageKeys.map((key) => hexToBytes(key))
    ])
  )
  const { header } = evmBlock(message.header)
  const block = { header: { ...header, getBlobGasPrice: () => blobBaseFeeOf(message) } }
  const account = (await state.getAccount(from)) ?? createEvmAccount()
  account.balance -= gas * gasPrice + blobGasOf(message) * blobBaseFeeOf(message)
  account.nonce += 1n
  await evm.journal.putAccount(from, account)
  const authRefund = await applyAuthorizations(
    { evm, state, yielder: site.yielder },
    { authorizationList: authorizationList.map(toTuple), chainId: site.common.chainId() }
  )
  const { execResult } = await evm.runCall({
    ...{ block, gasPrice, value, data, caller: from },
    ...(to && { to }),
    ...(blobVersionedHashes && { blobVersionedHashes: [...blobVersionedHashes] }),
    gasLimit: gas - intrinsicGas,
    skipNonceIncrement: true
  })
  return { execResult, authRefund }
}

/**
 * None at and above the block that the call is made on, whatever number it is made to have; a trace on the next height sees
 * that block too (tracers.TraceCall).
 */
function hashesBelow({ site, header }: CallMessage): BlockHashes {
  const { number } = site.header
  const isOnNext = site.trace !== undefined && header.number === number + 1n
  const end = isOnNext ? number + 1n : number
  return (asked) => (asked >= end ? NO_HASH : site.blockHashes(asked))
}

/** [chainId, address, nonce, yParity, r, s], as the EIP signs it. */
export function toTuple(authorization: CallAuthorization): AuthorizationTuple {
  const { chainId, address, nonce, yParity, r, s } = authorization
  return [
    bigintToBytes(chainId),
    hexToBytes(address),
    bigintToBytes(nonce),
    bigintToBytes(yParity),
    bigintToBytes(r),
    bigintToBytes(s)
  ]
}
