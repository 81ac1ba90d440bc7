// Sound requests of every kind, asked once: most rules of answers are looked for in all that comes back.
import { BLOCKS_BY_RANGE } from '../../protocols/blocks-by-range/codec.ts'
import {
  type BlockMessage,
  decodeBlockMessage,
  isTopicVersion
} from '../../protocols/block-message/codec.ts'
import { SIGNED_TIP } from '../../protocols/signed-tip/codec.ts'
import { keccak256, signerOf } from './block-maker.ts'
import { type Answer, contentOf } from './frames.ts'
import { isNone, readRawStatus, type RawStatus, suiteStatus } from './raw-status.ts'
import { type SubjectOptions, withPeer } from './subject.ts'

/** A block message that the node served. */
export interface ServedMessage {
  readonly what: string
  readonly version: number
  readonly bytes: Uint8Array
  /** Undefined where it does not decode. */
  readonly block: BlockMessage | undefined
  readonly signer: string | undefined
}

/** The container of a signed tip, taken apart without judging it. */
export interface RawTip {
  readonly relation: number
  readonly version: number
  readonly offset: number
  readonly message: Uint8Array
}

/** All answers, by what was asked. */
export interface Survey {
  readonly status: Answer
  /** The head that the questions about tips are built on. */
  readonly head: { readonly number: bigint; readonly hash: Uint8Array }
  readonly tips: ReadonlyMap<TipQuestion, Answer>
  readonly ranges: ReadonlyMap<RangeQuestion, Answer>
  /** Every block message that came, of either protocol. */
  readonly messages: readonly ServedMessage[]
}

/** Questions about the tip. */
export type TipQuestion =
  'genesis' | 'another genesis' | 'head' | 'first block' | 'another first' | 'far above'

/** Questions about ranges. */
export type RangeQuestion = 'first' | 'all' | 'three' | 'no bytes' | 'past the head' | 'far above'

/** Heights that no chain here reaches. */
export const FAR_ABOVE = 1_000_000_000_000n

/** The bytes of a request of each protocol. */
export const requests = {
  tip: (number: bigint, hash: Uint8Array) => SIGNED_TIP.request.encode({ number, hash }),
  range: (start: bigint, count: bigint, maxBytes = 2 ** 23) =>
    BLOCKS_BY_RANGE.request.encode({ start, count, maxBytes })
} as const

/** A hash that no block has. */
export const NO_BLOCK: Uint8Array = keccak256(Uint8Array.of(0x6e))

/** Asks everything, over one connection. */
export async function takeSurvey(
  options: SubjectOptions,
  genesisHash: Uint8Array,
  first: RawStatus
): Promise<Survey> {
  const { chainId } = options
  return withPeer(options, async ({ ask }) => {
    const bytes = suiteStatus(chainId, genesisHash, { forkDigest: first.forkDigest })
    const status = await ask({ protocol: 'status', what: 'a status', bytes })
    const head = { number: first.unsafeNumber, hash: first.unsafeHash }
    const lowest = isNone(first.oldestBlock) ? 1n : first.oldestBlock
    const ranges = new Map<RangeQuestion, Answer>()
    for (const [what, range] of Object.entries({
      first: requests.range(lowest, 1n),
      three: requests.range(lowest, 3n),
      all: requests.range(lowest, 1024n),
      'no bytes': requests.range(lowest, 3n, 0),
      'past the head': requests.range(head.number > 0n ? head.number : 1n, 1024n),
      'far above': requests.range(FAR_ABOVE, 1n)
    })) {
      const asked = { protocol: 'blocks_by_range', what: `range, ${what}`, bytes: range } as const
      ranges.set(what as RangeQuestion, await ask(asked))
    }
    const firstBlock = messagesOf(chainId, ranges.get('first'))[0]?.block
    const firstHash = firstBlock?.payload.blockHash ?? NO_BLOCK
    const tips = new Map<TipQuestion, Answer>()
    for (const [what, tip] of Object.entries({
      genesis: requests.tip(0n, genesisHash),
      'another genesis': requests.tip(0n, NO_BLOCK),
      head: requests.tip(head.number, head.hash),
      'first block': requests.tip(lowest, firstHash),
      'another first': requests.tip(lowest, NO_BLOCK),
      'far above': requests.tip(FAR_ABOVE, NO_BLOCK)
    })) {
      const asked = { protocol: 'signed_tip', what: `tip, ${what}`, bytes: tip } as const
      tips.set(what as TipQuestion, await ask(asked))
    }
    const messages = [...ranges.values(), ...tips.values()].flatMap((answer) =>
      messagesOf(chainId, answer)
    )
    return { status, head, tips, ranges, messages }
  })
}

/** All answers of the survey. */
export function answersOf({ status, tips, ranges }: Survey): readonly Answer[] {
  return [status, ...tips.values(), ...ranges.values()]
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

/** The block messages of one answer. */
export function messagesOf(chainId: bigint, answer: Answer | undefined): readonly ServedMessage[] {
  if (answer === undefined) return []
  if (answer.protocol === 'signed_tip') {
    const tip = tipOf(answer)
    if (tip === undefined || tip.message.length === 0) return []
    return [toServed(chainId, answer.what, tip.version, tip.message)]
  }
  return answer.frames.flatMap((frame) => {
    const content = frame.result === 0 ? contentOf(frame) : undefined
    return content === undefined ? [] : [toServed(chainId, answer.what, frame.version, content)]
  })
}

function toServed(
  chainId: bigint,
  what: string,
  version: number,
  bytes: Uint8Array
): ServedMessage {
  return { what, version, bytes, block: decode(version, bytes), signer: signerOf(chainId, bytes) }
}

function decode(version: number, bytes: Uint8Array): BlockMessage | undefined {
  try {
    return isTopicVersion(version) ? decodeBlockMessage(version, bytes) : undefined
  } catch {
    return undefined
  }
}

/** The node's status in the survey. */
export function surveyedStatus({ status }: Survey): RawStatus | undefined {
  const frame = status.frames.find(({ result }) => result === 0)
  const content = frame && contentOf(frame)
  return content && readRawStatus(content)
}
