// A peer's connections by age: the newest one counts, and the others are read to their end and closed.
import { type Connection, type Stream } from '@libp2p/interface'
import { type Log } from '../base/log.ts'
import { type ByteStream } from '../reqresp/byte-stream.ts'
import { untilDrained } from './arrivals.ts'
import { type Host } from './host.ts'

/** Which connection is newer: by the order in which they opened, since clocks may be set. */
export interface ConnectionOrder {
  of(connection: Connection): number
}

/** Numbers the connections of a host from now on. */
export function createConnectionOrder(host: Host): ConnectionOrder {
  const places = new WeakMap<Connection, number>()
  let openedCount = 0
  host.addEventListener('connection:open', ({ detail }) => {
    openedCount += 1
    places.set(detail, openedCount)
  })
  return { of: (connection) => places.get(connection) ?? 0 }
}

/** A stream that we serve, and the connection that it came on. */
interface Served {
  readonly stream: Stream
  readonly connection: Connection
}

/** What is older than a served stream. */
export interface OlderConnections {
  /** To be called for each stream that is served. */
  note(bytes: ByteStream, served: Served): void
  /** As `closeOlderConnections` of the network. */
  close(bytes: ByteStream, signal: AbortSignal): Promise<void>
}

/** The connections of one host. */
export function createOlderConnections({
  host,
  log,
  order
}: {
  readonly host: Host
  readonly log: Log
  readonly order: ConnectionOrder
}): OlderConnections {
  const { arrivals } = host.services
  const servedOf = new WeakMap<ByteStream, Served>()
  return {
    note(bytes, served) {
      servedOf.set(bytes, served)
    },
    async close(bytes, signal) {
      const current = servedOf.get(bytes)
      if (current === undefined) throw new Error('a stream that this network does not serve')
      const older = arrivals.olderThan(current.stream)
      if (older.length === 0) return
      const peer = current.connection.remotePeer.toString()
      log.debug('older-connections-closed', { peer, count: older.length })
      for (const one of older) one.retire()
      dropOurs({ host, order }, current.connection)
      try {
        await untilDrained(older, signal)
      } catch (thrown) {
        const heldIn = older.map((one) => one.heldIn).find((stage) => stage !== undefined)
        log.warn('older-connections-undrained', { peer, heldIn })
        throw thrown
      }
    }
  }
}

/** Our streams are opened again on the connection that stays; the peer's are read on. */
function dropOurs(
  { host, order }: { readonly host: Host; readonly order: ConnectionOrder },
  current: Connection
): void {
  for (const connection of host.getConnections(current.remotePeer)) {
    if (connection === current || order.of(connection) > order.of(current)) continue
    for (const stream of connection.streams) {
      if (stream.direction === 'outbound')
        stream.abort(new Error('the peer has a newer connection'))
    }
  }
}
