// Sends an answer that is ready: piece by piece as the client takes them, and not for longer than it may.
import { type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { type AnswerBuffer } from './answer-buffer.ts'

/** Resolves once all is handed to the system, or the client has gone; a slow one is cut off after `timeoutMs`. */
export async function sendAnswer(
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
      if (!response.write(piece)) await once(response, 'drain', { signal })
    }
    response.end()
    if (!response.writableFinished) await once(response, 'finish', { signal })
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    clearTimeout(deadline)
  }
}
