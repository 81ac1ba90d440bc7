// Negotiation of a protocol in bounded steps (multiformats/multistream-select).
import { type MessageStream, type StreamMessageEvent } from '@libp2p/interface'
import { encodeVarint } from './varint.ts'
import { FrameReader } from './length-prefixed.ts'

const HEADER = '/multistream/1.0.0'
const NOT_AVAILABLE = 'na'
/** As go-multistream: the longest message, whose length takes two bytes. */
const MESSAGE_LIMITS = { lengthMaxBytes: 2, frameMaxBytes: 1_024 }
/** Proposals of one negotiation, the header among them. */
const MESSAGES_MAX = 16
const LINE_FEED = 10

/** What a negotiation has come to. */
export interface Agreement {
  readonly protocol: string
  /** Bytes that followed in the same flight. */
  readonly rest: Uint8Array
}

/** Reads lines up to the one that settles the negotiation. */
export class NegotiationReader {
  readonly #frames = new FrameReader(MESSAGE_LIMITS)
  #count = 0

  /**
   * Asks `isLast` about each line that `bytes` complete, and returns the first it agrees to. Throws RangeError for
   * anything that is no negotiation, or a long one.
   */
  push(bytes: Uint8Array, isLast: (line: string) => boolean): Agreement | undefined {
    this.#frames.push(bytes)
    for (;;) {
      const frame = this.#frames.next()
      if (frame === undefined) return undefined
      this.#count += 1
      if (this.#count > MESSAGES_MAX) throw new RangeError('a negotiation without an end')
      if (frame.at(-1) !== LINE_FEED) throw new RangeError('a line of a negotiation has no end')
      const protocol = Buffer.from(frame.subarray(0, -1)).toString()
      if (isLast(protocol)) return { protocol, rest: this.#frames.rest }
    }
  }
}

/** The answering side: pure, what it says is collected and sent as one. */
export class Responder {
  readonly #reader = new NegotiationReader()

  /** `reply` is empty when there is nothing to say. Throws RangeError. */
  push(
    bytes: Uint8Array,
    protocols: readonly string[]
  ): { readonly reply: Uint8Array; readonly agreement: Agreement | undefined } {
    const replies: Uint8Array[] = []
    const agreement = this.#reader.push(bytes, (proposal) => {
      const isSpoken = proposal === HEADER || protocols.includes(proposal)
      replies.push(encodeLines(isSpoken ? proposal : NOT_AVAILABLE))
      return isSpoken && proposal !== HEADER
    })
    return { reply: Buffer.concat(replies), agreement }
  }
}

/**
 * What the asking side may be told, where the library asks: the header once, then one answer to each proposal. The
 * library goes on reading after an answer that it did not want, so no other may stand behind it.
 */
export class AnswerReader {
  readonly #reader = new NegotiationReader()
  #isGreeted = false
  #proposal: string | undefined

  /** What the library sends: whole lines, the last of them its proposal. */
  propose(bytes: Uint8Array): void {
    new NegotiationReader().push(bytes, (line) => {
      this.#proposal = line
      return false
    })
  }

  /** The agreement, once the proposal was taken. Throws RangeError for anything out of turn. */
  push(bytes: Uint8Array): Agreement | undefined {
    return this.#reader.push(bytes, (line) => {
      if (!this.#isGreeted) {
        if (line !== HEADER) throw new RangeError('a negotiation begins with its header')
        this.#isGreeted = true
        return false
      }
      if (this.#proposal === undefined) throw new RangeError('an answer that nobody asked for')
      const isTaken = line === this.#proposal
      this.#proposal = undefined
      return isTaken
    })
  }
}

/** Settles one protocol on a connection that nobody reads from. Rejects with what is wrong, or when aborted. */
export async function settleProtocol(
  connection: MessageStream,
  protocol: string,
  {
    isInitiator,
    signal
  }: { readonly isInitiator: boolean; readonly signal: AbortSignal | undefined }
): Promise<void> {
  signal?.throwIfAborted()
  const responder = new Responder()
  const reader = new NegotiationReader()
  const take = (bytes: Uint8Array): Agreement | undefined => {
    if (isInitiator) {
      return reader.push(bytes, (line) => {
        if (line === HEADER || line === protocol) return line === protocol
        throw new RangeError('the peer does not speak the protocol')
      })
    }
    const { reply, agreement } = responder.push(bytes, [protocol])
    if (reply.length > 0) connection.send(reply)
    return agreement
  }
  const settled = Promise.withResolvers<undefined>()
  const fail = (reason: unknown) => {
    settled.reject(reason instanceof Error ? reason : new Error('aborted'))
  }
  const onMessage = ({ data }: StreamMessageEvent) => {
    try {
      const agreement = take(data.subarray())
      if (agreement === undefined) return
      connection.removeEventListener('message', onMessage)
      // Put back while the event is under way: a stream that has nothing left and no more to come, closes.
      connection.unshift(agreement.rest)
      settled.resolve(undefined)
    } catch (thrown) {
      connection.removeEventListener('message', onMessage)
      fail(thrown)
    }
  }
  const onClose = () => {
    fail(new Error('the connection closed during the negotiation'))
  }
  const onAbort = () => {
    fail(signal?.reason)
  }
  connection.addEventListener('message', onMessage)
  connection.addEventListener('close', onClose)
  signal?.addEventListener('abort', onAbort)
  try {
    if (isInitiator) connection.send(encodeLines(HEADER, protocol))
    await settled.promise
  } finally {
    connection.removeEventListener('message', onMessage)
    connection.removeEventListener('close', onClose)
    signal?.removeEventListener('abort', onAbort)
  }
}

function encodeLines(...lines: readonly string[]): Uint8Array {
  return Buffer.concat(
    lines.flatMap((line) => {
      const text = Buffer.from(`${line}\n`)
      return [encodeVarint(text.length), text]
    })
  )
}
