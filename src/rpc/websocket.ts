// One WebSocket: messages in, answers and notifications out, each bounded; who is silent, slow or gone is cut off.
import { type Socket } from 'node:net'
import { type WebsocketHandler } from '@fastify/websocket'
import { type AnswerBuffer } from './answer-buffer.ts'
import { type CallRights, type CallServer } from './call-server.ts'
import { type Connection } from './connection-guard.ts'
import { type AnswerSink } from './http-answer.ts'
import { type HttpLimits } from './http-host.ts'
import { type SubscriptionHub } from './subscriptions.ts'

/** Bytes of one message: as large as one request may be. */
export const MESSAGE_MAX_BYTES = 2 ** 20
/** Messages of one connection that are answered side by side; those after them wait, and then nothing more is read. */
const MESSAGES_RUNNING_MAX = 4
const MESSAGES_WAITING_MAX = 16
/** A control frame of a client: two bytes, and four of mask. */
const CONTROL_HEAD_BYTES = 6
/** Codes of RFC 6455, 7.4.1. */
const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013

type WebSocket = Parameters<WebsocketHandler>[0]

/** What one WebSocket is served with. */
export interface WebSocketParts {
  readonly socket: WebSocket
  /** What it runs on. */
  readonly raw: Socket
  readonly calls: CallServer
  readonly subscriptions: SubscriptionHub | undefined
  readonly limits: HttpLimits
}

/** One that is open. */
export interface OpenWebSocket {
  /** Says that the node stops, and closes without waiting for an answer. */
  stop(): void
}

interface Caller {
  readonly connection: Connection
  readonly rights: CallRights
}

/** Serves until either end closes. */
export function serveWebSocket(parts: WebSocketParts, caller: Caller): OpenWebSocket {
  const { socket, calls, subscriptions, limits } = parts
  const { connection } = caller
  const sink = socketSink(socket, limits.answerTimeoutMs)
  const close = (code: number, why: string) => {
    socket.close(code, why)
    socket.terminate()
  }
  const subscriber = subscriptions?.open({
    signal: connection.signal,
    enterTurns: () => calls.enterTurns(caller, connection.signal),
    notify: (write) => calls.notify({ ...caller, connection: quiet(connection), sink }, write),
    cut: () => close(TRY_AGAIN_LATER, 'too much to be told, or too slow')
  })
  const call = { ...caller, sink, ...(subscriber && { subscriber }) }
  const reading = readMeter(parts)
  const waiting: Message[] = []
  let runningCount = 0

  async function answer({ body, release, work }: Message): Promise<void> {
    try {
      await calls.answerMessage(call, body, work)
      subscriber?.start()
    } finally {
      release()
      runningCount -= 1
      answerNext()
    }
  }

  function answerNext(): void {
    while (runningCount < MESSAGES_RUNNING_MAX) {
      const message = waiting.shift()
      if (message === undefined) break
      runningCount += 1
      // Where it fails, the client has gone, or cannot be answered.
      answer(message).catch(() => socket.terminate())
    }
    if (waiting.length < MESSAGES_WAITING_MAX && socket.isPaused) socket.resume()
    if (runningCount === 0) connection.enter((subscriber?.count ?? 0) > 0 ? 'subscribed' : 'idle')
  }

  socket.on('message', (data) => {
    const body = toBuffer(data)
    reading.whole()
    const work = new AbortController()
    const lease = calls.leaseBody(() => work.abort(new Error('larger messages than others')))
    if (!lease.grow(body.length)) {
      lease.release()
      close(TRY_AGAIN_LATER, 'too many large requests at once')
      return
    }
    waiting.push({ body, release: () => lease.release(), work })
    if (waiting.length >= MESSAGES_WAITING_MAX) socket.pause()
    answerNext()
  })
  const endPings = keepAlive(parts)
  socket.once('close', () => {
    endPings()
    reading.end()
    subscriber?.end()
    for (const { release } of waiting.splice(0)) release()
  })
  return { stop: () => close(GOING_AWAY, 'the node stops') }
}

interface Message {
  readonly body: Buffer
  readonly release: () => void
  readonly work: AbortController
}

/** A connection whose notifications do not count as requests under way. */
function quiet(connection: Connection): Connection {
  return { ...connection, enter: () => undefined }
}

/** One answer or notification after the other, in pieces of one message; each is taken within its time. */
function socketSink(socket: WebSocket, timeoutMs: number): AnswerSink {
  let last: Promise<void> = Promise.resolve()
  return {
    async send(answer, signal) {
      last = last.then(() => sendPieces(socket, answer, { signal, timeoutMs }))
      await last
    },
    sendNothing: () => undefined,
    cut: () => socket.terminate()
  }
}

/** Never rejects: one that cannot be sent to has gone. */
async function sendPieces(
  socket: WebSocket,
  answer: AnswerBuffer,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number }
): Promise<void> {
  if (signal.aborted) return
  const deadline = setTimeout(() => socket.terminate(), timeoutMs)
  let leftBytes = answer.sizeBytes()
  try {
    for (const piece of answer.takePieces()) {
      leftBytes -= piece.length
      const fin = leftBytes <= 0
      const isSent = await new Promise<boolean>((resolve) => {
        socket.send(piece, { binary: false, fin }, (failure) => resolve(!failure))
      })
      if (!isSent) return
    }
  } finally {
    clearTimeout(deadline)
  }
}

/** Counts the bytes of a message that is not whole yet, among those of all bodies, and ends one that takes too long. */
function readMeter({ socket, raw, calls, limits }: WebSocketParts) {
  const lease = calls.leaseBody(() => socket.terminate())
  let heldBytes = 0
  let deadline: NodeJS.Timeout | undefined
  const add = ({ length }: Buffer) => {
    heldBytes += length
    deadline ??= setTimeout(() => socket.terminate(), limits.requestTimeoutMs)
    if (!lease.grow(length)) socket.terminate()
  }
  const take = (bytes: number) => {
    const taken = Math.min(bytes, heldBytes)
    heldBytes -= taken
    lease.shrink(taken)
    if (heldBytes > 0) return
    clearTimeout(deadline)
    deadline = undefined
  }
  const control = (data: Buffer) => take(CONTROL_HEAD_BYTES + data.length)
  raw.prependListener('data', add)
  socket.on('ping', control)
  socket.on('pong', control)
  return {
    /** A message is whole: what is held for it from now on is somebody else's to count. */
    whole: () => take(heldBytes),
    end() {
      raw.off('data', add)
      clearTimeout(deadline)
      lease.release()
    }
  }
}

/** Pings one that says nothing, and ends one that does not answer by the next time. Returns what ends that. */
function keepAlive({ socket, raw, limits }: WebSocketParts): () => void {
  let isHeard = true
  const hear = () => (isHeard = true)
  raw.on('data', hear)
  const timer = setInterval(() => {
    if (socket.isPaused) return // what it says is not read
    if (!isHeard) socket.terminate()
    else socket.ping()
    isHeard = false
  }, limits.pingIntervalMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    raw.off('data', hear)
  }
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
