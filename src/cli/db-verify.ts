// `rekindle db verify`: walks both databases and says what is wrong, and exactly where.
import { join } from 'node:path'
import { type Clock } from '../base/clock.ts'
import { createYielder } from '../base/yielder.ts'
import { type BlockRef, toRef } from '../chain/blocks/block.ts'
import { BlockReader } from '../chain/stored/block-reader.ts'
import { readCanonical } from '../chain/stored/canonical-entries.ts'
import { auditChain, type ChainFault } from '../chain/stored/chain-audit.ts'
import { ChainError } from '../chain/blocks/chain-error.ts'
import { type MessageRules } from '../chain/blocks/verify-message.ts'
import { auditState, type StateAudit, type StateFault } from '../state/state-audit.ts'
import { type StatePoint } from '../state/state-view.ts'
import { type KeyValueStore } from '../store/key-value-store.ts'
import { CHAIN_DATABASE, type DatabaseSchema, STATE_DATABASE } from '../store/keys.ts'
import { openLevelStore } from '../store/level-store.ts'
import { StoreError } from '../store/store-error.ts'
import { readJournalFile } from './journal-file.ts'
import { PLACES } from '../config/node-directory.ts'

/** Faults that are kept and shown; the others are counted. */
export const FAULTS_SHOWN_MAX = 100
/** A line of progress comes at most so often. */
const PROGRESS_INTERVAL_MS = 3_000

/** What is wrong with the journal: everything before that byte is sound. */
export interface JournalFault {
  readonly kind: 'journal'
  readonly place: string
  readonly problem: string
}

/** What is wrong with the files of a database, so that it was not opened as it is. */
export interface FilesFault {
  readonly kind: 'files'
  /** The database's directory in the data directory. */
  readonly place: string
  readonly problem: string
}

const POINT_FAULT = { kind: 'point', place: 'P', isMended: false } as const

/** Anything that is wrong in a data directory; whether a repair has mended it. */
export type Fault = (ChainFault | Omit<StateFault, 'isMended'> | JournalFault | FilesFault) & {
  readonly isMended?: boolean
}

/** What a verification found. */
export interface VerifyResult {
  /** True when nothing is wrong, or nothing any more. */
  readonly ok: boolean
  readonly head: { readonly number: bigint; readonly hash: string } | undefined
  readonly state: { readonly number: bigint; readonly hash: string } | undefined
  readonly accountsCount: number
  readonly slotsCount: number
  readonly nodesCount: number
  readonly faultsCount: number
  /** How many of them a repair put right. */
  readonly mendedCount: number
  /** The first of them. */
  readonly faults: readonly Fault[]
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
  { dataDir, rules }: { readonly dataDir: string; readonly rules: MessageRules }
): Promise<VerifyResult> {
  const faults: Fault[] = []
  let faultsCount = 0
  const onFault = (fault: Fault) => {
    faultsCount += 1
    if (faults.length < FAULTS_SHOWN_MAX) faults.push(fault)
  }
  const progress = pacedProgress(clock, say)
  const audited = await withStore(join(dataDir, PLACES.chain), CHAIN_DATABASE, async (store) => {
    const chain = await auditChain(store, rules, {
      onFault,
      onProgress: (number, head) => progress(`blocks ${number.toString()} of ${head.toString()}`)
    })
    const state = await verifyState(dataDir, { onFault, progress })
    if (chain.head !== undefined) checkPoint(store, chain.head, state.point, onFault)
    return { chain, state }
  })
  await auditJournal(dataDir, onFault)
  const { chain, state } = audited
  const { accountsCount, slotsCount, nodesCount, point } = state
  return {
    ok: faultsCount === 0,
    head: chain.head,
    state: point && toRef(point),
    accountsCount,
    slotsCount,
    nodesCount,
    faultsCount,
    mendedCount: 0,
    faults
  }
}

interface StateVerification {
  readonly onFault: (fault: Fault) => void
  readonly progress: (line: string) => Promise<void>
}

/** One that is not there is a fault and no more: a start begins it anew. */
async function verifyState(dataDir: string, verification: StateVerification): Promise<StateAudit> {
  try {
    return await withStore(join(dataDir, PLACES.state), STATE_DATABASE, (store) =>
      auditState(store, {
        onFault: verification.onFault,
        onProgress: ({ accountsCount, slotsCount }) =>
          verification.progress(`accounts ${String(accountsCount)}, slots ${String(slotsCount)}`)
      })
    )
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.failure.code !== 'store-missing') throw thrown
    verification.onFault({ ...POINT_FAULT, problem: 'there is no state' })
    return { point: undefined, accountsCount: 0, slotsCount: 0, nodesCount: 0, codesCount: 0 }
  }
}

/** The state has to be of a block of the chain; above the head, a power cut has taken the block. */
function checkPoint(
  store: KeyValueStore,
  head: BlockRef,
  point: StatePoint | undefined,
  onFault: (fault: Fault) => void
): void {
  if (point === undefined || point.number > head.number) return
  const { number, hash, root } = point
  try {
    const canonical = readCanonical(store, number)
    if (canonical !== hash) {
      const problem = `it is of block ${number.toString()} (${hash}), and the chain has ${canonical ?? 'none'} there`
      onFault({ ...POINT_FAULT, problem })
      return
    }
    const block = new BlockReader(store).block(hash)
    if (block === undefined || block.stateRoot === root) return
    onFault({
      ...POINT_FAULT,
      problem: `its root is ${root}, that of its block ${block.stateRoot}`
    })
  } catch (thrown) {
    if (!(thrown instanceof ChainError)) throw thrown // told of already, with the block
  }
}

/** One that stands on another block is no fault: a process killed after a flush leaves it so. */
async function auditJournal(dataDir: string, onFault: (fault: Fault) => void): Promise<void> {
  const file = await readJournalFile(dataDir)
  if (file.kind === 'unreadable') {
    onFault({ kind: 'journal', place: 'the file', problem: `it cannot be read: ${file.reason}` })
  } else if (file.kind === 'read' && file.damage !== undefined) {
    const { offset, reason } = file.damage
    onFault({ kind: 'journal', place: `byte ${String(offset)}`, problem: reason })
  }
}

/** True for what is wrong in the state database. */
export function isStateFault(fault: Fault): boolean {
  return 'kind' in fault && fault.kind !== 'journal' && fault.kind !== 'files'
}

/** One fault in a line. */
export function describeFault(fault: Fault): string {
  if ('kind' in fault) {
    const database = isStateFault(fault) ? 'state: ' : ''
    return `${database}${fault.kind} ${fault.place}: ${fault.problem}`
  }
  const hash = fault.hash === undefined ? '' : ` (${fault.hash})`
  const place = fault.number === undefined ? '' : `block ${fault.number.toString()}${hash}: `
  return `chain: ${place}${fault.problem}`
}

async function withStore<T>(
  path: string,
  schema: DatabaseSchema,
  read: (store: KeyValueStore) => Promise<T>
): Promise<T> {
  const store = await openLevelStore(path, schema, { mustExist: true })
  try {
    return await read(store)
  } finally {
    await store.close()
  }
}

/** Lets the event loop turn, and speaks now and then. */
export function pacedProgress(clock: Clock, say: (line: string) => void) {
  const yielder = createYielder(clock)
  let saidMs = clock.monotonicMs()
  return async (line: string) => {
    await yielder.maybeYield()
    if (clock.monotonicMs() - saidMs < PROGRESS_INTERVAL_MS) return
    saidMs = clock.monotonicMs()
    say(line)
  }
}
