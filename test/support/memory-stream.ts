// Both ends of a byte stream in memory, with the backpressure of a window.
import { type ByteStream } from '../../src/reqresp/byte-stream.ts'

/** One end with what a test wants to see of it. */
export interface MemoryStream extends ByteStream {
  /** Bytes written and not read by the other side yet. */
  readonly unreadBytes: number
  readonly isAborted: boolean
}

/** Bytes that may wait for the reader before `write` does. */
const WINDOW_BYTES = 64 * 1024

interface Pipe {
  readonly parts: Uint8Array[]
  waitingBytes: number
  isClosed: boolean
  failure: Error | undefined
  changed: () => void
}

/** Two connected ends; what one writes the other reads. */
export function createStreamPair(): [MemoryStream, MemoryStream] {
  const there = emptyPipe()
  const back = emptyPipe()
  return [endOf(back, there), endOf(there, back)]
}

function emptyPipe(): Pipe {
  return {
    parts: [],
    waitingBytes: 0,
    isClosed: false,
    failure: undefined,
    changed: () => undefined
  }
}

function endOf(inbound: Pipe, outbound: Pipe): MemoryStream {
  return {
    source: read(inbound),
    get unreadBytes() {
      return outbound.waitingBytes
    },
    get isAborted() {
      return outbound.failure !== undefined
    },
    async write(bytes) {
      throwIfFailed(outbound)
      outbound.parts.push(bytes)
      outbound.waitingBytes += bytes.length
      outbound.changed()
      while (outbound.waitingBytes > WINDOW_BYTES) {
        await nextChange(outbound)
        throwIfFailed(outbound)
      }
    },
    async closeWrite() {
      outbound.isClosed = true
      outbound.changed()
    },
    abort(reason) {
      for (const pipe of [inbound, outbound]) {
        pipe.failure ??= reason
        pipe.changed()
      }
    }
  }
}

async function* read(pipe: Pipe): AsyncGenerator<Uint8Array> {
  for (;;) {
    throwIfFailed(pipe)
    const part = pipe.parts.shift()
    if (part !== undefined) {
      pipe.waitingBytes -= part.length
      pipe.changed()
      yield part
    } else if (pipe.isClosed) {
      return
    } else {
      await nextChange(pipe)
    }
  }
}

function nextChange(pipe: Pipe): Promise<void> {
  const before = pipe.changed
  return new Promise((resolve) => {
    pipe.changed = () => {
      before()
      resolve()
    }
  })
}

function throwIfFailed({ failure }: Pipe): void {
  if (failure !== undefined) throw failure
}
