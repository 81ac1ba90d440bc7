// Work shared out among peers: several pieces in flight, each moved to another peer when one fails or is slow.
import { type Clock } from '../../base/clock.ts'
import { LruMap } from '../../base/lru.ts'
import { choosePeer } from './choose-peer.ts'
import { judgeFailure } from './fetch-failure.ts'
import { type AttemptResult, type FetchJob, type FetchOutcome, type Slowness } from './fetch-job.ts'
import { createPeerRecord, noteDelivery, type PeerRecord } from './peer-record.ts'
import { COST_MAX, noteFailedAttempt } from './piece-cost.ts'

/** Dependencies of the pool. */
export interface FetchPoolDeps {
  readonly clock: Clock
  /** A peer held a piece until another one did it. */
  readonly onSlow: (peer: string, slowness: Slowness) => void
  /** True for a peer that is relied on: strangers get what such peers do not bring. Left out: all are. */
  readonly isConfigured?: (peer: string) => boolean
}

/** Requests in flight to all peers together; with the size of a slice this bounds the memory. */
export const IN_FLIGHT_MAX = 8
/** Requests in flight to one peer: the next one is on its way while the last one is read. */
export const IN_FLIGHT_PER_PEER_MAX = 2
/** Of these, requests in flight to strangers: as many of them as there may be hold up no more than this. */
const IN_FLIGHT_STRANGERS_MAX = 4
/** A peer that sent nothing for so long shares its piece with another one. */
export const QUIET_MAX_MS = 1_000
/** A peer that is not done after so long shares its piece, though something comes now and then. */
export const ATTEMPT_LONG_MS = 5_000
/** Peers that work on one piece at the same time. */
const ATTEMPTS_AT_ONCE_MAX = 3
/** How often it is looked whether somebody became slow, or may be asked again. */
const LOOK_INTERVAL_MS = 250
/** Peers whose records are kept. */
const PEERS_MAX = 1_000

interface Attempt {
  readonly abort: AbortController
  startedMs: number
  arrivedMs: number
}

type GoodResult = Exclude<AttemptResult, { kind: 'failed' }>

interface OpenJob {
  readonly job: FetchJob
  readonly costs: Map<string, number>
  readonly attempts: Map<string, Attempt>
  error: unknown
  readonly settle: (outcome: FetchOutcome) => void
  readonly fail: (thrown: unknown) => void
}

/** Shares pieces out among the peers, the pieces that came first before the others. */
export class FetchPool {
  readonly #deps: FetchPoolDeps
  readonly #isConfigured: (peer: string) => boolean
  readonly #jobs = new Set<OpenJob>()
  readonly #peers = new LruMap<string, PeerRecord>(PEERS_MAX)
  readonly #attempting = new Set<Promise<void>>()
  #looking: AbortController | undefined
  #strangersCount = 0

  constructor(deps: FetchPoolDeps) {
    this.#deps = deps
    this.#isConfigured = deps.isConfigured ?? (() => true)
  }

  /** Settles when a peer did the piece or all failed it. Rejects on abort, and with our own failures. */
  async fetch(job: FetchJob, signal: AbortSignal): Promise<FetchOutcome> {
    signal.throwIfAborted()
    const settled = new AbortController()
    let open: OpenJob | undefined
    try {
      return await new Promise<FetchOutcome>((settle, fail) => {
        const onAbort = () => {
          fail(signal.reason as Error)
        }
        signal.addEventListener('abort', onAbort, { signal: settled.signal })
        const error = new Error('no connected peer serves it')
        open = { job, costs: new Map(), attempts: new Map(), error, settle, fail }
        this.#jobs.add(open)
        this.#look()
      })
    } finally {
      settled.abort()
      if (open !== undefined) this.#close(open)
    }
  }

  /** Settles once no attempt is under way; those of pieces that ended were aborted. */
  async idle(): Promise<void> {
    await Promise.all(this.#attempting)
  }

  #close(open: OpenJob): void {
    this.#jobs.delete(open)
    for (const { abort } of open.attempts.values()) abort.abort(new Error('not needed any more'))
    if (this.#jobs.size === 0) this.#looking?.abort()
    else this.#look()
  }

  /** Hands out what can be handed out, and gives up what nobody can do. */
  #look(): void {
    const nowMs = this.#deps.clock.monotonicMs()
    for (const open of this.#jobs) if (open.attempts.size === 0) this.#assign(open, nowMs)
    for (const open of this.#jobs) if (this.#isSlow(open, nowMs)) this.#assign(open, nowMs)
    for (const open of this.#jobs) {
      if (open.attempts.size > 0) continue
      const isHopeless = open.job.peers().every((peer) => (open.costs.get(peer) ?? 0) >= COST_MAX)
      if (isHopeless) open.settle({ kind: 'unserved', error: open.error })
    }
    if (this.#looking !== undefined || this.#jobs.size === 0) return
    this.#lookOn().catch((thrown: unknown) => {
      for (const { fail } of this.#jobs) fail(thrown)
    })
  }

  /** Looks again from time to time, for as long as there is work. */
  async #lookOn(): Promise<void> {
    const { clock } = this.#deps
    const looking = new AbortController()
    this.#looking = looking
    try {
      while (!looking.signal.aborted) {
        const sleptFromMs = clock.monotonicMs()
        await clock.sleep(LOOK_INTERVAL_MS, looking.signal)
        this.#forgive(clock.monotonicMs() - sleptFromMs - LOOK_INTERVAL_MS)
        this.#look()
      }
    } catch (thrown) {
      if (!looking.signal.aborted) throw thrown
    } finally {
      this.#looking = undefined
      if (this.#jobs.size > 0) this.#look()
    }
  }

  /** While we were too busy to look in time we were too busy to read too: that is no peer's slowness. */
  #forgive(lateMs: number): void {
    for (const { attempts } of this.#jobs) {
      for (const attempt of attempts.values()) {
        attempt.startedMs += lateMs
        attempt.arrivedMs += lateMs
      }
    }
  }

  #isSlow({ attempts }: OpenJob, nowMs: number): boolean {
    if (attempts.size === 0 || attempts.size >= ATTEMPTS_AT_ONCE_MAX) return false
    return [...attempts.values()].every((attempt) => slowness(attempt, nowMs) !== undefined)
  }

