// A raw transaction with everything the execution API prints of it.
import { type Common } from '@ethereumjs/common'
import { generateAddress } from '@ethereumjs/util'
import { bigintToBytes, bytesToHex } from '../base/bytes.ts'
import { prepareTransaction, type PreparedTx } from '../execution/transaction.ts'
import { quantity } from './format.ts'
import { type DecodedTransaction } from './ports.ts'

/** Decodes and recovers the sender. Throws TransactionError; what stands in a block always decodes. */
export function decodeTransaction(raw: Uint8Array, common: Common): DecodedTransaction {
  return describe(prepareTransaction(raw, common))
}

function describe({ hash, tx, senderHex, sender }: PreparedTx): DecodedTransaction {
  const isCreation = tx.to === undefined
  const json = tx.toJSON()
  return {
    hash,
    from: senderHex,
    contractAddress: isCreation
      ? bytesToHex(generateAddress(sender.bytes, bigintToBytes(tx.nonce)))
      : undefined,
    json: { ...json, type: quantity(tx.type) }
  }
}
