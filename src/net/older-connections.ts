// A peer's connections by age: the newest one counts, and the others are read to their end and closed.
import { type Connection, type Stream } from '@libp2p/interface'
import { type Log } from '../base/log.ts'
import { type ByteStream } from '../reqresp/byte-stream.ts'
import { untilDrained } from './arrivals.ts'
import { type Host } from './host.ts'

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
  log
}: {
  readonly host: Host
  readonly log: Log
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
      dropOurs(host, current)
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
function dropOurs(host: Host, { stream: served, connection: current }: Served): void {
  const { arrivals } = host.services
  for (const { streams } of host.getConnections(current.remotePeer)) {
    for (const stream of streams) {
      if (stream.direction !== 'outbound' || !arrivals.isOlder(stream, served)) continue
      stream.abort(new Error('the peer has a newer connection'))
    }
  }
}
