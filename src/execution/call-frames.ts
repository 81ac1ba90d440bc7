// The calls within one transaction as a tree, as go-ethereum's callTracer keeps them (eth/tracers/native/call.go).
import { type EVMResult, type Log, type Message } from '@ethereumjs/evm'
import { type Hex } from '../base/bytes.ts'
import { frameError, type Halt } from './frame-errors.ts'
import { revertReason } from './revert-reason.ts'

/** A frame that an opcode is about to enter. */
export interface FrameIntent {
  readonly type: 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL' | 'CREATE' | 'CREATE2'
  readonly from: Hex
  /** Undefined for a creation. */
  readonly to: Hex | undefined
  readonly value: bigint | undefined
}

/** What a frame would have had that was not entered, and why it was not. */
export interface RefusedFrame {
  readonly gas: bigint
  readonly input: Uint8Array
  readonly error: string
}

/** How a frame came about. */
export type FrameType = FrameIntent['type'] | 'SELFDESTRUCT'

/** A log of a frame. */
export interface FrameLog {
  readonly log: Log
  /** Among the logs of the block. */
  readonly index: number
  /** Calls of the frame ahead of it. */
  readonly position: number
}

/** One call, creation or self-destruction, with what it called. */
export interface CallFrame {
  readonly type: FrameType
  readonly from: Hex
  readonly gas: bigint
  readonly input: Uint8Array
  /** Undefined for a static call. */
  readonly value: bigint | undefined
  /** Undefined for a creation that failed. */
  to: Hex | undefined
  gasUsed: bigint
  /** Empty where there is none. */
  output: Uint8Array
  error: string | undefined
  revertReason: string | undefined
  readonly calls: CallFrame[]
  logs: FrameLog[]
}

/** What callTracer can be told. */
export interface FrameOptions {
  readonly onlyTopCall: boolean
  readonly withLog: boolean
}

/** Takes bytes of the answer into account; throws when there are too many. */
export type ChargeBytes = (bytes: number) => void

/** What a frame and a log are in the answer, in bytes, but for what is in them. */
const FRAME_BYTES = 400
const LOG_BYTES = 200
const TOPIC_BYTES = 70
const NOTHING = new Uint8Array(0)

interface OpenFrame {
  /** Undefined for one that is not kept. */
  readonly frame: CallFrame | undefined
  readonly firstLogIndex: number
}

/** Hears of frames between `open` and `close`, and keeps them. One for all transactions of an EVM. */
export class CallFrames {
  readonly #options: FrameOptions
  readonly #charge: ChargeBytes
  readonly #stack: OpenFrame[] = []
  #isOpen = false
  #gasLimit = 0n
  #logIndex = 0
  #top: CallFrame | undefined
  #intent: FrameIntent | undefined
  #halt: Halt | undefined

  constructor(options: FrameOptions, charge: ChargeBytes) {
    this.#options = options
    this.#charge = charge
  }

  /** A transaction begins. `logIndex` is that of its first log in the block. */
  open({ gasLimit, logIndex }: { readonly gasLimit: bigint; readonly logIndex: number }): void {
    this.#isOpen = true
    this.#gasLimit = gasLimit
    this.#logIndex = logIndex
    this.#top = undefined
    this.#stack.length = 0
  }