  #assign(open: OpenJob, nowMs: number): void {
    if (this.#attempting.size >= IN_FLIGHT_MAX) return
    const candidates = open.job.peers().flatMap((peer) => {
      const cost = open.costs.get(peer) ?? 0
      if (open.attempts.has(peer) || cost >= COST_MAX) return []
      const isConfigured = this.#isConfigured(peer)
      return {
        peer,
        cost,
        isConfigured,
        record: this.#state(peer),
        isQuiet: this.#isQuiet(peer, nowMs)
      }
    })
    const chosen = choosePeer(candidates, {
      nowMs,
      inFlightPerPeerMax: IN_FLIGHT_PER_PEER_MAX,
      areStrangersFree: this.#strangersCount < IN_FLIGHT_STRANGERS_MAX
    })
    if (chosen !== undefined) this.#begin(open, chosen, nowMs)
  }

  #begin(open: OpenJob, peer: string, nowMs: number): void {
    const running = this.#run(open, peer, nowMs).finally(() => {
      this.#attempting.delete(running)
      if (this.#jobs.size > 0) this.#look()
    })
    this.#attempting.add(running)
  }

  /** One attempt, from its start to what follows from its end. Never rejects. */
  async #run(open: OpenJob, peer: string, nowMs: number): Promise<void> {
    const { clock } = this.#deps
    const state = this.#state(peer)
    const attempt: Attempt = { abort: new AbortController(), startedMs: nowMs, arrivedMs: nowMs }
    const strangers = this.#isConfigured(peer) ? 0 : 1
    this.#strangersCount += strangers
    open.attempts.set(peer, attempt)
    state.inFlight++
    state.askedMs = nowMs
    try {
      const result = await open.job.attempt(peer, attempt.abort.signal, () => {
        attempt.arrivedMs = clock.monotonicMs()
      })
      if (attempt.abort.signal.aborted) return
      open.attempts.delete(peer)
      if (result.kind === 'failed') this.#noteFailure(open, peer, result)
      else this.#noteGood(peer, attempt, result)
      if (result.kind === 'done') this.#finish(open, peer)
    } catch (thrown) {
      if (!attempt.abort.signal.aborted) open.fail(thrown)
    } finally {
      open.attempts.delete(peer)
      state.inFlight--
      this.#strangersCount -= strangers
    }
  }

  #noteGood(peer: string, { startedMs }: Attempt, { delivery }: GoodResult): void {
    const state = this.#state(peer)
    state.strikes = 0
    const elapsedMs = this.#deps.clock.monotonicMs() - startedMs
    if (delivery !== undefined) noteDelivery(state, delivery, elapsedMs)
  }

  #noteFailure(
    open: OpenJob,
    peer: string,
    { error, hasPart }: { readonly error: unknown; readonly hasPart: boolean }
  ): void {
    const state = this.#state(peer)
    const nowMs = this.#deps.clock.monotonicMs()
    const judged = judgeFailure(error)
    const costBefore = hasPart ? 0 : (open.costs.get(peer) ?? 0)
    open.error = error
    open.costs.set(peer, noteFailedAttempt(state, judged, { costBefore, nowMs }))
  }

  /** The peers that still hold the piece were slower than one that got it later, or as late. */
  #finish(open: OpenJob, peer: string): void {
    const nowMs = this.#deps.clock.monotonicMs()
    for (const [other, attempt] of open.attempts) {
      const slow = slowness(attempt, nowMs)
      if (slow === undefined) continue
      this.#state(other).strikes++
      this.#deps.onSlow(other, slow)
    }
    open.settle({ kind: 'done', peer })
  }

  /** True while it sends nothing of a piece that it has, or is busy with none: nobody waits for such a one. */
  #isQuiet(peer: string, nowMs: number): boolean {
    let heldCount = 0
    for (const { attempts } of this.#jobs) {
      const attempt = attempts.get(peer)
      if (attempt === undefined) continue
      if (slowness(attempt, nowMs) !== undefined) return true
      heldCount++
    }
    return heldCount === 0 && this.#state(peer).inFlight >= IN_FLIGHT_PER_PEER_MAX
  }

  #state(peer: string): PeerRecord {
    const known = this.#peers.get(peer)
    if (known !== undefined) return known
    const fresh = createPeerRecord()
    this.#peers.set(peer, fresh)
    return fresh
  }
}

function slowness({ startedMs, arrivedMs }: Attempt, nowMs: number): Slowness | undefined {
  if (nowMs - arrivedMs >= QUIET_MAX_MS) return 'stall'
  return nowMs - startedMs >= ATTEMPT_LONG_MS ? 'trickle' : undefined
}
