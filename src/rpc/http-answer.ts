// Sends an answer that is ready: piece by piece as the client takes them, and not for longer than it may.
import { type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { type AnswerBuffer } from './answer-buffer.ts'

/** Resolves once all is handed to the system, or the client has gone; a slow one is cut off after `timeoutMs`. */
async function sendAnswer(
  response: ServerResponse,
  answer: AnswerBuffer,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number }
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': answer.sizeBytes()
  })
  const deadline = setTimeout(() => response.destroy(), timeoutMs)
  try {
    for (const piece of answer.takePieces()) {
      if (signal.aborted) return
      await written(response, piece, signal)
    }
    response.end()
    if (!response.writableFinished) await once(response, 'finish', { signal })
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    clearTimeout(deadline)
  }
}

/** Resolves when the system has taken the bytes: until then they must stay as they are. */
async function written(
  response: ServerResponse,
  bytes: Uint8Array,
  signal: AbortSignal
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    response.write(bytes, (failure) => {
      signal.removeEventListener('abort', stop)
      if (failure) reject(failure)
      else resolve()
    })
  })
}

/** Where an answer goes. */
export interface AnswerSink {
  /** Sends all of it; resolves once the system has the bytes, or the client has gone. */
  send(answer: AnswerBuffer, signal: AbortSignal): Promise<void>
  /** Says that there is nothing to answer, where that has to be said. */
  sendNothing(): void
  /** Cuts the client off. */
  cut(): void
}

/** An answer in one HTTP response, to be taken within `timeoutMs`. */
export function httpSink(response: ServerResponse, timeoutMs: number): AnswerSink {
  return {
    send: (answer, signal) => sendAnswer(response, answer, { signal, timeoutMs }),
    sendNothing: () => void response.writeHead(204).end(),
    cut: () => void response.destroy()
  }
}
