// A protocol of text, small enough to see every byte of: for the engines that serve and request.
import { type ProtocolDef } from '../../protocols/protocol-def.ts'
import { ProtocolError } from '../../protocols/protocol-error.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Requests of at most 8 bytes, at most 3 chunks of at most 100,000 bytes; the text "bad" is none. */
export const TEXT_PROTOCOL: ProtocolDef<string, string> = {
  name: 'text',
  version: 1,
  request: {
    encode: (text) => encoder.encode(text),
    decode: (bytes) => refuseBad(decoder.decode(bytes))
  },
  chunk: {
    encode: (text) => ({ version: 0, bytes: encoder.encode(text) }),
    decode: (_, bytes) => refuseBad(decoder.decode(bytes))
  },
  limits: { requestMaxBytes: 8, chunkMaxBytes: 100_000, chunksMax: 3 }
}

function refuseBad(text: string): string {
  if (text === 'bad') throw new ProtocolError({ code: 'text-bad' })
  return text
}
