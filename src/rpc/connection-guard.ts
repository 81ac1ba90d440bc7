// Connections of one HTTP server: bounded in all and by client; a newcomer takes the place of the connection that does the least.
import { type Server, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { type Clock, systemClock } from '../base/clock.ts'
import { LruMap } from '../base/lru.ts'
import { clientOf, isLoopback } from './addresses.ts'
import { UsedTime } from './turns.ts'

/** Bounds of one server's connections. */
export interface ConnectionLimits {
  readonly connectionsMax: number
  /** Of one client, unless it is this machine: proxies and all local programs share its address. */
  readonly perClientMax: number
  /** A request keeps its connection for so long, however many others come. */
  readonly graceMs: number
  /** Requests that are sent on one connection before the first is answered. */
  readonly pipelinedMax: number
}

/** Clients whose use of time is remembered. */
const CLIENTS_REMEMBERED_MAX = 4_096

/** What a connection does: waits for a request, or for events as well, moves bytes of one, or has one answered. */
type Phase = 'idle' | 'subscribed' | 'transfer' | 'work'
/** In the order in which they give way. */
const PHASES: readonly Phase[] = ['idle', 'subscribed', 'transfer', 'work']

/** One connection as the requests on it see it. */
export interface Connection {
  /** What stands for the client; empty for this machine, whose programs share an address. */
  readonly client: string
  /** Undefined where clients share an address. */
  readonly address: UsedTime | undefined
  readonly used: UsedTime
  /** Aborts when the other end has gone, or was cut off. */
  readonly signal: AbortSignal
  /** Runs after all requests of this connection that came before. */
  inOrder<T>(work: () => Promise<T>): Promise<T>
  /** What the connection is about from now on. */
  enter(phase: Phase): void
}

interface Entry extends Connection {
  readonly socket: Socket
  readonly openedMs: number
  phase: Phase
  sinceMs: number
  requestsCount: number
}

/** Watches over a server from its first connection on. */
export class ConnectionGuard {
  readonly #limits: ConnectionLimits
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #entries = new Map<Socket, Entry>()
  readonly #clients = new LruMap<string, UsedTime>(CLIENTS_REMEMBERED_MAX)

  constructor(
    server: Server,
    limits: ConnectionLimits,
    clock: Pick<Clock, 'monotonicMs'> = systemClock
  ) {
    this.#limits = limits
    this.#clock = clock
    server.on('connection', (socket: Socket) => this.#open(socket))
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const entry = this.#entries.get(socket)
      if (entry !== undefined) this.#begin(entry, response)
    })
  }

  get connectionsCount(): number {
    return this.#entries.size
  }

  /** The connection of a request; one that has closed meanwhile is given as aborted. */
  of(socket: Socket): Connection {
    return this.#entries.get(socket) ?? this.#entry(socket)
  }

  /** True while a request of the connection is not answered. */
  isBusy(socket: Socket): boolean {
    return (this.#entries.get(socket)?.requestsCount ?? 0) > 0
  }

  #open(socket: Socket): void {
    if (this.#entries.has(socket)) return // its first request asked for what nobody speaks here
    const entry = this.#entry(socket)
    if (!this.#makeRoom(entry)) {
      socket.destroy()
      return
    }
    this.#entries.set(socket, entry)
    socket.once('close', () => this.#entries.delete(socket))
  }

  #entry(socket: Socket): Entry {
    const gone = new AbortController()
    if (socket.destroyed) gone.abort(new Error('the client has gone'))
    else socket.once('close', () => gone.abort(new Error('the client has gone')))
    const remote = socket.remoteAddress ?? ''
    const client = isLoopback(remote) ? '' : clientOf(remote)
    let last: Promise<unknown> = Promise.resolve()
    const entry: Entry = {
      socket,
      client,
      address: client === '' ? undefined : this.#client(client),
      used: new UsedTime(),
      signal: gone.signal,
      openedMs: this.#clock.monotonicMs(),
      phase: 'idle',
      sinceMs: this.#clock.monotonicMs(),
      requestsCount: 0,
      inOrder(work) {
        const result = last.then(work)
        last = result.catch(() => undefined)
        return result
      },
      enter: (phase) => this.#enter(entry, phase)
    }
    return entry
  }

  #client(client: string): UsedTime {
    const known = this.#clients.get(client) ?? new UsedTime()
    this.#clients.set(client, known)
    return known
  }

  #begin(entry: Entry, response: ServerResponse): void {
    entry.requestsCount += 1
    if (entry.requestsCount > this.#limits.pipelinedMax) {
      entry.socket.destroy()
      return
    }
    if (entry.requestsCount === 1) this.#enter(entry, 'transfer')
    response.once('close', () => {
      entry.requestsCount -= 1
      if (entry.requestsCount === 0) this.#enter(entry, 'idle')
    })
  }

  #enter(entry: Entry, phase: Phase): void {
    // A request keeps the time it came at, lest one that is slow in parts were never old.
    if (isResting(phase) || isResting(entry.phase)) entry.sinceMs = this.#clock.monotonicMs()
    entry.phase = phase
  }

  /** False when all that could give way is under way for less than its grace. */
  #makeRoom({ client }: Entry): boolean {
    const { connectionsMax, perClientMax } = this.#limits
    const own =
      client === '' ? [] : [...this.#entries.values()].filter((it) => it.client === client)
    if (own.length >= perClientMax) return this.#evict(own)
    return this.#entries.size < connectionsMax || this.#evict(this.#entries.values())
  }

  /**
   * Who waits for nothing goes first, the oldest; then who waits for events, the newest, so that strangers who keep
   * coming take each other's places; then who moves bytes, the oldest; then who has had the most time.
   */
  #evict(entries: Iterable<Entry>): boolean {
    const nowMs = this.#clock.monotonicMs()
    let chosen: { readonly entry: Entry; readonly rank: readonly [number, number] } | undefined
    for (const entry of entries) {
      const { phase, sinceMs } = entry
      if (!isResting(phase) && nowMs - sinceMs < this.#limits.graceMs) continue
      const rank = [PHASES.indexOf(phase), orderOf(entry, nowMs)] as const
      const isBefore =
        chosen === undefined ||
        rank[0] < chosen.rank[0] ||
        (rank[0] === chosen.rank[0] && rank[1] < chosen.rank[1])
      if (isBefore) chosen = { entry, rank }
    }
    if (chosen === undefined) return false
    this.#entries.delete(chosen.entry.socket)
    chosen.entry.socket.destroy()
    return true
  }
}

function isResting(phase: Phase): boolean {
  return phase === 'idle' || phase === 'subscribed'
}

/** Among connections of one phase, the least gives way. */
function orderOf({ phase, sinceMs, openedMs, used }: Entry, nowMs: number): number {
  if (phase === 'work') return -used.usedMs(nowMs)
  return phase === 'subscribed' ? -openedMs : sinceMs
}
