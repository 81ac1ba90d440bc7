// Connections whose peer is known: configured peers always have a place, all others share what there is.
import { type MultiaddrConnection } from '@libp2p/interface'
import { addressKey, heaviest } from './half-open.ts'

/** Bounds of the connections that stand. */
export interface PlaceLimits {
  /** Connections of peers that are not configured. */
  readonly strangersMax: number
  /** Connections of one peer, in both directions. */
  readonly byPeerMax: number
}

interface Place {
  readonly peer: string
  readonly address: string
  readonly isStranger: boolean
  heardMs: number
}

/**
 * Who comes when all places are taken gets the one that was silent longest: of its own peer, or among the strangers of
 * the address with the most.
 */
export class ConnectionPlaces {
  readonly #limits: PlaceLimits
  readonly #nowMs: () => number
  readonly #places = new Map<MultiaddrConnection, Place>()

  constructor(limits: PlaceLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  get strangersCount(): number {
    return [...this.#places.values()].filter(({ isStranger }) => isStranger).length
  }

  enter(connection: MultiaddrConnection, peer: string, isStranger: boolean): void {
    const { strangersMax, byPeerMax } = this.#limits
    const ofPeer = [...this.#places].filter(([, place]) => place.peer === peer)
    if (ofPeer.length >= byPeerMax) this.#evict(ofPeer)
    else if (isStranger && this.strangersCount >= strangersMax) this.#evict(this.#crowd())
    const address = addressKey(connection)
    this.#places.set(connection, { peer, address, isStranger, heardMs: this.#nowMs() })
    connection.addEventListener('close', () => {
      this.#places.delete(connection)
    })
  }

  heard(connection: MultiaddrConnection): void {
    const place = this.#places.get(connection)
    if (place !== undefined) place.heardMs = this.#nowMs()
  }

  /** The strangers of the address that has the most of them. */
  #crowd(): readonly (readonly [MultiaddrConnection, Place])[] {
    const strangers = [...this.#places].filter(([, { isStranger }]) => isStranger)
    const counts = new Map<string, number>()
    for (const [, { address }] of strangers) counts.set(address, (counts.get(address) ?? 0) + 1)
    const most = heaviest(counts)
    return strangers.filter(([, { address }]) => address === most)
  }

  #evict(places: readonly (readonly [MultiaddrConnection, Place])[]): void {
    const [connection] = places.reduce((silent, other) =>
      other[1].heardMs < silent[1].heardMs ? other : silent
    )
    this.#places.delete(connection)
    connection.abort(new Error('others want to connect'))
  }
}
