// Which of our protocols each connected peer answers, by its own word: identify, and identify push later on.
import { type Host } from './host.ts'
import { connectionsOf } from './peer-connections.ts'

/** What this is asked about begins with it; all else that a peer lists is not kept. */
const OURS = '/rekindle/'

/** What connected peers said that they answer. Nothing is kept of a peer that has gone. */
export interface SpokenProtocols {
  /** Undefined until the peer has said what it answers, or refused this one. */
  speaks(peer: string, protocolId: string): boolean | undefined
  /** It refused a stream of this protocol: that holds until what it lists changes. */
  noteRefused(peer: string, protocolId: string): void
  /** Hears of a peer that lists something else than before, its first list included. */
  onChanged(listener: (peer: string) => void): void
}

interface Word {
  /** Undefined before identify. */
  listed: ReadonlySet<string> | undefined
  readonly refused: Set<string>
}

/** Listens from now on: to be made before the host has connections. */
export function createSpokenProtocols(
  host: Pick<Host, 'addEventListener' | 'getConnections'>
): SpokenProtocols {
  const words = new Map<string, Word>()
  const listeners: ((peer: string) => void)[] = []
  const wordOf = (peer: string): Word => {
    const known = words.get(peer) ?? { listed: undefined, refused: new Set() }
    words.set(peer, known)
    return known
  }
  // Not `peer:update`: it also tells of streams that were opened, which says nothing of what is answered.
  host.addEventListener('peer:identify', ({ detail: { peerId, protocols, connection } }) => {
    // One that ends late, of a connection that has closed, is nobody's word any more.
    if (connection.status !== 'open') return
    const word = wordOf(peerId.toString())
    // A push may be of addresses alone.
    if (protocols.length === 0 && word.listed !== undefined) return
    const listed = new Set(protocols.filter((id) => id.startsWith(OURS)))
    if (word.listed !== undefined && isSame(word.listed, listed)) return
    word.listed = listed
    word.refused.clear()
    for (const listener of listeners) listener(peerId.toString())
  })
  host.addEventListener('peer:disconnect', ({ detail }) => {
    words.delete(detail.toString())
  })
  return {
    speaks(peer, protocolId) {
      const word = words.get(peer)
      if (word?.refused.has(protocolId) === true) return false
      return word?.listed?.has(protocolId)
    },
    noteRefused(peer, protocolId) {
      if (connectionsOf(host, peer).length > 0) wordOf(peer).refused.add(protocolId)
    },
    onChanged: (listener) => void listeners.push(listener)
  }
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id))
}
