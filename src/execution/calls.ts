// eth_call, eth_estimateGas, eth_createAccessList and traces in a worker thread, which reads state through this one.
import { Worker } from 'node:worker_threads'
import { type Hex } from '../base/bytes.ts'
import { errorMessage } from '../base/node-error.ts'
import { type Block } from '../chain/blocks/block.ts'
import { type StateView } from '../state/state-view.ts'
import { type AccessListOutcome } from './access-list.ts'
import { blockEnvironment, BlockHashError, type BlockHashes } from './block-context.ts'
import {
  type CallTask,
  type CallWork,
  type CallWorkerData,
  type FromCallWorker,
  type ReadValue,
  type StateRead,
  type ToCallWorker,
  type TraceOptions,
  type WorkOutcome
} from './call-messages.ts'
import { type CallRequest } from './call-request.ts'
import { CALLS_MAX } from './call-turns.ts'
import { type CallOutcome, type EstimateOutcome } from './run-call.ts'
import { type TraceOutcome } from './trace.ts'

/** What a runner needs. */
export interface CallRunnerDeps {
  readonly chainId: bigint
  readonly blockHashes: BlockHashes
}

/** geth's RPC gives a call as much. */
const CALL_TIME_MAX_MS = 5_000
/** A worker that does not end a call so long after its time hangs, and is ended itself: a busy machine may starve it. */
const HANG_MS = 30_000
/** Calls that the worker has not answered; it runs fewer at a time, and ends the longest to make room. */
const OPEN_MAX = 4 * CALLS_MAX
/** Megabytes of the worker's heap. */
const HEAP_MAX_MB = 256

/** A call whose frames are asked for, on the state of a block. */
export interface CallToTrace {
  readonly request: CallRequest
  readonly block: Block
  readonly options: TraceOptions
}

/** A block whose transactions' frames are asked for: of the one at an index, or of all. */
export interface BlockToTrace {
  readonly block: Block
  readonly only: number | undefined
  readonly options: TraceOptions
}

/** A call that the worker has. */
interface OpenCall {
  readonly view: StateView
  readonly resolve: (outcome: WorkOutcome) => void
  readonly reject: (thrown: unknown) => void
}

/**
 * Runs calls on any view, side by side, each for a bounded time. The worker starts with the first of them, and again
 * with the next when it ended; the calls that it had then fail. One per node.
 */
export class CallRunner {
  readonly #deps: CallRunnerDeps
  readonly #timeMaxMs: number
  readonly #open = new Map<number, OpenCall>()
  #worker: Worker | undefined
  #lastId = 0

  constructor(deps: CallRunnerDeps, { timeMaxMs = CALL_TIME_MAX_MS } = {}) {
    this.#deps = deps
    this.#timeMaxMs = timeMaxMs
  }

