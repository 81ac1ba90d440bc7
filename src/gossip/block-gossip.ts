// Blocks in and out of the mesh: judged once, accepted in order, published while they are young.
import { compressMessage } from '../../protocols/gossip/codec.ts'
import { PUBLISH_MAX_AGE_SECONDS } from '../../protocols/gossip/parameters.ts'
import { blocksTopic, parseBlocksTopic } from '../../protocols/gossip/topic.ts'
import { type Clock } from '../base/clock.ts'
import { type Log } from '../base/log.ts'
import { errorMessage } from '../base/node-error.ts'
import { SerialExecutor } from '../base/serial.ts'
import { type SignedBlock } from '../chain/block.ts'
import { type BlockValidator } from './block-validation.ts'

/** The mesh; `net/` satisfies it. */
export interface BlockMesh {
  /**
   * Hands the message to every peer that is subscribed; resolves with their number. Configured peers that cannot
   * be reached now get it when they can be, while it is young.
   */
  publish(topic: string, compressed: Uint8Array, youngForMs: number): Promise<number>
}

/** What the mesh does with a message it was given. */
export type Verdict = 'accept' | 'reject' | 'ignore'

/** One message as the mesh received it. */
export interface ReceivedMessage {
  readonly topic: string
  readonly compressed: Uint8Array
  /** Who passed it on. */
  readonly from: string
}

/** What the gossip stands on. */
export interface BlockGossipDeps {
  readonly clock: Clock
  readonly log: Log
  readonly validator: BlockValidator
  readonly mesh: BlockMesh
  /** Writes the block with fsync; called in the order of arrival, one at a time. */
  readonly accept: (block: SignedBlock, from: string) => Promise<void>
  /** A message was rejected: whoever passed it on is to blame. */
  readonly onRejected: (from: string, reason: string) => void
}

/** The block gossip of one node. */
export interface BlockGossip {
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
  { clock, log, validator, mesh, accept, onRejected }: BlockGossipDeps,
  { chainId }: { readonly chainId: bigint }
): BlockGossip {
  const accepting = new SerialExecutor('accepted blocks', ACCEPTING_MAX)

  function write(block: SignedBlock, from: string): void {
    accepting
      .run(() => accept(block, from))
      .catch((thrown: unknown) => {
        log.error('accept-failed', { number: block.number, reason: errorMessage(thrown) })
      })
  }

  return {
    receive({ topic, compressed, from }) {
      const parsed = parseBlocksTopic(topic)
      if (parsed?.chainId !== chainId) return 'ignore'
      if (accepting.jobsCount >= ACCEPTING_MAX) {
        log.warn('gossip-dropped', { from, waiting: accepting.jobsCount })
        return 'ignore'
      }
      const validation = validator.validate(parsed.version, compressed)
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
      return mesh.publish(topic, compressMessage(block.message), youngForMs)
    },
    drain: () => accepting.idle()
  }
}
