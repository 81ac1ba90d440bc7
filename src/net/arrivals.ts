// What each peer's connections have received and gossip has not been handed yet: counted stage by stage, from the socket on.
import { orAborted } from '../base/until-aborted.ts'
import { FrameProgress } from './gossip-intake.ts'

/** Where bytes wait, in the order in which they go through; src/net/README.md, "From the socket to the validator". */
const STAGES = ['socket', 'decryption', 'frames', 'gossip-streams'] as const
/** One of these places. */
export type StageName = (typeof STAGES)[number]

/**
 * libp2p gives up a connection or a stream that is not ready within 5 s, and tells nobody. What it has not taken so long
 * after the end of the socket is dropped, so that no connection is remembered for good.
 */
const GIVE_UP_MS = 15_000

const AT_LEAST_ONE = () => 1

/** One gossip stream: RPCs that came whole, and those whose messages gossipsub has handed to their handler. */
export class GossipArrivals {
  readonly #progress: FrameProgress
  readonly #onChanged: (stream: GossipArrivals) => void
  #cameCount = 0
  #handedCount = 0
  #isTaken = false
  #isClosed = false
  #hasEnded = false

  constructor(frameMaxBytes: number, onChanged: (stream: GossipArrivals) => void) {
    this.#progress = new FrameProgress(frameMaxBytes)
    this.#onChanged = onChanged
  }

  /** RPCs that came and were not handed on. */
  get waitingCount(): number {
    return this.#hasEnded ? 0 : this.#cameCount - this.#handedCount
  }

  /** No RPC will be handed on any more. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Bytes of the stream, before its own buffer. Throws RangeError for what gossipsub would not read either. */
  push(bytes: Uint8Array): void {
    this.#cameCount += this.#progress.push(bytes).ended
  }

