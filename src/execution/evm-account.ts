// Accounts as @ethereumjs/evm takes them.
import { Account } from '@ethereumjs/util'

/** An account; without arguments an empty one. */
export function createEvmAccount(
  nonce = 0n,
  balance = 0n,
  storageRoot?: Uint8Array,
  codeHash?: Uint8Array
): Account {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- its factory turns each number to bytes and back
  return new Account(nonce, balance, storageRoot, codeHash)
}
