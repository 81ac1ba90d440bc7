// A raw transaction with everything the execution API prints of it.
import { type Common } from '@ethereumjs/common'
import { type EOACode7702Tx } from '@ethereumjs/tx'
import { generateAddress } from '@ethereumjs/util'
import { bigintToBytes, bytesToBigint, bytesToHex } from '../base/bytes.ts'
import { isReplayProtected, prepareTransaction, type PreparedTx } from '../execution/transaction.ts'
import { quantity } from './format.ts'
import { type DecodedTransaction } from './ports.ts'

/** Decodes and recovers the sender. Throws TransactionError; what stands in a block always decodes. */
export function decodeTransaction(raw: Uint8Array, common: Common): DecodedTransaction {
  return describe(prepareTransaction(raw, common))
}

function describe({ hash, tx, senderHex, sender }: PreparedTx): DecodedTransaction {
  const isCreation = tx.to === undefined
  const { chainId, ...json } = tx.toJSON()
  return {
    hash,
    from: senderHex,
    contractAddress: isCreation
      ? bytesToHex(generateAddress(sender.bytes, bigintToBytes(tx.nonce)))
      : undefined,
    json: {
      ...json,
      ...(isReplayProtected(tx) && { chainId }),
      ...('authorizationList' in tx && { authorizationList: authorizations(tx) }),
      type: quantity(tx.type)
    }
  }
}

/** Numbers as quantities: @ethereumjs/tx prints their bytes, "0x" for zero. */
function authorizations({ authorizationList }: EOACode7702Tx) {
  return authorizationList.map(([chainId, address, nonce, yParity, r, s]) => ({
    chainId: quantity(bytesToBigint(chainId)),
    address: bytesToHex(address),
    nonce: quantity(bytesToBigint(nonce)),
    yParity: quantity(bytesToBigint(yParity)),
    r: quantity(bytesToBigint(r)),
    s: quantity(bytesToBigint(s))
  }))
}
