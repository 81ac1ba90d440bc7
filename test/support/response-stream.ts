// A whole response stream read by its protocol, as a client would.
import { ChunkParser } from '../../protocols/framing/chunk-parser.ts'
import { type ProtocolDef } from '../../protocols/protocol-def.ts'

/** The chunks of a response that must all be ok. */
export function readResponse<Request, Chunk>(
  { chunk, limits }: ProtocolDef<Request, Chunk>,
  stream: Uint8Array
): Chunk[] {
  const parser = new ChunkParser(limits)
  const chunks = Array.from(parser.push(stream), (response) => {
    if (response.result !== 'ok') throw new Error(`unexpected result ${response.result}`)
    return chunk.decode(response.version, response.bytes)
  })
  parser.end()
  return chunks
}
