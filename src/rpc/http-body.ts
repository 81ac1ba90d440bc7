// The body of one request: read whole, within its bound and what all bodies together may hold.
import { type IncomingMessage } from 'node:http'
import { type ByteLease } from './byte-ledger.ts'

/** A request's body, as geth has it: a batch of transactions of the largest size is far below it. */
export const BODY_MAX_BYTES = 5 * 2 ** 20

/** A body, or the HTTP status to refuse it with. */
export type ReadBody =
  | { readonly kind: 'read'; readonly body: Buffer }
  | { readonly kind: 'refused'; readonly status: 413 | 503; readonly message: string }

/** Reads to the end. Rejects when the client goes before that. */
export async function readBody(
  request: IncomingMessage,
  lease: ByteLease,
  maxBytes = BODY_MAX_BYTES
): Promise<ReadBody> {
  const tooLarge = {
    kind: 'refused',
    status: 413,
    message: `Request body is too large: above ${String(maxBytes)} bytes`
  } as const
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge
  const chunks: Buffer[] = []
  let bytes = 0
  const parts: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of parts) {
    bytes += chunk.length
    if (bytes > maxBytes) return tooLarge
    if (!lease.grow(chunk.length)) {
      const message = 'too many large requests at once: send less at once, or later'
      return { kind: 'refused', status: 503, message }
    }
    chunks.push(chunk)
  }
  return { kind: 'read', body: Buffer.concat(chunks) }
}
