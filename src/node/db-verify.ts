// `rekindle db verify`: walks both databases and says what is wrong, and exactly where.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock } from '../base/clock.ts'
import { auditChain, type ChainFault } from '../chain/chain-audit.ts'
import { type MessageRules } from '../chain/verify-message.ts'
import { decodeJournal } from '../state/journal-codec.ts'
import { auditState, type StateFault } from '../state/state-audit.ts'
import { type BatchOperation, type KeyValueStore } from '../store/key-value-store.ts'
import { CHAIN_DATABASE, type DatabaseSchema, STATE_DATABASE } from '../store/keys.ts'
import { openLevelStore } from '../store/level-store.ts'
import { PLACES } from './node-directory.ts'

/** Faults that are kept and shown; the others are counted. */
const FAULTS_SHOWN_MAX = 100
/** Mended entries that are written in one batch. */
const MENDED_BATCH_MAX = 1_000
/** A line of progress comes at most so often. */
const PROGRESS_INTERVAL_MS = 3_000

/** What is wrong with the journal: everything before that byte is sound. */
export interface JournalFault {
  readonly kind: 'journal'
  readonly place: string
  readonly problem: string
}

type Fault = ChainFault | StateFault | JournalFault

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
  /** How many of them were put right. */
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

/** What to do beside looking. */
export interface VerifyOptions {
  /** True: what the state's tries tell is put right, flat entries and what nothing leads to. */
  readonly isRepair: boolean
}

/** Without repair it reads only; the node must not run. Throws StoreError for a directory that cannot be had. */
export async function verifyDatabases(
  { clock, say }: VerifyDeps,
  { dataDir, rules }: { readonly dataDir: string; readonly rules: MessageRules },
  { isRepair }: VerifyOptions = { isRepair: false }
): Promise<VerifyResult> {
  const faults: Fault[] = []
  let faultsCount = 0
  let mendedCount = 0
  const onFault = (fault: Fault) => {
    faultsCount += 1
    if ('isMended' in fault && fault.isMended) mendedCount += 1
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
    auditAndMend(store, { onFault, progress, isRepair })
  )
  await auditJournal(join(dataDir, PLACES.journal, 'layers'), onFault)
  const { accountsCount, slotsCount, nodesCount, point } = state
  return {
    ok: faultsCount === mendedCount,
    head: chain.head,
    state: point && { number: point.number, hash: point.hash },
    accountsCount,
    slotsCount,
    nodesCount,
    faultsCount,
    mendedCount,
    faults
  }
}

async function auditAndMend(
  store: KeyValueStore,
  {
    onFault,
    progress,
    isRepair
  }: {
    readonly onFault: (fault: Fault) => void
    readonly progress: (line: string) => Promise<void>
    readonly isRepair: boolean
  }
) {
  let mended: BatchOperation[] = []
  const write = async () => {
    const operations = mended
    mended = []
    await store.batch(operations, { sync: true })
  }
  const mend = async (operation: BatchOperation) => {
    mended.push(operation)
    if (mended.length >= MENDED_BATCH_MAX) await write()
  }
  const audit = await auditState(store, {
    onFault,
    onProgress: ({ accountsCount, slotsCount }) =>
      progress(`accounts ${String(accountsCount)}, slots ${String(slotsCount)}`),
    ...(isRepair && { mend })
  })
  if (mended.length > 0) await write()
  return audit
}

/** One that stands on another block is no fault: a process killed after a flush leaves it so. */
async function auditJournal(path: string, onFault: (fault: Fault) => void): Promise<void> {
  const bytes = await readFile(path).catch(() => undefined)
  if (bytes === undefined) return // there is none, which is how a killed node leaves it
  const { damage } = decodeJournal(bytes)
  if (damage === undefined) return
  onFault({ kind: 'journal', place: `byte ${String(damage.offset)}`, problem: damage.reason })
}

/** One fault in a line. */
export function describeFault(fault: Fault): string {
  if ('kind' in fault) {
    const mended = 'isMended' in fault && fault.isMended ? ' (mended from the trie)' : ''
    return `state: ${fault.kind} ${fault.place}: ${fault.problem}${mended}`
  }
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
