// The calls that a block makes ahead of its transactions (EIP-4788, EIP-2935).
import { createAddressFromString } from '@ethereumjs/util'
import { type Hex } from '../base/bytes.ts'
import { type BlockEnvironment, evmBlock, type TransactionSite } from './block-context.ts'

const SYSTEM_ADDRESS = '0xfffffffffffffffffffffffffffffffffffffffe'
const BEACON_ROOTS_ADDRESS = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
const HISTORY_ADDRESS = '0x0000f90827f1c53a10cb7a02335b175320002935'
const SYSTEM_CALL_GAS = 30_000_000n

/** Where system calls run. */
type SystemCallSite = Pick<TransactionSite, 'evm' | 'state'>

/** Makes each of them whose contract exists. */
export async function runSystemCalls(
  site: SystemCallSite,
  environment: BlockEnvironment
): Promise<void> {
  const { parentBeaconBlockRoot, parentHash } = environment
  if (parentBeaconBlockRoot !== undefined) {
    await systemCall(site, environment, {
      address: BEACON_ROOTS_ADDRESS,
      data: parentBeaconBlockRoot
    })
  }
  await systemCall(site, environment, { address: HISTORY_ADDRESS, data: parentHash })
}

async function systemCall(
  { evm, state }: SystemCallSite,
  environment: BlockEnvironment,
  { address, data }: { readonly address: Hex; readonly data: Uint8Array }
): Promise<void> {
  const to = createAddressFromString(address)
  if ((await state.getCode(to)).length === 0) return
  const { journal } = evm
  await journal.checkpoint()
  await evm.runCall({
    block: evmBlock(environment),
    caller: createAddressFromString(SYSTEM_ADDRESS),
    to,
    data,
    gasLimit: SYSTEM_CALL_GAS,
    gasPrice: 0n,
    value: 0n,
    skipNonceIncrement: true
  })
  await journal.cleanup()
  await journal.commit()
  journal.cleanJournal()
  // What the call wrote is what the first transaction finds (EIP-2200), as after any transaction.
  state.originalStorageCache.clear()
}