  /** What gossipsub reads: an RPC is handed on when the next one is asked for. Nothing once the stream was given up. */
  async *count<Rpc>(rpcs: AsyncIterable<Rpc>): AsyncGenerator<Rpc> {
    if (this.#hasEnded) return
    this.#isTaken = true
    try {
      for await (const rpc of rpcs) {
        yield rpc
        this.#handedCount += 1
        this.#look()
      }
    } finally {
      this.#hasEnded = true
      this.#look()
    }
  }

  /**
   * Nothing comes any more. Where we aborted the stream before gossipsub took it, its buffer is gone; else what is in
   * there is still read, and a reader that came late hears of no end.
   */
  close(isAborted: boolean): void {
    this.#isClosed = true
    if (isAborted) this.giveUp()
    this.#look()
  }

  /** Nobody has taken the stream, and nobody shall. */
  giveUp(): void {
    if (this.#isTaken) return
    this.#hasEnded = true
    this.#look()
  }

  #look(): void {
    if (this.#isClosed && this.waitingCount === 0) this.#hasEnded = true
    if (this.waitingCount === 0) this.#onChanged(this)
  }
}

/** One connection whose peer is known. */
export class Arrivals {
  readonly peer: string
  /** Connections of a host in the order in which their peers became known. */
  readonly place: number
  /** Resolves once the connection has ended and all that it brought was handed to gossip. */
  readonly drained: Promise<void>
  readonly #waiting = new Map<StageName, () => number>()
  readonly #streams = new Set<GossipArrivals>()
  readonly #settle: () => void
  #isDrained = false
  #hasMuxer = false
  readonly #giveUpMs: number
  #onRetired: () => void = () => undefined

  constructor(peer: string, place: number, onDrained: () => void, { giveUpMs = GIVE_UP_MS } = {}) {
    this.peer = peer
    this.place = place
    this.#giveUpMs = giveUpMs
    this.#waiting.set('socket', AT_LEAST_ONE)
    this.#waiting.set('frames', AT_LEAST_ONE)
    this.#waiting.set('gossip-streams', () => this.#countRpcs())
    let resolve: () => void = () => undefined
    this.drained = new Promise((settle) => {
      resolve = settle
    })
    this.#settle = () => {
      this.#isDrained = true
      resolve()
      onDrained()
    }
  }

  /** The first stage that holds something or may still be given something; undefined once nothing is left. */
  get heldIn(): StageName | undefined {
    if (this.#isDrained) return undefined
    return STAGES.find((stage) => (this.#waiting.get(stage)?.() ?? 0) > 0)
  }

  /** The socket's guard stands: what it holds, and how it is told to read on to the end. */
  openDecryption(waiting: () => number, retire: () => void): void {
    this.#waiting.set('decryption', waiting)
    this.#onRetired = retire
  }

  /** The muxer stands: what waits for it, at least 1 until it has ended. Throws where it comes too late. */
  openFrames(waiting: () => number): void {
    if (this.#isDrained) throw new Error('the connection was given up')
    this.#hasMuxer = true
    this.#waiting.set('frames', waiting)
  }

  /** Nothing comes into the stage any more, and it holds nothing. */
  end(stage: StageName): void {
    if (!this.#waiting.delete(stage)) return
    if (stage === 'socket') this.#giveUpLater()
    this.#look()
  }

  /** A gossip stream of the peer was opened on the connection. */
  openGossip(frameMaxBytes: number): GossipArrivals {
    const stream = new GossipArrivals(frameMaxBytes, ({ hasEnded }) => {
      if (hasEnded) this.#streams.delete(stream)
      this.#look()
    })
    this.#streams.add(stream)
    return stream
  }

  /** The peer has a newer connection: nothing is sent on this one, and what comes is read to its end. */
  retire(): void {
    this.#onRetired()
  }

  #look(): void {
    if (!this.#isDrained && this.heldIn === undefined) this.#settle()
  }

  #countRpcs(): number {
    return [...this.#streams].reduce((sum, { waitingCount }) => sum + waitingCount, 0)
  }

  /** What waits in a gate is worked on by turns, and not given up; what libp2p was to take, and has not taken, is. */
  #giveUpLater(): void {
    const timer = setTimeout(() => {
      if (this.#isDrained) return
      if (!this.#hasMuxer) this.#waiting.delete('frames')
      if (!this.#waiting.has('frames')) for (const stream of this.#streams) stream.giveUp()
      this.#look()
      if (!this.#isDrained) this.#giveUpLater()
    }, this.#giveUpMs)
    timer.unref()
  }
}

/** A stream, as far as it is watched here. */
interface GossipStream {
  readonly status: string
  addEventListener(type: 'close', listener: () => void): void
}

/** The connections of one host; one that has ended stays until what it brought was handed on. */
export class HostArrivals {
  readonly #ofPeers = new Map<string, Set<Arrivals>>()
  readonly #ofStreams = new WeakMap<object, Arrivals>()
  readonly #gossipOf = new WeakMap<object, GossipArrivals>()
  #openedCount = 0

  /** A connection's peer is known. */
  open(peer: string): Arrivals {
    this.#openedCount += 1
    const all = this.#ofPeers.get(peer) ?? new Set()
    this.#ofPeers.set(peer, all)
    const arrivals = new Arrivals(peer, this.#openedCount, () => {
      all.delete(arrivals)
      if (all.size === 0 && this.#ofPeers.get(peer) === all) this.#ofPeers.delete(peer)
    })
    all.add(arrivals)
    return arrivals
  }

  /** A stream was opened on the connection. */
  noteStream(stream: object, arrivals: Arrivals): void {
    this.#ofStreams.set(stream, arrivals)
  }

  /** The stream turned out to be one of gossip, with frames up to so long: counts what comes on it. */
  openGossip(
    stream: GossipStream,
    arrivals: Arrivals | undefined,
    frameMaxBytes: number
  ): (bytes: Uint8Array) => void {
    if (arrivals === undefined) return () => undefined
    const gossip = arrivals.openGossip(frameMaxBytes)
    this.#gossipOf.set(stream, gossip)
    stream.addEventListener('close', () => {
      gossip.close(stream.status === 'aborted')
    })
    return (bytes) => {
      gossip.push(bytes)
    }
  }

  gossipOf(stream: object): GossipArrivals | undefined {
    return this.#gossipOf.get(stream)
  }

  /** True where the stream came with a connection that is older than the one of the other stream. */
  isOlder(stream: object, than: object): boolean {
    const place = (one: object) => this.#ofStreams.get(one)?.place ?? 0
    return place(stream) < place(than)
  }

  /** Connections of the same peer that are older than the one of this stream and are not drained yet. */
  olderThan(stream: object): readonly Arrivals[] {
    const current = this.#ofStreams.get(stream)
    if (current === undefined) throw new Error('a stream of no connection of this host')
    const all = this.#ofPeers.get(current.peer) ?? new Set()
    return [...all].filter(({ place }) => place < current.place)
  }
}

/** Resolves once all are drained; rejects with the reason of `signal` when that aborts before. */
export async function untilDrained(all: readonly Arrivals[], signal: AbortSignal): Promise<void> {
  await orAborted(signal, Promise.all(all.map(({ drained }) => drained)))
}
