// Block messages out of answers, taken apart without judging them.
import { type BlockMessage, decodeBlockMessage, isTopicVersion } from '../block-message/codec.ts'
import { signerOf, toHex } from './block-maker.ts'
import { type Answer, contentOf } from './frames.ts'
import { messagesIn } from './protocol-facts.ts'

/** A block message that the node served. */
export interface ServedMessage {
  readonly what: string
  readonly version: number
  readonly bytes: Uint8Array
  /** Undefined where it does not decode. */
  readonly block: BlockMessage | undefined
}

/** The container of a signed tip, taken apart without judging it. */
export interface RawTip {
  readonly relation: number
  readonly version: number
  readonly offset: number
  readonly message: Uint8Array
}

/** The tip in an answer; undefined where the node gave none, or less than its fixed part. */
export function tipOf(answer: Answer | undefined): RawTip | undefined {
  const frame = answer?.frames.find(({ result }) => result === 0)
  const content = frame && contentOf(frame)
  if (content === undefined || content.length < 6) return undefined
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const offset = view.getUint32(2, true)
  const message = content.subarray(6)
  return { relation: view.getUint8(0), version: view.getUint8(1), offset, message }
}

/** Who signed each message (BM-10); a message that came more than once is looked at once. */
export function signersOf(
  chainId: bigint,
  messages: readonly ServedMessage[]
): readonly { readonly what: string; readonly signer: string | undefined }[] {
  const distinct = new Map(messages.map((message) => [toHex(message.bytes), message]))
  return [...distinct.values()].map(({ what, bytes }) => {
    return { what, signer: signerOf(chainId, bytes) }
  })
}

/** The block messages of one answer. */
export function messagesOf(answer: Answer | undefined): readonly ServedMessage[] {
  if (answer === undefined) return []
  switch (messagesIn(answer.protocol)) {
    case 'in the tip': {
      const tip = tipOf(answer)
      if (tip === undefined || tip.message.length === 0) return []
      return [toServed(answer.what, tip.version, tip.message)]
    }
    case 'each chunk':
      return answer.frames.flatMap((frame) => {
        const content = frame.result === 0 ? contentOf(frame) : undefined
        return content === undefined ? [] : [toServed(answer.what, frame.version, content)]
      })
    case undefined:
      return []
  }
}

function toServed(what: string, version: number, bytes: Uint8Array): ServedMessage {
  return { what, version, bytes, block: decode(version, bytes) }
}

function decode(version: number, bytes: Uint8Array): BlockMessage | undefined {
  try {
    return isTopicVersion(version) ? decodeBlockMessage(version, bytes) : undefined
  } catch {
    return undefined
  }
}
