// One transaction on the EVM by the Prague rules: checks, payment, call, refund, clean-up (EIPs as named).
import { type EVM, type ExecResult } from '@ethereumjs/evm'
import { getCalldataFloorGas } from '@ethereumjs/tx'
import { type Account, Address } from '@ethereumjs/util'
import { hexToBytes } from '../base/bytes.ts'
import { NodeError } from '../base/node-error.ts'
import { logsBloom, type Receipt } from '../chain/blocks/receipt.ts'
import { applyAuthorizations } from './authorizations.ts'
import {
  type BlockEnvironment,
  evmBlock,
  type TransactionSite,
  warmAccessList,
  warmFromStart
} from './block-context.ts'
import { createEvmAccount } from './evm-account.ts'
import { type StateAdapter } from './state-adapter.ts'
import { checkSender, type SenderFailure } from './sender-check.ts'
import { effectiveTip, type PreparedTx } from './transaction.ts'

/** Why a transaction cannot stand in this block at this place. */
export type InclusionFailure =
  | SenderFailure
  | {
      readonly code: 'block-gas-exceeded'
      readonly gasLimit: bigint
      readonly gasLeft: bigint
    }

/** Thrown before anything was changed. */
export class InclusionError extends NodeError<InclusionFailure> {}

/** Part of a block's gas that a refund may give back: one fifth (EIP-3529). */
const REFUND_QUOTIENT = 5n

/** What a transaction did. */
export interface TransactionResult {
  readonly receipt: Receipt
  readonly gasUsed: bigint
}

/** Runs it, or throws InclusionError; whatever it throws, the state is as it was before. */
export async function runTransaction(
  site: TransactionSite,
  environment: BlockEnvironment,
  prepared: PreparedTx,
  gasUsedBefore: bigint
): Promise<TransactionResult> {
  const { evm, state } = site
  const { tx, sender } = prepared
  const gasLeft = environment.gasLimit - gasUsedBefore
  if (tx.gasLimit > gasLeft) {
    throw new InclusionError({ code: 'block-gas-exceeded', gasLimit: tx.gasLimit, gasLeft })
  }
  const account = (await state.getAccount(sender)) ?? createEvmAccount()
  const failure = await checkSender({ tx, sender, account, environment, state })
  if (failure !== undefined) throw new InclusionError(failure)
  const depth = state.checkpointDepth
  try {
    await evm.journal.cleanup()
    await evm.journal.checkpoint()
    const result = await execute(site, environment, prepared, account, gasUsedBefore)
    await evm.journal.commit()
    return result
  } catch (thrown) {
    state.revertTo(depth)
    evm.transientStorage.clear()
    throw thrown
  } finally {
    evm.journal.cleanJournal()
    state.originalStorageCache.clear()
  }
}

async function execute(
  site: TransactionSite,
  environment: BlockEnvironment,
  { tx, sender }: PreparedTx,
  account: Account,
  gasUsedBefore: bigint
): Promise<TransactionResult> {
  const { evm, state } = site
  const { journal } = evm
  const block = evmBlock(environment)
  warmFromStart(evm, [sender, tx.to, block.header.coinbase])
  if ('accessList' in tx) warmAccessList(evm, tx.accessList)
  const tip = effectiveTip(tx, environment.baseFeePerGas)
  const gasPrice = environment.baseFeePerGas + tip
  account.balance -= tx.gasLimit * gasPrice
  account.nonce += 1n
  await journal.putAccount(sender, account)

  await journal.checkpoint()
  const { authorizationList = [] } = 'authorizationList' in tx ? tx : {}
  const chainId = tx.common.chainId()
  const authRefund = await applyAuthorizations(site, { authorizationList, chainId })
  const intrinsicGas = tx.getIntrinsicGas()
  const { execResult } = await evm.runCall({
    block,
    gasPrice,
    caller: sender,
    gasLimit: tx.gasLimit - intrinsicGas,
    ...(tx.to !== undefined && { to: tx.to }),
    value: tx.value,
    data: tx.data,
    skipNonceIncrement: true
  })
  await journal.commit()

  const spent = execResult.executionGasUsed + intrinsicGas
  const refund = authRefund + (execResult.gasRefund ?? 0n)
  const gasUsed = gasAfterRefund({ spent, refund, floor: getCalldataFloorGas(tx, sender) })

  await credit({ evm, state }, sender, (tx.gasLimit - gasUsed) * gasPrice)
  await credit({ evm, state }, block.header.coinbase, gasUsed * tip)
  await deleteDestroyed(evm, execResult)
  await journal.cleanup()

  const logs = (execResult.logs ?? []).map(([address, topics, data]) => ({ address, topics, data }))
  const receipt: Receipt = {
    type: tx.type,
    status: execResult.exceptionError === undefined ? 1 : 0,
    cumulativeGasUsed: gasUsedBefore + gasUsed,
    logsBloom: logsBloom(logs),
    logs
  }
  return { receipt, gasUsed }
}

/** What is paid for: at most a fifth is given back (EIP-3529), and calldata has its price at least (EIP-7623). */
export function gasAfterRefund({
  spent,
  refund,
  floor
}: Readonly<Record<'spent' | 'refund' | 'floor', bigint>>): bigint {
  const refundMax = spent / REFUND_QUOTIENT
  const gasUsed = spent - (refund < refundMax ? refund : refundMax)
  return gasUsed < floor ? floor : gasUsed
}

/** Adds to a balance; also by zero, which touches the account (EIP-161). */
async function credit(
  { evm, state }: { evm: EVM; state: StateAdapter },
  address: Address,
  amount: bigint
): Promise<void> {
  const account = (await state.getAccount(address)) ?? createEvmAccount()
  account.balance += amount
  await evm.journal.putAccount(address, account)
}

/** EIP-6780: only contracts created in this transaction are deleted. */
async function deleteDestroyed(
  evm: EVM,
  { selfdestruct, createdAddresses }: ExecResult
): Promise<void> {
  for (const [address] of selfdestruct ?? []) {
    if (createdAddresses?.has(address) !== true) continue
    await evm.journal.deleteAccount(new Address(hexToBytes(address)))
  }
}
