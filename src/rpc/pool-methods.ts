// txpool_ methods: what waits in the pool, by sender and nonce.
import { hexQuantity } from '../base/bytes.ts'
import { toChecksumAddress } from '@ethereumjs/util'
import { feeCap, type PreparedTx } from '../execution/transaction.ts'
import { describeTransaction } from './decode-transaction.ts'
import { formatTransaction } from './format.ts'
import { JsonFields } from './json-encode.ts'
import { type RpcMethod } from './json-rpc.ts'
import { addressParam, parseParams } from './params.ts'
import { type PooledSender, type RpcPool } from './ports.ts'

type Print = (prepared: PreparedTx) => unknown
type List = 'pending' | 'queued'

/**
 * The methods by name, in geth's form (internal/ethapi, TxPoolAPI). The pool bounds what there is, and an answer's bytes
 * what of it fits; each transaction is printed when the one before it has become text.
 */
export function poolMethods({ pool }: { readonly pool: RpcPool }): Record<string, RpcMethod> {
  const contentOf = (print: Print) => {
    const senders = pool.content()
    return {
      pending: new JsonFields(bySender(senders, 'pending', print)),
      queued: new JsonFields(bySender(senders, 'queued', print))
    }
  }
  return {
    txpool_status() {
      const { pending, queued } = pool.counts()
      return { pending: hexQuantity(pending), queued: hexQuantity(queued) }
    },
    txpool_content: () => contentOf(printWhole),
    txpool_inspect: () => contentOf(printLine),
    txpool_contentFrom(params) {
      const { pending, queued } = pool.contentFrom(parseParams(params, [addressParam])[0])
      return {
        pending: new JsonFields(byNonce(pending, printWhole)),
        queued: new JsonFields(byNonce(queued, printWhole))
      }
    }
  }
}

function* bySender(senders: readonly PooledSender[], list: List, print: Print) {
  for (const pooled of senders) {
    const { [list]: transactions, sender } = pooled
    if (transactions.length === 0) continue
    yield [toChecksumAddress(sender), new JsonFields(byNonce(transactions, print))] as const
  }
}

function* byNonce(transactions: readonly PreparedTx[], print: Print) {
  for (const prepared of transactions) {
    yield [prepared.tx.nonce.toString(), print(prepared)] as const
  }
}

function printWhole(prepared: PreparedTx): Record<string, unknown> {
  return formatTransaction(describeTransaction(prepared), undefined)
}

function printLine({ tx }: PreparedTx): string {
  const to = tx.to === undefined ? 'contract creation' : toChecksumAddress(tx.to.toString())
  return `${to}: ${String(tx.value)} wei + ${String(tx.gasLimit)} gas × ${String(feeCap(tx))} wei`
}
