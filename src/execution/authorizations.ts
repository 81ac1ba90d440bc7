// EIP-7702: sets and clears the delegations that a type 4 transaction carries.
import {
  type Address,
  type EOACode7702AuthorizationListBytesItem,
  eoaCode7702RecoverAuthority
} from '@ethereumjs/util'
import { bytesToBigint, concatBytes } from '../base/bytes.ts'
import { type TransactionSite } from './block-context.ts'
import { createEvmAccount } from './evm-account.ts'
import { isDelegation } from './sender-check.ts'

const DELEGATION_PREFIX = Uint8Array.of(0xef, 0x01, 0x00)
const NONCE_LIMIT = 2n ** 64n - 1n
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
/** PER_EMPTY_ACCOUNT_COST less PER_AUTH_BASE_COST: given back for each authority that exists. */
const EXISTING_ACCOUNT_REFUND = 25_000n - 12_500n

/** [chainId, address, nonce, yParity, r, s]. */
export type AuthorizationTuple = EOACode7702AuthorizationListBytesItem

/** Applies the list in order, skipping each tuple that is not valid. Returns the gas to refund. */
export async function applyAuthorizations(
  { evm, state, yielder }: TransactionSite,
  list: { readonly authorizationList: readonly AuthorizationTuple[]; readonly chainId: bigint }
): Promise<bigint> {
  let refund = 0n
  for (const tuple of list.authorizationList) {
    const turn = yielder.maybeYield()
    if (turn !== undefined) await turn
    const authority = recoverAuthority(tuple, list.chainId)
    if (authority === undefined) continue
    const stored = await state.getAccount(authority)
    evm.journal.addAlwaysWarmAddress(authority.toString())
    const account = stored ?? createEvmAccount()
    if (account.isContract() && !isDelegation(await state.getCode(authority))) continue
    if (account.nonce !== bytesToBigint(tuple[2])) continue
    if (stored !== undefined) refund += EXISTING_ACCOUNT_REFUND
    account.nonce += 1n
    await evm.journal.putAccount(authority, account)
    const target = tuple[1]
    const isClearing = target.every((byte) => byte === 0)
    await state.putCode(
      authority,
      isClearing ? new Uint8Array(0) : concatBytes(DELEGATION_PREFIX, target)
    )
  }
  return refund
}

/** Who signed the tuple [chainId, address, nonce, yParity, r, s]; undefined when it does not count. */
export function recoverAuthority(tuple: AuthorizationTuple, chainId: bigint): Address | undefined {
  const [tupleChainId, , nonce, yParity, , s] = tuple
  const forChain = bytesToBigint(tupleChainId)
  if (forChain !== 0n && forChain !== chainId) return undefined
  if (bytesToBigint(nonce) >= NONCE_LIMIT) return undefined
  if (bytesToBigint(s) > HALF_ORDER || bytesToBigint(yParity) > 1n) return undefined
  try {
    return eoaCode7702RecoverAuthority(tuple)
  } catch {
    return undefined // no key gives this signature: the tuple is skipped, as the EIP says
  }
}
