// The worker thread that runs calls of strangers, so that they never hold the thread that builds blocks.
import { setPriority } from 'node:os'
import { memoryUsage } from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import { type Hex } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { errorMessage } from '../base/node-error.ts'
import { searchAccessList } from './access-list.ts'
import { type CallSite } from './call-message.ts'
import {
  type CallTask,
  type CallWork,
  type CallWorkerData,
  type FromCallWorker,
  type ReadValue,
  type StateRead,
  type ToCallWorker,
  type WorkOutcome
} from './call-messages.ts'
import { CallRefused } from './call-request.ts'
import { CallAborted, type CallTurn, CallTurns } from './call-turns.ts'
import { createEvmCommon } from './evm-rules.ts'
import { loadCurves } from './pairing-curve.ts'
import { type CallOutcome, type EstimateOutcome, runCall, searchGas } from './run-call.ts'
import { type StateReader } from './state-adapter.ts'
import { TraceMemory, TraceTooLarge } from './trace-memory.ts'
import { traceBlock, traceCall, type TraceOutcome } from './trace.ts'

/** Blocks come first where processors are short. */
const NICENESS = 5

/** A call that runs here. */
interface RunningCall {
  readonly turn: CallTurn
  /** Takes the value of the read under way. */
  give: ((value: ReadValue) => void) | undefined
}

const { chainId, timeMaxMs } = workerData as CallWorkerData
const common = createEvmCommon(chainId)
const running = new Map<number, RunningCall>()
const traceMemory = new TraceMemory()
const turns = new CallTurns(
  { nowMs: () => systemClock.monotonicMs(), arraysBytes: () => memoryUsage().arrayBuffers },
  { timeMaxMs }
)

// Linux has it for each thread; elsewhere it would be the whole process.
if (process.platform === 'linux') setPriority(NICENESS)

// Not in the time of the first call: messages wait for a listener.
await loadCurves()

parentPort?.on('message', (message: ToCallWorker) => {
  if (message.kind === 'value') running.get(message.id)?.give?.(message.value)
  else if (message.kind === 'cancel') cancel(message.id)
  else run(message).catch(() => undefined) // it says itself what it failed with
})

async function run({ id, work, root }: CallTask): Promise<void> {
  const options = 'options' in work ? { timeoutMs: work.options.timeoutMs } : {}
  const call: RunningCall = { turn: turns.open(options), give: undefined }
  running.set(id, call)
  const read = (what: StateRead) => readState(id, call, what)
  const site = {
    common,
    view: viewOf(root, read),
    blockHashes: async (number: bigint) => {
      return (await read({ what: 'blockHash', number })) as Hex | undefined
    },
    yielder: call.turn
  }
  try {
    const outcome = await perform(work, site)
    say({ kind: 'outcome', id, outcome }, outcome.kind === 'trace' ? outcome.pieces : [])
  } catch (thrown) {
    if (thrown instanceof CallAborted || thrown instanceof CallRefused) {
      say({ kind: 'outcome', id, outcome: { kind: 'failed', reason: thrown.message } })
    } else if (thrown instanceof TraceTooLarge) {
      say({ kind: 'outcome', id, outcome: { kind: 'too-large', reason: thrown.message } })
    } else say({ kind: 'threw', id, reason: errorMessage(thrown) })
  } finally {
    call.turn.close()
    running.delete(id)
  }
}

async function perform(work: CallWork, site: Omit<CallSite, 'header'>): Promise<WorkOutcome> {
  switch (work.kind) {
    case 'call':
      return owned(await runCall(work.request, { ...site, header: work.header }))
    case 'estimate':
      return owned(await searchGas(work.request, { ...site, header: work.header }))
    case 'access-list':
      return searchAccessList(work.request, { ...site, header: work.header })
    case 'trace-call':
    case 'trace-block':
      return trace(work, site)
  }
}

async function trace(
  work: Extract<CallWork, { readonly options: unknown }>,
  site: Omit<CallSite, 'header'>
): Promise<TraceOutcome> {
  const share = traceMemory.open()
  const charge = (bytes: number) => share.charge(bytes)
  const traceSite = { ...site, options: work.options, charge }
  try {
    return work.kind === 'trace-call'
      ? await traceCall(work.request, work.header, traceSite)
      : await traceBlock(work.trace, traceSite)
  } finally {
    share.release()
  }
}

/** It may wait for a value that does not come any more. */
function cancel(id: number): void {
  const call = running.get(id)
  call?.turn.abort('execution aborted')
  call?.turn.close()
  running.delete(id)
}

async function readState(id: number, call: RunningCall, read: StateRead): Promise<ReadValue> {
  say({ kind: 'read', id, read })
  return new Promise((resolve) => {
    call.give = resolve
  })
}

function viewOf(root: Hex, read: (what: StateRead) => Promise<ReadValue>): StateReader {
  const bytes = async (what: StateRead) => (await read(what)) as Uint8Array | undefined
  return {
    root,
    account: async (key) => {
      return (await read({ what: 'account', key })) as Awaited<ReturnType<StateReader['account']>>
    },
    slot: (key, slotHash) => bytes({ what: 'slot', key, slotHash }),
    storageRoot: async (key) => (await bytes({ what: 'storageRoot', key })) ?? new Uint8Array(),
    code: (key) => bytes({ what: 'code', key })
  }
}

/** With bytes of its own: a message takes all of the memory that they lie in. */
function owned(outcome: CallOutcome | EstimateOutcome): CallOutcome | EstimateOutcome {
  return 'data' in outcome ? { ...outcome, data: new Uint8Array(outcome.data) } : outcome
}

/** `given` is not copied, and is gone here afterwards. */
function say(message: FromCallWorker, given: readonly Uint8Array<ArrayBuffer>[] = []): void {
  parentPort?.postMessage(
    message,
    given.map(({ buffer }) => buffer)
  )
}
