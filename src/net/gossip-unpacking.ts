// Gossiped bytes before gossipsub handles them: refused, or unpacked once; what takes long is done in slices.
import { createHash } from 'node:crypto'
import { SIGNATURE_BYTES } from '../../protocols/block-message/codec.ts'
import {
  claimedBytes,
  MESSAGE_ID_BYTES,
  messageIdParts,
  unpack,
  type Unpacked,
  unpackedMessageId,
  unpackInSlices
} from '../../protocols/gossip/codec.ts'
import { keccak256InSlices } from '../base/keccak.ts'
import { SerialExecutor } from '../base/serial.ts'
import { createYielder, type Yielder } from '../base/yielder.ts'
import { type ReceivedMessage } from '../gossip/block-gossip.ts'
import { type IncomingMessage, type MessageIntake } from '../gossip/message-intake.ts'
import { forgivePromises, type GossipSubInternals } from './gossip-internals.ts'

/** Bytes, compressed and not, that are unpacked and hashed at once in one turn of the event loop: some 4 ms of work. */
const AT_ONCE_MAX_BYTES = 2 ** 18
/** What a message takes beside its bytes, in bytes: gossipsub looks it up, and its signature is recovered. */
const MESSAGE_BYTES = 2 ** 14
/** Bytes that are hashed between two looks at the clock. */
const SLICE_BYTES = 2 ** 18
/** What may wait to be unpacked in slices, of trusted peers and of strangers each. */
const WAITING_MAX_MESSAGES = 256
const WAITING_MAX_BYTES = 64 * 2 ** 20

/** What is known of bytes while gossipsub has them in hand. */
interface InHand {
  readonly message: IncomingMessage
  readonly unpacked: Unpacked
  readonly messageId: Uint8Array
  /** Where it was unpacked in slices; it is hashed in slices too. */
  readonly yielder?: Yielder
}

/** By the bytes as gossipsub hands them around. */
const inHand = new WeakMap<Uint8Array, InHand>()

/** The message id for gossipsub; what is in hand is not unpacked or hashed for it again. */
export function gossipMessageId(topic: string, data: Uint8Array): Uint8Array {
  return inHand.get(data)?.messageId ?? unpackedMessageId(sha256, topic, unpack(data))
}

/** What the validator of a topic needs of bytes that gossipsub hands it; at once, unless hashing them takes long. */
export function receivedMessage(
  message: IncomingMessage
): ReceivedMessage | Promise<ReceivedMessage> {
  const known = inHand.get(message.compressed)
  const unpacked = known?.unpacked ?? unpack(message.compressed)
  const { content } = unpacked
  const isSigned = content !== undefined && content.length > SIGNATURE_BYTES
  if (known?.yielder === undefined || !isSigned) return { ...message, unpacked }
  const signedPart = content.subarray(SIGNATURE_BYTES)
  return keccak256InSlices(signedPart, known.yielder).then((signedPartHash) => ({
    ...message,
    unpacked,
    signedPartHash
  }))
}

/** Messages on their way. */
export interface GossipUnpacking {
  /** Settles once every message that has come in so far is judged. */
  judged(): Promise<void>
}

/** Takes each message before gossipsub does; `intake` says what becomes of it. */
export function createGossipUnpacking(
  internals: Pick<GossipSubInternals, 'gossipTracer' | 'handleReceivedMessage'>,
  intake: MessageIntake
): GossipUnpacking {
  const handle = internals.handleReceivedMessage.bind(internals)
  const lanes = { trusted: createLane('gossip of trusted peers'), strangers: createLane('gossip') }
  const ongoing = new Set<Promise<void>>()
  const turn = createTurnAllowance()

  async function unpackAndHandle(
    message: IncomingMessage,
    hand: () => Promise<void>
  ): Promise<void> {
    const { topic, compressed, from } = message
    const sizeBytes = compressed.length + claimedBytes(compressed)
    if (turn.takes(MESSAGE_BYTES + sizeBytes)) {
      const unpacked = unpack(compressed)
      const messageId = unpackedMessageId(sha256, topic, unpacked)
      inHand.set(compressed, { message, unpacked, messageId })
      return hand()
    }
    const lane = intake.isTrusted(from) ? lanes.trusted : lanes.strangers
    const job = async (yielder: Yielder) => {
      const unpacked = await unpackInSlices(compressed, () => yielder.maybeYield())
      const messageId = await messageIdInSlices(topic, unpacked, yielder)
      inHand.set(compressed, { message, unpacked, messageId, yielder })
      await hand()
    }
    if (!lane.hasRoom(sizeBytes)) intake.forget(message)
    else await lane.run(job, sizeBytes)
  }

  internals.handleReceivedMessage = async (from, raw) => {
    const message = { topic: raw.topic, compressed: raw.data, from: from.toString() }
    const admission = intake.admit(message)
    if (admission === 'refused') forgivePromises(internals, message.from)
    if (admission !== 'judge') return
    const done = unpackAndHandle(message, () => handle(from, raw)).finally(() => {
      inHand.delete(message.compressed)
      ongoing.delete(done)
    })
    ongoing.add(done)
    await done
  }

  return {
    async judged() {
      await Promise.allSettled([...ongoing])
    }
  }
}

/** One message after the other, so that no more than one is held unpacked. */
function createLane(what: string) {
  const jobs = new SerialExecutor(what, WAITING_MAX_MESSAGES)
  // One for all: many small messages are as long a piece of work as a large one.
  const yielder = createYielder()
  let waitingBytes = 0
  return {
    hasRoom: (sizeBytes: number) =>
      jobs.jobsCount < WAITING_MAX_MESSAGES && waitingBytes + sizeBytes <= WAITING_MAX_BYTES,
    async run(job: (yielder: Yielder) => Promise<void>, sizeBytes: number): Promise<void> {
      waitingBytes += sizeBytes
      try {
        await jobs.run(async () => {
          await yielder.maybeYield()
          await job(yielder)
        })
      } finally {
        waitingBytes -= sizeBytes
      }
    }
  }
}

/** What may be done at once before the event loop turns: one frame carries thousands of messages. */
function createTurnAllowance() {
  let leftBytes = AT_ONCE_MAX_BYTES
  return {
    takes(sizeBytes: number): boolean {
      if (sizeBytes > leftBytes) return false
      if (leftBytes === AT_ONCE_MAX_BYTES) {
        setImmediate(() => {
          leftBytes = AT_ONCE_MAX_BYTES
        })
      }
      leftBytes -= sizeBytes
      return true
    }
  }
}

async function messageIdInSlices(
  topic: string,
  unpacked: Unpacked,
  yielder: Yielder
): Promise<Uint8Array> {
  const hash = createHash('sha256')
  for (const part of messageIdParts(topic, unpacked)) {
    for (let at = 0; at < part.length; at += SLICE_BYTES) {
      hash.update(part.subarray(at, at + SLICE_BYTES))
      await yielder.maybeYield()
    }
  }
  return hash.digest().subarray(0, MESSAGE_ID_BYTES)
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