  /** The transaction is over, and used so much gas after refunds. */
  close(gasUsed: bigint): void {
    this.#isOpen = false
    if (this.#top === undefined) return
    this.#top.gasUsed = gasUsed
    if (this.#options.withLog) dropFailedLogs(this.#top, false)
  }

  /** The transaction's own call; undefined when it made none. */
  get top(): CallFrame | undefined {
    return this.#top
  }

  /** The opcode at work will enter a frame, unless it is refused one. */
  intend(intent: FrameIntent): void {
    this.#intent = intent
  }

  /** True while the frame was neither entered nor given up. */
  isPending(intent: FrameIntent): boolean {
    return this.#isOpen && this.#intent === intent
  }

  /** The intended frame is not entered: geth shows such ones, with their error. */
  refuse({ error, ...facts }: FrameIntent & RefusedFrame): void {
    this.#intent = undefined
    const frame = this.#newFrame(facts)
    if (frame !== undefined) frame.error = error
  }

  /** The EVM enters a frame. */
  enter(message: Message): void {
    if (!this.#isOpen) return
    const firstLogIndex = this.#logIndex
    const intent = this.#intent
    this.#intent = undefined
    this.#halt = undefined
    const { data, gasLimit, value, to, caller, depth } = message
    let frame: CallFrame | undefined
    if (depth === 0) {
      frame = this.#newFrame({
        type: to === undefined ? 'CREATE' : 'CALL',
        from: caller.toString(),
        to: to?.toString(),
        value,
        gas: this.#gasLimit,
        input: data
      })
      this.#top = frame
    } else if (intent !== undefined) {
      frame = this.#newFrame({ ...intent, gas: gasLimit, input: data })
    }
    this.#stack.push({ frame, firstLogIndex })
  }

  /** The EVM leaves the frame that it entered last. */
  leave({ execResult, createdAddress }: EVMResult): void {
    if (!this.#isOpen) return
    const halt = this.#halt
    this.#intent = undefined
    this.#halt = undefined
    const { frame, firstLogIndex } = this.#stack.pop() ?? {}
    const { exceptionError, executionGasUsed, returnValue } = execResult
    if (exceptionError !== undefined) this.#logIndex = firstLogIndex ?? this.#logIndex
    if (frame === undefined) return
    frame.gasUsed = executionGasUsed
    const isReverted = exceptionError?.error === 'revert'
    if (exceptionError === undefined || isReverted) {
      this.#charge(2 * returnValue.length)
      frame.output = returnValue
    }
    if (isCreation(frame)) {
      frame.to = exceptionError === undefined ? createdAddress?.toString() : undefined
    }
    if (exceptionError === undefined) return
    frame.error = frameError(exceptionError.error, halt, isCreation(frame))
    if (isReverted) frame.revertReason = revertReason(returnValue)
    this.#charge(frame.revertReason?.length ?? 0)
  }

  /** The code of the frame stopped with an error. */
  halt(halt: Halt): void {
    this.#halt = halt
  }

  /** A contract gave itself up. */
  selfDestruct(from: Hex, to: Hex, balance: bigint): void {
    if (!this.#isOpen) return
    this.#newFrame({ type: 'SELFDESTRUCT', from, to, value: balance, gas: 0n, input: NOTHING })
  }

  /** The code of the frame wrote a log. */
  log(log: Log): void {
    if (!this.#isOpen) return
    const index = this.#logIndex++
    const frame = this.#stack.at(-1)?.frame
    if (!this.#options.withLog || frame === undefined) return
    const [, topics, data] = log
    this.#charge(LOG_BYTES + TOPIC_BYTES * topics.length + 2 * data.length)
    frame.logs.push({ log, index, position: frame.calls.length })
  }

  /** A frame, below the one at work; undefined when such are not kept. */
  #newFrame(
    facts: Pick<CallFrame, 'type' | 'from' | 'to' | 'value' | 'gas' | 'input'>
  ): CallFrame | undefined {
    const parent = this.#stack.at(-1)
    if (!this.#isOpen || (parent !== undefined && this.#options.onlyTopCall)) return undefined
    this.#charge(FRAME_BYTES + 2 * facts.input.length)
    const frame: CallFrame = {
      ...{ type: facts.type, from: facts.from, to: facts.to, value: facts.value },
      ...{ gas: facts.gas, input: facts.input, gasUsed: 0n, output: NOTHING },
      ...{ error: undefined, revertReason: undefined, calls: [], logs: [] }
    }
    parent?.frame?.calls.push(frame)
    return frame
  }
}

function isCreation({ type }: Pick<CallFrame, 'type'>): boolean {
  return type === 'CREATE' || type === 'CREATE2'
}

/** Logs of a frame that failed, or of one below it, were never written. As deep as calls may be: 1,024. */
function dropFailedLogs(frame: CallFrame, isBelowFailed: boolean): void {
  const isFailed = isBelowFailed || frame.error !== undefined
  if (isFailed) frame.logs = []
  for (const call of frame.calls) dropFailedLogs(call, isFailed)
}
