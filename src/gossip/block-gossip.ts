// Blocks in and out of the mesh: judged once, accepted in order, published while they are young.
import { compressMessage, type Unpacked } from '../../protocols/gossip/codec.ts'
import { PUBLISH_MAX_AGE_SECONDS } from '../../protocols/gossip/parameters.ts'
import { blocksTopic, parseBlocksTopic } from '../../protocols/gossip/topic.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { SerialExecutor } from '../base/serial.ts'
import { type SignedBlock } from '../chain/blocks/block.ts'
import { type BlockValidator } from './block-validation.ts'
import { type RejectReason } from './refusal-reason.ts'
import { createMessageIntake, type IncomingMessage, type MessageIntake } from './message-intake.ts'

/** The mesh; `net/` satisfies it. */
export interface BlockMesh {
  /**
   * Hands the message to every peer that is subscribed; resolves with their number. Configured peers that cannot
   * be reached now get it when they can be, while it is young.
   */
  publish(topic: string, compressed: Uint8Array, youngForMs: number): Promise<number>
  /** Settles once every message that has come in so far was given to `receive`, or refused before. */
  judged(): Promise<void>
}

/** What the mesh does with a message it was given. */
export type Verdict = 'accept' | 'reject' | 'ignore'

/** One message as the mesh received it, unpacked. */
export interface ReceivedMessage extends IncomingMessage {
  readonly unpacked: Unpacked
  /** The keccak-256 of the message's signed part, where the mesh computed it already. */
  readonly signedPartHash?: Uint8Array
}

/** Dependencies of the gossip. */
export interface BlockGossipDeps {
  readonly clock: Clock
  readonly log: Log
  readonly validator: BlockValidator
  readonly mesh: BlockMesh
  /** Writes the block with fsync; called in the order of arrival, one at a time. */
  readonly accept: (block: SignedBlock, from: string) => Promise<void>
  /** A message was rejected: the peer that passed it on is to blame. */
  readonly onRejected: (from: string, reason: RejectReason) => void
  /** Peers whose messages are not rationed. */
  readonly isTrusted: (peer: string) => boolean
}

/** The block gossip of one node. */
export interface BlockGossip {
  /** Asked before a message is unpacked. */
  readonly intake: MessageIntake
  /** Judges a message. What it accepts is then written; more than fits in the queue is ignored. */
  receive(message: ReceivedMessage): Verdict
  /** Sends a block of our own to the mesh, unless it is too old for that (GO-19). Resolves with the receivers. */
  publish(block: SignedBlock): Promise<number>
  /** Settles once everything received so far is judged and written. */
  drain(): Promise<void>
}

/** Blocks that may wait to be written; a slow disk makes gossip lose blocks, never memory. */
const ACCEPTING_MAX = 64

/** Joins mesh, rules and accepted store. */
export function createBlockGossip(
  { clock, log, validator, mesh, accept, onRejected, isTrusted }: BlockGossipDeps,
  { chainId }: { readonly chainId: bigint }
): BlockGossip {
  const accepting = new SerialExecutor('accepted blocks', ACCEPTING_MAX)
  const intake = createMessageIntake({ clock, isTrusted, onRepeated: onRejected })

  function write(block: SignedBlock, from: string): void {
    accepting
      .run(() => accept(block, from))
      .catch((thrown: unknown) => {
        log.error('accept-failed', { number: block.number, reason: errorMessage(thrown) })
      })
  }

  return {
    intake,
    receive(message) {
      const { topic, unpacked, signedPartHash, from } = message
      const parsed = parseBlocksTopic(topic)
      if (parsed?.chainId !== chainId) return 'ignore'
      if (accepting.jobsCount >= ACCEPTING_MAX) {
        log.warn('gossip-dropped', { from, waiting: accepting.jobsCount })
        intake.forget(message)
        return 'ignore'
      }
      const validation = validator.validate(parsed.version, unpacked, signedPartHash)
      intake.settle(message, validation)
      if (validation.verdict === 'accept') {
        write(validation.block, from)
      } else {
        log.debug('gossip-refused', { from, ...validation })
        if (validation.verdict === 'reject') onRejected(from, validation.reason)
      }
      return validation.verdict
    },
    async publish(block) {
      const ageSeconds = Math.floor(clock.nowMs() / 1_000) - Number(block.header.timestamp)
      if (ageSeconds > PUBLISH_MAX_AGE_SECONDS) return 0
      const youngForMs = 1_000 * (PUBLISH_MAX_AGE_SECONDS - ageSeconds)
      const topic = blocksTopic(chainId, block.version)
      const compressed = compressMessage(block.message)
      intake.noteOwn({ topic, compressed })
      return mesh.publish(topic, compressed, youngForMs)
    },
    async drain() {
      await mesh.judged()
      await accepting.idle()
    }
  }
}
