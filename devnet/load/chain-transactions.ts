// The transactions of a chain that has something of each kind in it: codes, slots, logs, what is set and what is deleted.
import { RLP } from '@ethereumjs/rlp'
import { bigintToBytes, concatBytes, hexToBytes } from '../../src/base/bytes.ts'
import { keccak256 } from '../../src/base/keccak.ts'
import { privateKeyToAddress } from '../../src/base/secp256k1.ts'
import { signTransfer } from './sign-transfer.ts'

/** Runtime code: a call sets slot 0 where it was 0, deletes it where it was not, and logs. */
const TOGGLE = hexToBytes('0x6000541560005560006000a000')
/** Init code: sets slot 0 to 1 and returns the 13 bytes behind it. */
const TOGGLE_INIT = concatBytes(hexToBytes('0x6001600055600d6011600039600d6000f3'), TOGGLE)
/** Init code: SELFDESTRUCT to the caller. What the address held before goes with it (EIP-6780: created in the same transaction). */
const VANISH_INIT = hexToBytes('0x33ff')
const CREATION_GAS = 200_000n
const NOWHERE = new Uint8Array(0)
const NO_DATA = new Uint8Array(0)
const CALLDATA = new Uint8Array(32).fill(1)

/**
 * Gives the transactions of one block after the other, of accounts that have sent nothing yet. The first three keys sign:
 * the first creates a contract and calls it in every block, the second deletes an account in block 2, the third pays.
 */
export function createChainTransactions(
  keys: readonly Uint8Array[],
  chainId: bigint
): { readonly next: () => Uint8Array[] } {
  const [maker, deleter, payer] = keys
  if (maker === undefined || deleter === undefined || payer === undefined) {
    throw new Error('three accounts are needed')
  }
  const contract = creationAddress(maker, 0n)
  const vanishing = creationAddress(deleter, 1n)
  let nonce = 0n
  return {
    next() {
      const [making, deleting] =
        nonce === 0n
          ? [
              { to: NOWHERE, data: TOGGLE_INIT, gas: CREATION_GAS },
              { to: vanishing, data: NO_DATA }
            ]
          : [
              { to: contract, data: NO_DATA, gas: CREATION_GAS },
              nonce === 1n
                ? { to: NOWHERE, data: VANISH_INIT, gas: CREATION_GAS }
                : { to: contract, data: NO_DATA, gas: CREATION_GAS }
            ]
      const paying = { to: keccak256(bigintToBytes(nonce + 1n)).slice(12), data: CALLDATA }
      const signed = [
        signTransfer({ chainId, nonce, ...making }, maker),
        signTransfer({ chainId, nonce, ...deleting }, deleter),
        signTransfer({ chainId, nonce, ...paying }, payer)
      ]
      nonce++
      return signed
    }
  }
}

function creationAddress(key: Uint8Array, nonce: bigint): Uint8Array {
  const sender = hexToBytes(privateKeyToAddress(key))
  return keccak256(RLP.encode([sender, bigintToBytes(nonce)])).slice(12)
}
