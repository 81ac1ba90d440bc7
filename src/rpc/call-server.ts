// JSON-RPC in one HTTP request or one message: its body read, its requests answered in turns, its answer sent, each within a bound.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { AnswerBuffer, memoryShort } from './answer-buffer.ts'
import { ByteLedger, type ByteLease } from './byte-ledger.ts'
import { type Connection } from './connection-guard.ts'
import { type AnswerSink, httpSink } from './http-answer.ts'
import { readBody } from './http-body.ts'
import { type HttpLimits } from './http-host.ts'
import {
  answerBody,
  failureText,
  type MethodTable,
  parseBody,
  type Subscriber
} from './json-rpc.ts'
import { PieceMemory } from './piece-memory.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'
import { Turns, type TurnTask } from './turns.ts'

/** Bytes that the bodies of all requests together may hold. */
const BODIES_MAX_BYTES = 16 * 2 ** 20
/** Bytes that all answers together may hold. */
const ANSWERS_MAX_BYTES = 40 * 2 ** 20
/** Of each body and each answer, bytes that do not count: small ones always fit. */
const FREE_BYTES = 64 * 1024

/** Who may call what. */
export interface CallRights {
  readonly methods: MethodTable
  /** Answered before all others. */
  readonly isOperator: boolean
}

/** One HTTP request. */
export interface HttpCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  readonly rights: CallRights
}

/** What is answered, or told, on whose behalf. */
export interface SinkCall {
  readonly sink: AnswerSink
  readonly connection: Connection
  readonly rights: CallRights
  /** Undefined where nothing can be sent later. */
  readonly subscriber?: Subscriber
}

interface AnswerTarget {
  readonly answer: AnswerBuffer
  readonly signal: AbortSignal
}

/** Answers all requests of one server; what they share is bounded here. */
export class CallServer {
  readonly #log: Log
  readonly #limits: HttpLimits
  readonly #bodies = new ByteLedger({ totalMaxBytes: BODIES_MAX_BYTES, freeBytes: FREE_BYTES })
  readonly #answers = new ByteLedger({ totalMaxBytes: ANSWERS_MAX_BYTES, freeBytes: FREE_BYTES })
  readonly #pieces = new PieceMemory()
  readonly #turns = new Turns()

  constructor(log: Log, limits: HttpLimits) {
    this.#log = log
    this.#limits = limits
  }

  /** Resolves once it is answered, or the client has gone. Never rejects. */
  async answer(call: HttpCall): Promise<void> {
    const { connection, response } = call
    try {
      await connection.inOrder(() => this.#answer(call))
    } catch (thrown) {
      if (!connection.signal.aborted) {
        this.#log.error('rpc-request-failed', { reason: errorMessage(thrown) })
      }
      response.destroy()
    }
  }

  async #answer(call: HttpCall): Promise<void> {
    const { request, response, connection } = call
    connection.signal.throwIfAborted()
    connection.enter('transfer')
    const work = new AbortController()
    let isRead = false
    const lease = this.#bodies.lease(() => {
      if (isRead) work.abort(memoryShort())
      else response.destroy()
    })
    try {
      const read = await readBody(request, lease)
      if (read.kind === 'refused') {
        refuse(response, read.status, read.message)
        return
      }
      isRead = true
      const sink = httpSink(response, this.#limits.answerTimeoutMs)
      await this.answerMessage({ ...call, sink }, read.body, work)
    } finally {
      lease.release()
    }
  }

  /** Bytes of a body that comes in parts; `lose` is called when others need them more. */
  leaseBody(lose: () => void): ByteLease {
    return this.#bodies.lease(lose)
  }

  /** Answers a message that was read whole and that the caller holds the bytes of. Rejects when the client has gone. */
  async answerMessage(call: SinkCall, body: Buffer, work: AbortController): Promise<void> {
    await this.#work(call, work, (target) => this.#fill(call, body, target))
  }

  /** Makes a notification and sends it. Rejects when it cannot be made, or the client has gone. */
  async notify(call: SinkCall, write: (answer: AnswerBuffer) => Promise<void>): Promise<void> {
    const work = new AbortController()
    await this.#work(call, work, async ({ answer, signal }) => {
      await write(answer)
      signal.throwIfAborted()
      return true
    })
  }

  /** Turns among all requests of the server. */
  enterTurns(
    { connection, rights }: Pick<SinkCall, 'connection' | 'rights'>,
    signal: AbortSignal
  ): TurnTask {
    const { address, used } = connection
    return this.#turns.enter({ isUrgent: rights.isOperator, address, connection: used, signal })
  }

  async #work(
    { sink, connection }: SinkCall,
    work: AbortController,
    fill: (target: AnswerTarget) => Promise<boolean>
  ): Promise<void> {
    const { workTimeoutMs } = this.#limits
    const leave = () => work.abort(connection.signal.reason)
    connection.signal.addEventListener('abort', leave, { once: true })
    const deadline = setTimeout(() => work.abort(timedOut(workTimeoutMs)), workTimeoutMs)
    let isReady = false
    const lease = this.#answers.lease(() => {
      answer.drop()
      work.abort(memoryShort())
      if (isReady) sink.cut()
    })
    const answer = new AnswerBuffer({ lease, pieces: this.#pieces })
    try {
      connection.signal.throwIfAborted()
      connection.enter('work')
      const isAnswered = await fill({ answer, signal: work.signal })
      isReady = true
      connection.enter('transfer')
      clearTimeout(deadline)
      if (isAnswered) await sink.send(answer, connection.signal)
      else sink.sendNothing()
    } finally {
      clearTimeout(deadline)
      connection.signal.removeEventListener('abort', leave)
      answer.drop()
    }
  }

  /** False when nothing is to be answered. */
  async #fill(call: SinkCall, body: Buffer, { answer, signal }: AnswerTarget): Promise<boolean> {
    const { connection, rights, subscriber } = call
    const turns = this.enterTurns(call, signal)
    let failure: RpcError | undefined
    let isAnswered = true
    try {
      await turns.next()
      const parsed = await parseBody(body, turns)
      const context = { signal, turns, caller: { client: connection.client, subscriber } }
      const deps = { methods: rights.methods, log: this.#log, context }
      isAnswered = await answerBody(deps, parsed, answer)
    } catch (thrown) {
      if (!(thrown instanceof RpcError)) throw thrown
      failure = thrown // its time was over before its first turn
    } finally {
      turns.leave()
    }
    if (answer.isDropped) failure ??= memoryShort()
    if (failure !== undefined) answer.replace(failureText(null, failure))
    return isAnswered
  }
}

function timedOut(afterMs: number): RpcError {
  const message = `request timed out: it took more than ${String(afterMs / 1_000)} s; ask for less at once`
  return new RpcError(RPC_CODES.timedOut, message)
}

/** In HTTP's own terms; what is left of the body is not waited for. */
function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify({ error: message }))
}
