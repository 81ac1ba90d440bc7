// Gossip of strangers that has begun and not ended: each frame has its time, and all of them one budget of bytes.
import { type BucketRate, TokenBucket } from '../base/token-bucket.ts'
import { type Intake } from './muxed-stream.ts'

/** Bounds of what the gossip streams of strangers keep us holding. */
export interface GossipIntakeLimits {
  /** Bytes of unfinished frames, over all strangers. */
  readonly heldMaxBytes: number
  /** The longest frame, as gossipsub is told. */
  readonly frameMaxBytes: number
  /** How long a frame of more than FREE_BYTES may take to come. */
  readonly frameMaxMs: number
}

/** Frames of one stream at once and in a second, beyond those that bytes pay for: a block is one, however small. */
const FRAMES: BucketRate = { burstTokens: 256, tokensPerSecond: 64 }
const BYTES_PER_FRAME = 256
/** An unfinished frame up to this size is never aborted: those of 100 connections take 12 MiB. */
const FREE_BYTES = 2 ** 17
const CONTINUES = 0x80
/** A length prefix as it-length-prefixed takes it. */
const LENGTH_MAX_BYTES = 8

/** One stream, as the budget needs it. */
export interface FollowedStream {
  /** Calls back when the stream has closed. */
  readonly onClosed: (release: () => void) => void
  readonly abort: (reason: Error) => void
}

interface Followed {
  readonly stream: FollowedStream
  heldBytes: number
  begunMs: number
}

/** One budget for all streams of a host. When it is used up, the frame that began first is aborted. */
export class GossipIntake {
  readonly #limits: GossipIntakeLimits
  readonly #nowMs: () => number
  readonly #followed = new Set<Followed>()

  constructor(limits: GossipIntakeLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  get heldBytes(): number {
    return [...this.#followed].reduce((sum, { heldBytes }) => sum + heldBytes, 0)
  }

  /** Looks at what comes on one stream. */
  follow(stream: FollowedStream): Intake {
    const { frameMaxBytes, frameMaxMs, heldMaxBytes } = this.#limits
    const progress = new FrameProgress(frameMaxBytes)
    const followed: Followed = { stream, heldBytes: 0, begunMs: 0 }
    const frames = new TokenBucket(FRAMES, this.#nowMs())
    this.#followed.add(followed)
    stream.onClosed(() => {
      this.#followed.delete(followed)
    })
    return (bytes) => {
      const nowMs = this.#nowMs()
      const { begun, heldBytes } = progress.push(bytes)
      frames.take(begun - bytes.length / BYTES_PER_FRAME)
      if (frames.tokens(nowMs) < 0)
        throw new RangeError('more gossip frames than any traffic needs')
      if (begun > 0) followed.begunMs = nowMs
      followed.heldBytes = heldBytes
      if (heldBytes <= FREE_BYTES) return
      if (nowMs - followed.begunMs > frameMaxMs) {
        throw new RangeError('a gossip frame that does not end')
      }
      while (this.heldBytes > heldMaxBytes) this.#abortOldest()
    }
  }

  #abortOldest(): void {
    const oldest = [...this.#followed]
      .filter(({ heldBytes }) => heldBytes > FREE_BYTES)
      .reduce((one, other) => (other.begunMs < one.begunMs ? other : one))
    this.#followed.delete(oldest)
    oldest.stream.abort(new Error('too many unfinished gossip frames'))
  }
}

/** How far one stream of frames has come: nothing is kept but lengths, unlike FrameReader. */
export class FrameProgress {
  readonly #frameMaxBytes: number
  #dataLeft = 0
  #heldBytes = 0
  #length = 0
  #lengthBytes = 0

  constructor(frameMaxBytes: number) {
    this.#frameMaxBytes = frameMaxBytes
  }

  /** What is held of an unfinished frame, and how many began and ended among these bytes. Throws RangeError. */
  push(bytes: Uint8Array): {
    readonly begun: number
    readonly ended: number
    readonly heldBytes: number
  } {
    let begun = 0
    let ended = 0
    for (let at = 0; at < bytes.length;) {
      if (this.#dataLeft === 0) {
        if (this.#lengthBytes === 0) begun += 1
        if (this.#takeLength(bytes[at]!) === 0) ended += 1
        at += 1
        continue
      }
      const length = Math.min(this.#dataLeft, bytes.length - at)
      at += length
      this.#dataLeft -= length
      this.#heldBytes = this.#dataLeft === 0 ? 0 : this.#heldBytes + length
      if (this.#dataLeft === 0) ended += 1
    }
    return { begun, ended, heldBytes: this.#heldBytes + this.#lengthBytes }
  }

  /** The length of the frame's data once its last byte is there. */
  #takeLength(byte: number): number | undefined {
    this.#length += (byte % CONTINUES) * CONTINUES ** this.#lengthBytes
    this.#lengthBytes += 1
    if (this.#lengthBytes > LENGTH_MAX_BYTES || this.#length > this.#frameMaxBytes) {
      throw new RangeError('a gossip frame that is too long')
    }
    if (byte >= CONTINUES) return undefined
    this.#dataLeft = this.#length
    this.#length = 0
    this.#lengthBytes = 0
    return this.#dataLeft
  }
}
