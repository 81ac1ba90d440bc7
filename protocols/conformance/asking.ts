// Requests in raw bytes: sound ones, and every way of sending a bad one.
import { type Connection, type Stream } from '@libp2p/interface'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, describeAnswer, splitFrames } from './frames.ts'
import { type ProtocolName } from './protocol-facts.ts'
import { withPatience } from './patience.ts'
import { NotRun } from './verdict.ts'
import { StreamReader } from './raw-stream.ts'
import { openStream } from './suite-host.ts'

/** One request. */
export interface Asked {
  readonly protocol: ProtocolName
  readonly what: string
  readonly bytes: Uint8Array
  /** False: our side stays open for writing. */
  readonly closes?: boolean
  /** The bytes are sent in so many parts, with a pause after each. */
  readonly partsCount?: number
}

const PART_PAUSE_MS = 20
const RATE_LIMITED = 4
const RATE_RETRIES_MAX = 5
const RATE_WAIT_MAX_MS = 5_000

/** The id of a protocol on a chain (FR-1). */
export function requestProtocol(name: ProtocolName, chainId: bigint): string {
  return `/rekindle/req/${name}/${chainId.toString()}/1`
}

/** Sends a request and reads the answer. A node that says "rate limited" is asked again when it says so. */
export async function ask(
  connection: Connection,
  chainId: bigint,
  asked: Asked,
  withinMs: number
): Promise<Answer> {
  for (let retries = 0; ; retries++) {
    const answer = await askOnce(connection, chainId, asked, withinMs)
    const [first] = answer.frames
    if (first?.result !== RATE_LIMITED || first.payload.length !== 4) return answer
    if (retries === RATE_RETRIES_MAX) return answer
    const view = new DataView(first.payload.buffer, first.payload.byteOffset, 4)
    await delay(Math.min(view.getUint32(0, true), RATE_WAIT_MAX_MS))
  }
}

async function askOnce(
  connection: Connection,
  chainId: bigint,
  { protocol, what, bytes, closes = true, partsCount = 1 }: Asked,
  withinMs: number
): Promise<Answer> {
  const id = requestProtocol(protocol, chainId)
  const stream = await openStream(connection, id)
  if (stream === undefined) throw new NotRun(`the node does not know ${id}`)
  const reader = new StreamReader(stream)
  const failure = await send(stream, { bytes, closes, partsCount }, withinMs)
  const { bytes: received, end } = await reader.all(withinMs)
  stream.abort(new Error('read'))
  // A node may cut us off while we send, and then the stream has ended; nothing else may go wrong.
  if (failure !== undefined && end === 'open') throw failure
  return { protocol, what, ...splitFrames(received), end }
}

/** Resolves with what kept the request from going out whole. */
async function send(
  stream: Stream,
  { bytes, closes, partsCount }: Required<Pick<Asked, 'bytes' | 'closes' | 'partsCount'>>,
  withinMs: number
): Promise<Error | undefined> {
  try {
    const partBytes = Math.max(Math.ceil(bytes.length / partsCount), 1)
    for (let at = 0; at < bytes.length; at += partBytes) {
      stream.send(bytes.subarray(at, at + partBytes))
      if (partsCount > 1) await delay(PART_PAUSE_MS)
    }
    if (closes) await withPatience(withinMs, (signal) => stream.close({ signal }))
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error('the request did not go out')
  }
}

/** True for result 2 and nothing more. */
export function isRefused({ frames, rest }: Answer): boolean {
  return frames.length === 1 && rest.length === 0 && frames[0]?.result === 2
}

/** True for a stream that brought no chunk and was ended by the node. */
export function isCut({ frames, rest, end }: Answer): boolean {
  return frames.length === 0 && rest.length === 0 && end !== 'open'
}

/** What is wrong with these answers, each in one line. */
export function linesOf(answers: readonly Answer[]): string {
  return answers.map((answer) => `${answer.what}: ${describeAnswer(answer)}`).join('; ')
}
