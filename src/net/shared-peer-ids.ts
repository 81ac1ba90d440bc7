// Two live processes under one peer id: told apart by what identify says of the process, and one of them kept.
import { type Connection } from '@libp2p/interface'
import { type Clock } from '../base/clock.ts'
import { withDeadline } from '../base/deadline.ts'
import { type Log } from '../base/log.ts'
import { LruMap } from '../base/lru.ts'
import { type Host } from './host.ts'
import { processMarkOf } from './process-mark.ts'

/** Peer ids whose processes are remembered; and processes of one id, the latest. */
const PEERS_MAX = 1_000
const PROCESSES_MAX = 8
/** So long a connection may take to say of which process it is, where several are known. */
const IDENTIFY_WAIT_MS = 5_000
/** A connection that is not kept stays open for so long: its requests are answered why. */
const REFUSED_OPEN_MS = 1_000
/** After so long without another sign of two processes there are none. */
const SHARED_AGE_MAX_MS = 60_000
/** One line in the log for one peer id in so long. */
const LOG_INTERVAL_MS = 60_000

/** Two processes that use one peer key. */
export interface SharedPeerId {
  readonly peerId: string
  /** Where the connection comes from, or goes to, that is kept. */
  readonly kept: string
  /** Where the other one came from last. */
  readonly refused: string
  /** When that was, on the monotonic clock. */
  readonly seenMs: number
}

/** The connections of one host, by process. */
export interface SharedPeerIds {
  /** Resolves once it is known whether requests on this connection are answered; true when they are not. */
  isRefused(connection: Connection): Promise<boolean>
  /** False for a connection of a process that is not kept. */
  isKept(connection: Connection): boolean
  /** Peer ids that two processes use, as of the last minute. */
  list(): readonly SharedPeerId[]
  stop(): void
}

/**
 * A process that comes back while another one of its peer id is connected runs beside that one: a process that was
 * restarted never comes back. Such a one is refused for as long as the other stays, so that neither closes the
 * other's connections in turn. One that was never seen before is let in always: it may be a restart.
 */
export function createSharedPeerIds(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  host: Pick<Host, 'addEventListener' | 'getConnections'>
): SharedPeerIds {
  return new SharedIds({ clock, log }, host)
}

/** That identify has ended well on one connection. */
interface Identified {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

class SharedIds implements SharedPeerIds {
  readonly #deps: { readonly clock: Clock; readonly log: Log }
  readonly #host: Pick<Host, 'addEventListener' | 'getConnections'>
  /** Processes by peer id, the latest last. */
  readonly #seen = new LruMap<string, readonly string[]>(PEERS_MAX)
  readonly #processOf = new WeakMap<Connection, string>()
  readonly #refused = new WeakSet<Connection>()
  readonly #identified = new WeakMap<Connection, Identified>()
  readonly #shared = new LruMap<string, SharedPeerId>(PEERS_MAX)
  readonly #loggedMs = new LruMap<string, number>(PEERS_MAX)
  readonly #stopping = new AbortController()

  constructor(
    deps: { readonly clock: Clock; readonly log: Log },
    host: Pick<Host, 'addEventListener' | 'getConnections'>
  ) {
    this.#deps = deps
    this.#host = host
    host.addEventListener('peer:identify', ({ detail: { connection, agentVersion = '' } }) => {
      const process = processMarkOf(agentVersion)
      if (process !== undefined && !this.#processOf.has(connection)) this.#note(connection, process)
      this.#identifiedOf(connection).resolve()
    })
  }

  async isRefused(connection: Connection): Promise<boolean> {
    const { clock } = this.#deps
    const isOnly = (this.#seen.get(connection.remotePeer.toString())?.length ?? 0) < 2
    if (!isOnly && !this.#processOf.has(connection)) {
      const deadline = {
        clock,
        signal: this.#stopping.signal,
        what: 'identify',
        ms: IDENTIFY_WAIT_MS
      }
      await withDeadline(deadline, () => this.#identifiedOf(connection).promise).catch(() => {
        // Silence is no way in beside one that has said who it is.
        if (this.#othersOf(connection).length > 0) this.#refuse(connection)
      })
    }
    return this.#refused.has(connection)
  }

  isKept(connection: Connection): boolean {
    return !this.#refused.has(connection)
  }

  list(): readonly SharedPeerId[] {
    const sinceMs = this.#deps.clock.monotonicMs() - SHARED_AGE_MAX_MS
    return [...this.#shared.entries()].flatMap(([, one]) => (one.seenMs >= sinceMs ? [one] : []))
  }

  stop(): void {
    this.#stopping.abort(new Error('the node stops'))
  }

  #note(connection: Connection, process: string): void {
    const peer = connection.remotePeer.toString()
    const seen = this.#seen.get(peer) ?? []
    this.#processOf.set(connection, process)
    const [other] = this.#othersOf(connection)
    const isBack = seen.includes(process) && seen.at(-1) !== process
    if (isBack && other !== undefined) {
      this.#noteShared(peer, other, connection)
      this.#refuse(connection)
      return
    }
    const others = seen.filter((one) => one !== process)
    this.#seen.set(peer, [...others, process].slice(-PROCESSES_MAX))
  }

  /** Open connections that are kept, of other processes of the same peer id. */
  #othersOf(connection: Connection): readonly Connection[] {
    const own = this.#processOf.get(connection)
    return this.#host.getConnections(connection.remotePeer).filter((other) => {
      const process = this.#processOf.get(other)
      const isOpen = other.status === 'open' && !this.#refused.has(other)
      return other !== connection && isOpen && process !== undefined && process !== own
    })
  }

  #noteShared(peer: string, kept: Connection, refused: Connection): void {
    const { clock, log } = this.#deps
    const seenMs = clock.monotonicMs()
    const [keptAt, refusedAt] = [kept, refused].map(({ remoteAddr }) => remoteAddr.toString())
    const shared = { peerId: peer, kept: keptAt ?? '', refused: refusedAt ?? '', seenMs }
    this.#shared.set(peer, shared)
    const loggedMs = this.#loggedMs.get(peer)
    if (loggedMs !== undefined && seenMs - loggedMs < LOG_INTERVAL_MS) return
    this.#loggedMs.set(peer, seenMs)
    log.error('peer-key-shared', { peer, kept: shared.kept, refused: shared.refused })
  }

  /** Closed a little later: what it asks meanwhile is answered why. */
  #refuse(connection: Connection): void {
    this.#refused.add(connection)
    const { signal } = this.#stopping
    this.#deps.clock
      .sleep(REFUSED_OPEN_MS, signal)
      .catch(() => undefined) // stopping: it is closed at once
      .finally(() => {
        connection.abort(new Error('another process with this peer key is connected'))
      })
  }

  #identifiedOf(connection: Connection): Identified {
    const known = this.#identified.get(connection)
    if (known !== undefined) return known
    let resolve: Identified['resolve'] = () => undefined
    const promise = new Promise<void>((settle) => {
      resolve = settle
    })
    const fresh = { promise, resolve }
    this.#identified.set(connection, fresh)
    return fresh
  }
}
