// Chunks of a fake's answers.
import { encodeChunk } from '../../../protocols/framing/chunk.ts'

const CHUNK_MAX_BYTES = 2 ** 24

/** A chunk of result 0. */
export function okChunk(bytes: Uint8Array, version = 0): Uint8Array {
  return encodeChunk({ result: 'ok', version, bytes }, CHUNK_MAX_BYTES)
}

/** A chunk of result 1 or 2. */
export function refusal(result: 'unavailable' | 'invalid-request', reason: string): Uint8Array {
  return encodeChunk({ result, reason }, CHUNK_MAX_BYTES)
}

/** The answer to a request that decodes; result 2 to another one. */
export function decoded<Request>(
  decode: () => Request,
  answer: (request: Request) => Uint8Array
): Uint8Array {
  let request: Request
  try {
    request = decode()
  } catch {
    return refusal('invalid-request', 'it does not decode')
  }
  return answer(request)
}
