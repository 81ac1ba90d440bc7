// Every JSON-RPC method this node answers.
import { blockMethods, type BlockMethodDeps } from './block-methods.ts'
import { callMethods, type CallMethodDeps } from './call-methods.ts'
import { feeMethods, type FeeMethodDeps } from './fee-methods.ts'
import { type MethodTable } from './json-rpc.ts'
import { filterMethods, type FilterMethodDeps } from './filter-methods.ts'
import { logMethods } from './log-methods.ts'
import { nodeMethods, type NodeMethodDeps } from './node-methods.ts'
import { poolMethods } from './pool-methods.ts'
import { proofMethods } from './proof-methods.ts'
import { rawMethods } from './raw-methods.ts'
import { stateMethods, type StateMethodDeps } from './state-methods.ts'
import { subscribeMethods } from './subscribe-methods.ts'
import { traceMethods, type TraceMethodDeps } from './trace-methods.ts'
import { uncleMethods } from './uncle-methods.ts'

/** What all methods together need. */
export type RpcDeps = BlockMethodDeps &
  CallMethodDeps &
  StateMethodDeps &
  FeeMethodDeps &
  FilterMethodDeps &
  NodeMethodDeps &
  TraceMethodDeps

/** The table that the server looks methods up in. */
export function createMethodTable(deps: RpcDeps): MethodTable {
  return new Map(
    Object.entries({
      ...nodeMethods(deps),
      ...blockMethods(deps),
      ...stateMethods(deps),
      ...callMethods(deps),
      ...feeMethods(deps),
      ...filterMethods(deps),
      ...logMethods(deps),
      ...poolMethods(deps),
      ...rawMethods(deps),
      ...uncleMethods(deps),
      ...proofMethods(deps),
      ...traceMethods(deps),
      ...subscribeMethods()
    })
  )
}