  /** Out of time, too many calls and a worker that ended are `failed`. Rejects as `signal` says, or as reading the state fails. */
  async call(
    request: CallRequest,
    block: Block,
    view: StateView,
    signal?: AbortSignal
  ): Promise<CallOutcome> {
    const work: CallWork = { kind: 'call', request, header: blockEnvironment(block) }
    return (await this.#run(work, view, signal)) as CallOutcome
  }

  /** The least gas limit that succeeds, up to 1.5 % above it. Fails as `call` does. */
  async estimateGas(
    request: CallRequest,
    block: Block,
    view: StateView,
    signal?: AbortSignal
  ): Promise<EstimateOutcome> {
    const work: CallWork = { kind: 'estimate', request, header: blockEnvironment(block) }
    return (await this.#run(work, view, signal)) as EstimateOutcome
  }

  /** What the call touches, and the gas that it uses with that list. Fails as `call` does. */
  async createAccessList(
    request: CallRequest,
    block: Block,
    view: StateView,
    signal?: AbortSignal
  ): Promise<AccessListOutcome> {
    const work: CallWork = { kind: 'access-list', request, header: blockEnvironment(block) }
    return (await this.#run(work, view, signal)) as AccessListOutcome
  }

  /** The frames of a call. Fails as `call` does, and when the trace becomes too large. */
  async traceCall(
    { request, block, options }: CallToTrace,
    view: StateView,
    signal?: AbortSignal
  ): Promise<TraceOutcome> {
    const work: CallWork = { kind: 'trace-call', request, header: blockEnvironment(block), options }
    return (await this.#run(work, view, signal)) as TraceOutcome
  }

  /** The frames of one transaction of a block, or of each, on the state of the block's parent. Fails as `traceCall` does. */
  async traceBlock(
    { block, only, options }: BlockToTrace,
    parentView: StateView,
    signal?: AbortSignal
  ): Promise<TraceOutcome> {
    const end = only === undefined ? block.transactions.length : only + 1
    const transactions = block.transactions.slice(0, end).map((raw) => new Uint8Array(raw))
    const trace = { environment: blockEnvironment(block), transactions, only }
    const given = transactions.map(({ buffer }) => buffer)
    const work: CallWork = { kind: 'trace-block', trace, options }
    return (await this.#run(work, parentView, signal, given)) as TraceOutcome
  }

  /** Ends the worker, and the calls that it has. */
  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  async #run(
    work: CallWork,
    view: StateView,
    signal: AbortSignal | undefined,
    given: readonly ArrayBuffer[] = []
  ): Promise<WorkOutcome> {
    signal?.throwIfAborted()
    if (this.#open.size >= OPEN_MAX) return failed('execution aborted: too many calls run')
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#lastId
    const task: CallTask = { kind: 'task', id, root: view.root, work }
    const stop = () => {
      this.#fail(id, signal?.reason)
    }
    const hangs = setTimeout(() => {
      worker.terminate().catch(() => undefined) // its end is told by an event
    }, this.#timeMaxMs + HANG_MS)
    try {
      return await new Promise((resolve, reject) => {
        this.#open.set(id, { view, resolve, reject })
        signal?.addEventListener('abort', stop)
        post(worker, task, given)
      })
    } finally {
      clearTimeout(hangs)
      signal?.removeEventListener('abort', stop)
      this.#open.delete(id)
    }
  }

  #start(): Worker {
    const data: CallWorkerData = { chainId: this.#deps.chainId, timeMaxMs: this.#timeMaxMs }
    const worker = new Worker(new URL('./call-worker.js', import.meta.url), {
      workerData: data,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB }
    })
    let reason = 'it was stopped'
    worker.on('message', (message: FromCallWorker) => {
      this.#take(worker, message).catch(() => undefined) // a failure is the call's
    })
    worker.on('error', (thrown) => {
      reason = errorMessage(thrown)
    })
    worker.on('exit', () => {
      this.#worker = undefined
      const outcome = failed(`execution aborted: the worker that runs calls ended, ${reason}`)
      for (const { resolve } of this.#open.values()) resolve(outcome)
    })
    // After the listeners: one for messages makes the process wait for the worker again.
    worker.unref()
    return worker
  }

  async #take(worker: Worker, message: FromCallWorker): Promise<void> {
    const { id } = message
    const call = this.#open.get(id)
    if (call === undefined) return // nobody waits for it any more
    if (message.kind === 'outcome') call.resolve(message.outcome)
    else if (message.kind === 'threw') call.reject(new Error(message.reason))
    else {
      try {
        post(worker, { kind: 'value', id, value: await this.#read(call.view, message.read) })
      } catch (thrown) {
        this.#fail(id, thrown)
      }
    }
  }

  async #read(view: StateView, read: StateRead): Promise<ReadValue> {
    if (read.what === 'blockHash') {
      const hash: Hex | undefined = await this.#deps.blockHashes(read.number)
      if (hash === undefined) {
        throw new BlockHashError({ code: 'block-hash-unknown', number: read.number })
      }
      return hash
    }
    if (read.what === 'account') return view.account(read.key)
    if (read.what === 'storageRoot') return owned(view.storageRoot(read.key))
    if (read.what === 'code') return owned(view.code(read.key))
    return owned(view.slot(read.key, read.slotHash))
  }

  #fail(id: number, thrown: unknown): void {
    this.#open.get(id)?.reject(thrown)
    if (this.#worker !== undefined) post(this.#worker, { kind: 'cancel', id })
  }
}

function failed(reason: string): CallOutcome & EstimateOutcome & AccessListOutcome {
  return { kind: 'failed', reason }
}

/** With bytes of its own: a message takes all of the memory that they lie in. */
function owned(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && new Uint8Array(bytes)
}

/** `given` is not copied, and is gone here afterwards. */
function post(worker: Worker, message: ToCallWorker, given: readonly ArrayBuffer[] = []): void {
  worker.postMessage(message, given)
}
