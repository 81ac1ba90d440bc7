// A protocol is one value: name, version, codecs, wire limits (framing/README.md, "Protocols").
import { type ResponseFrame } from './framing/response-frame.ts'

/** Bytes of a value and back. `decode` takes exactly the bytes of one value; both throw ProtocolError. */
export interface ValueCodec<Value> {
  encode(value: Value): Uint8Array
  decode(bytes: Uint8Array): Value
}

/** A chunk before compression, and the version byte that stands beside it on the wire. */
export interface VersionedBytes {
  /** The topic version (0..3) where the chunk is a block message, else 0. */
  readonly version: number
  readonly bytes: Uint8Array
}

/** A chunk to its version byte and bytes, and back. Both throw ProtocolError. */
export interface ChunkCodec<Chunk> {
  encode(chunk: Chunk): VersionedBytes
  decode(version: number, bytes: Uint8Array): Chunk
}

/** Wire limits of one protocol, checked on both sides before anything is allocated or handled. */
export interface ProtocolLimits {
  /** Most bytes of a request. */
  readonly requestMaxBytes: number
  /** Most bytes of a chunk before compression. */
  readonly chunkMaxBytes: number
  /** Most chunks of result 0 in one response, whatever the request asks for. */
  readonly chunksMax: number
}

/** One request-and-response protocol. */
export interface ProtocolDef<Request, Chunk> {
  /** Letters, digits and underscores; part of the id. */
  readonly name: string
  /** Last part of the id; raised with every change that an older node would misread. */
  readonly version: number
  readonly request: ValueCodec<Request>
  readonly chunk: ChunkCodec<Chunk>
  readonly limits: ProtocolLimits
  /** Left out: that of framing/README.md. */
  readonly frame?: ResponseFrame | undefined
}

/** The libp2p protocol id on one chain: `/<family>/req/<name>/<chainId>/<version>`; ours are of the family `rekindle`. */
export function protocolId(
  { name, version, frame }: Pick<ProtocolDef<never, never>, 'name' | 'version' | 'frame'>,
  chainId: bigint
): string {
  const family = frame?.family ?? 'rekindle'
  return `/${family}/req/${name}/${chainId.toString()}/${version.toString()}`
}
