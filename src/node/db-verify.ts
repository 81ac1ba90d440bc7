// `rekindle db verify`: walks both databases and says what is wrong, and exactly where.
import { join } from 'node:path'
import { type Clock } from '../base/clock.ts'
import { auditChain, type ChainFault } from '../chain/chain-audit.ts'
import { type MessageRules } from '../chain/verify-message.ts'
import { auditState, type StateFault } from '../state/state-audit.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { CHAIN_DATABASE, type DatabaseSchema, STATE_DATABASE } from '../store/keys.ts'
import { openLevelStore } from '../store/level-store.ts'
import { PLACES } from './node-directory.ts'

/** Faults that are kept and shown; the others are counted. */
const FAULTS_SHOWN_MAX = 100
/** A line of progress comes at most so often. */
const PROGRESS_INTERVAL_MS = 3_000

/** What a verification found. */
export interface VerifyResult {
  readonly ok: boolean
  readonly head: { readonly number: bigint; readonly hash: string } | undefined
  readonly state: { readonly number: bigint; readonly hash: string } | undefined
  readonly accountsCount: number
  readonly slotsCount: number
  readonly nodesCount: number
  readonly faultsCount: number
  /** The first of them. */
  readonly faults: readonly (ChainFault | StateFault)[]
}

/** What it stands on. */
export interface VerifyDeps {
  readonly clock: Clock
  /** A line of progress for whoever waits. */
  readonly say: (line: string) => void
}

/** Reads only; the node must not run. Throws StoreError for a directory that cannot be had. */
export async function verifyDatabases(
  { clock, say }: VerifyDeps,
  dataDir: string,
  rules: MessageRules
): Promise<VerifyResult> {
  const faults: (ChainFault | StateFault)[] = []
  let faultsCount = 0
  const onFault = (fault: ChainFault | StateFault) => {
    faultsCount += 1
    if (faults.length < FAULTS_SHOWN_MAX) faults.push(fault)
  }
  const progress = pacedProgress(clock, say)
  const chain = await withStore(join(dataDir, PLACES.chain), CHAIN_DATABASE, (store) =>
    auditChain(store, rules, {
      onFault,
      onProgress: (number, head) => progress(`blocks ${number.toString()} of ${head.toString()}`)
    })
  )
  const state = await withStore(join(dataDir, PLACES.state), STATE_DATABASE, (store) =>
    auditState(store, { onFault, onProgress: (count) => progress(`accounts ${String(count)}`) })
  )
  const { accountsCount, slotsCount, nodesCount, point } = state
  return {
    ok: faultsCount === 0,
    head: chain.head,
    state: point && { number: point.number, hash: point.hash },
    accountsCount,
    slotsCount,
    nodesCount,
    faultsCount,
    faults
  }
}

/** One fault in a line. */
export function describeFault(fault: ChainFault | StateFault): string {
  if ('kind' in fault) return `state: ${fault.kind} ${fault.place}: ${fault.problem}`
  const hash = fault.hash === undefined ? '' : ` (${fault.hash})`
  return `chain: block ${fault.number.toString()}${hash}: ${fault.problem}`
}

async function withStore<T>(
  path: string,
  schema: DatabaseSchema,
  read: (store: KeyValueStore) => Promise<T>
): Promise<T> {
  const store = await openLevelStore(path, schema)
  try {
    return await read(store)
  } finally {
    await store.close()
  }
}

/** Lets the event loop turn, and speaks now and then. */
function pacedProgress(clock: Clock, say: (line: string) => void) {
  let saidMs = clock.monotonicMs()
  return async (line: string) => {
    await clock.sleep(0)
    if (clock.monotonicMs() - saidMs < PROGRESS_INTERVAL_MS) return
    saidMs = clock.monotonicMs()
    say(line)
  }
}
