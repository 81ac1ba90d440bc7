// Responses taken apart without judging them: every rule is then looked at by its own case.
import { decompressBlock } from '../snappy-block.ts'
import { type ProtocolName } from './protocol-facts.ts'
import { type StreamEnd } from './raw-stream.ts'

/** One chunk as it stands in the stream (protocols/framing, "Chunks"). */
export interface Frame {
  readonly result: number
  readonly version: number
  /** What the header says, which may be more than came. */
  readonly lengthBytes: number
  readonly payload: Uint8Array
}

/** What came back for one request. */
export interface Answer {
  readonly protocol: ProtocolName
  /** What was asked, in words. */
  readonly what: string
  readonly frames: readonly Frame[]
  /** Bytes that are no whole frame. */
  readonly rest: Uint8Array
  readonly end: StreamEnd
}

const HEADER_BYTES = 6
const CONTENT_MAX_BYTES = 32 * 2 ** 20

/** The frames of a response, and what is left over. */
export function splitFrames(bytes: Uint8Array): Pick<Answer, 'frames' | 'rest'> {
  const frames: Frame[] = []
  let rest = bytes
  while (rest.length >= HEADER_BYTES) {
    const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
    const lengthBytes = view.getUint32(2, true)
    const end = HEADER_BYTES + lengthBytes
    if (end > rest.length) break
    const payload = rest.subarray(HEADER_BYTES, end)
    frames.push({ result: view.getUint8(0), version: view.getUint8(1), lengthBytes, payload })
    rest = rest.subarray(end)
  }
  return { frames, rest }
}

/** What the payload of a result 0 holds; undefined where it is no snappy block. */
export function contentOf({ payload }: Frame): Uint8Array | undefined {
  try {
    return decompressBlock(payload, CONTENT_MAX_BYTES)
  } catch {
    return undefined
  }
}

/** Contents of all chunks of result 0 that can be read. */
export function contentsOf({ frames }: Answer): readonly Uint8Array[] {
  return frames
    .filter(({ result }) => result === 0)
    .map(contentOf)
    .filter((content) => content !== undefined)
}

/** An answer in words: `result 2 version 0 (33 bytes), then closed`. */
export function describeAnswer({ frames, rest, end }: Answer): string {
  const parts = frames
    .slice(0, 4)
    .map(
      ({ result, version, lengthBytes }) =>
        `result ${String(result)} version ${String(version)} (${String(lengthBytes)} bytes)`
    )
  if (frames.length > parts.length) parts.push(`${String(frames.length - parts.length)} more`)
  if (rest.length > 0) parts.push(`${String(rest.length)} bytes that are no frame`)
  return `${parts.join(', ') || 'nothing'}, then ${end}`
}
