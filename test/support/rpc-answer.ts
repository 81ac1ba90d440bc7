// JSON-RPC answered without a server: what a client would parse of it.
import { type Log, silentLog } from '../../src/base/log.ts'
import { createYielder } from '../../src/base/yielder.ts'
import { AnswerBuffer } from '../../src/rpc/answer-buffer.ts'
import { ByteLedger } from '../../src/rpc/byte-ledger.ts'
import { encodeJson } from '../../src/rpc/json-encode.ts'
import { PieceMemory } from '../../src/rpc/piece-memory.ts'
import { answerBody, type MethodTable, parseBody, type RpcContext } from '../../src/rpc/json-rpc.ts'

/** A context that nobody aborts. */
export function rpcContext(signal: AbortSignal = new AbortController().signal): RpcContext {
  return { signal, turns: createYielder() }
}

/** A buffer with memory of its own. */
export function answerBuffer(options: { maxBytes?: number } = {}): AnswerBuffer {
  const ledger = new ByteLedger({ totalMaxBytes: Number.MAX_SAFE_INTEGER, freeBytes: 0 })
  const memory = { lease: ledger.lease(() => undefined), pieces: new PieceMemory() }
  return new AnswerBuffer(memory, options)
}

/** The text of all pieces that are left in it. */
export function textOf(answer: AnswerBuffer): string {
  return Buffer.concat(Array.from(answer.takePieces(), (piece) => Buffer.from(piece))).toString()
}

/** Answers the text of a body; undefined when there is no answer. */
export async function answerText(
  {
    methods,
    log = silentLog,
    context = rpcContext(),
    maxBytes
  }: { methods: MethodTable; log?: Log; context?: RpcContext; maxBytes?: number },
  body: string
): Promise<unknown> {
  const answer = answerBuffer(maxBytes === undefined ? {} : { maxBytes })
  const parsed = await parseBody(Buffer.from(body), context.turns)
  const isAnswered = await answerBody({ methods, log, context }, parsed, answer)
  return isAnswered ? JSON.parse(textOf(answer)) : undefined
}

/** Answers a body given as a value. */
export async function answerValue(
  deps: Parameters<typeof answerText>[0],
  body: unknown
): Promise<unknown> {
  return answerText(deps, JSON.stringify(body))
}

/** A result as a client sees it: through JSON. */
export async function asJson(result: unknown): Promise<unknown> {
  let text = ''
  const sink = { write: (part: string) => void (text += part) }
  await encodeJson(await result, sink, createYielder())
  return JSON.parse(text)
}
