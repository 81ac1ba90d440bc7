// eth_subscribe and eth_unsubscribe: what a connection follows. Only one that can be sent to later has them.
import { z } from 'zod'
import { type FilterSubject } from './filters.ts'
import { type RpcContext, type RpcMethod } from './json-rpc.ts'
import { assertFollowable } from './log-criteria.ts'
import { logFilterParam, parseParams } from './params.ts'
import { invalidParams, RPC_CODES, RpcError, serverError } from './rpc-error.ts'

const nameParam = z.string().max(64)
const idParam = z.string().max(128)

/** The methods by name; errors are geth's (rpc/errors.go, rpc/subscription.go). */
export function subscribeMethods(): Record<string, RpcMethod> {
  return {
    eth_subscribe(params, context) {
      const subscriber = subscriberOf(context)
      return subscriber.add(subjectOf(params))
    },
    eth_unsubscribe(params, context) {
      const [id] = parseParams(params, [idParam])
      if (context.caller?.subscriber?.remove(id) === true) return true
      throw serverError('subscription not found')
    }
  }
}

function subscriberOf({ caller }: RpcContext) {
  const subscriber = caller?.subscriber
  if (subscriber !== undefined) return subscriber
  throw new RpcError(RPC_CODES.methodNotFound, 'notifications not supported')
}

function subjectOf(params: readonly unknown[]): FilterSubject {
  const [name] = parseParams(params.slice(0, 1), [nameParam])
  switch (name) {
    case 'newHeads':
      parseParams(params, [nameParam])
      return { kind: 'blocks' }
    case 'newPendingTransactions': {
      const [, isFull] = parseParams(params, [nameParam, z.boolean().nullish()])
      return { kind: 'transactions', isFull: isFull ?? false }
    }
    case 'logs': {
      const [, criteria] = parseParams(params, [nameParam, logFilterParam.nullish()])
      assertFollowable(criteria ?? {})
      return { kind: 'logs', criteria: criteria ?? {} }
    }
    default:
      if (name === '') throw invalidParams('argument 0: names no subscription')
      throw new RpcError(
        RPC_CODES.methodNotFound,
        `no "${name.replace(/[^\w.-]/g, '?')}" subscription in eth namespace`
      )
  }
}
