// The stream port: bytes both ways with backpressure. libp2p streams and memory pipes both satisfy it.

/** One stream with one peer. */
export interface ByteStream {
  /** What the other side sends; ends when it has closed its side. */
  readonly source: AsyncIterable<Uint8Array>
  /** Resolves when the transport takes more. Throws when the stream is gone. */
  write: (bytes: Uint8Array) => Promise<void>
  /** Nothing more will be written; reading goes on. */
  closeWrite: () => Promise<void>
  /** Resets the stream; both sides fail at once. */
  abort: (reason: Error) => void
}

/** Opens streams. Throws RequestError `not-connected` or `unsupported-protocol`. */
export interface StreamOpener {
  open: (peer: string, protocolId: string, signal: AbortSignal) => Promise<ByteStream>
}
