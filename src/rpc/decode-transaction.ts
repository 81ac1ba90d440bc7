// A raw transaction with everything the execution API prints of it.
import { type Common } from '@ethereumjs/common'
import { RLP } from '@ethereumjs/rlp'
import { type EOACode7702Tx } from '@ethereumjs/tx'
import { generateAddress } from '@ethereumjs/util'
import { bigintToBytes, bytesToBigint, bytesToHex, hexQuantity } from '../base/bytes.ts'
import { isReplayProtected, prepareTransaction, type PreparedTx } from '../execution/transaction.ts'
import { type DecodedTransaction, type TransactionFees } from './ports.ts'

/** An RLP list starts here: a legacy transaction. */
const RLP_LIST = 0xc0
/** EIP-2930; the later types have a cap and a tip. */
const ACCESS_LIST_TYPE = 1

/** What was worked out of bytes that are still in memory, as those of blocks read lately are. */
const prepared = new WeakMap<Uint8Array, Pick<PreparedTx, 'hash' | 'sender'>>()

/** Decodes and recovers the sender. Throws TransactionError; what stands in a block always decodes. */
export function decodeTransaction(raw: Uint8Array, common: Common): DecodedTransaction {
  const transaction = prepareTransaction(raw, common, prepared.get(raw))
  const { hash, sender } = transaction
  prepared.set(raw, { hash, sender })
  return describeTransaction(transaction)
}

/** What a transaction of a block pays, read from its fields alone: a tenth of what decoding all of it takes. */
export function decodeFees(raw: Uint8Array): TransactionFees {
  const type = raw[0] ?? 0
  const isLegacy = type >= RLP_LIST
  const fields: unknown = RLP.decode(isLegacy ? raw : raw.subarray(1))
  const priceAt = (at: number) => {
    const field: unknown = Array.isArray(fields) ? fields[at] : undefined
    return hexQuantity(field instanceof Uint8Array ? bytesToBigint(field) : 0n)
  }
  if (isLegacy) return { gasPrice: priceAt(1) }
  if (type === ACCESS_LIST_TYPE) return { gasPrice: priceAt(2) }
  return { maxPriorityFeePerGas: priceAt(2), maxFeePerGas: priceAt(3) }
}

/** One whose sender is known already, as of those in the pool. */
export function describeTransaction({
  hash,
  tx,
  senderHex,
  sender
}: PreparedTx): DecodedTransaction {
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
      type: hexQuantity(tx.type)
    }
  }
}

/** Numbers as quantities: @ethereumjs/tx prints their bytes, "0x" for zero. */
function authorizations({ authorizationList }: EOACode7702Tx) {
  return authorizationList.map(([chainId, address, nonce, yParity, r, s]) => ({
    chainId: hexQuantity(bytesToBigint(chainId)),
    address: bytesToHex(address),
    nonce: hexQuantity(bytesToBigint(nonce)),
    yParity: hexQuantity(bytesToBigint(yParity)),
    r: hexQuantity(bytesToBigint(r)),
    s: hexQuantity(bytesToBigint(s))
  }))
}
