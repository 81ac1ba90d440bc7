// Inbound connections before their peer is known: bounded in all and by address; a newcomer replaces the least advanced.
import { type MultiaddrConnection } from '@libp2p/interface'
import { LruMap } from '../base/lru.ts'
import { type BucketRate, TokenBucket } from '../base/token-bucket.ts'

/** Bounds of the connections whose handshake is under way. */
export interface HalfOpenLimits {
  readonly inAllMax: number
  readonly byAddressMax: number
  /** Handshakes that are computed for one address. */
  readonly handshakesByAddress: BucketRate
  /** The same for all addresses that no configured peer was seen at. */
  readonly handshakesOfStrangers: BucketRate
}

/** Addresses whose count of handshakes is remembered, and addresses of configured peers. */
const ADDRESSES_MAX = 4_096
const KNOWN_MAX = 256

interface Place {
  readonly address: string
  /** It has asked for a handshake in the right form; one that sends nothing, or something else, has not. */
  hasAsked: boolean
}

/**
 * Nobody is refused because others hold places: a newcomer takes the place of the oldest connection of its own
 * address, or of the address with the most, and of one that has not asked before one that has. What a single address
 * can do to others is thus bounded, and among equals the one that comes last is served.
 */
export class HalfOpen {
  readonly #limits: HalfOpenLimits
  readonly #nowMs: () => number
  readonly #places = new Map<MultiaddrConnection, Place>()
  readonly #ofAddresses = new LruMap<string, TokenBucket>(ADDRESSES_MAX)
  readonly #known = new Set<string>()
  readonly #ofStrangers: TokenBucket

  constructor(limits: HalfOpenLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits
    this.#nowMs = nowMs
    this.#ofStrangers = new TokenBucket(limits.handshakesOfStrangers, nowMs())
  }

  get size(): number {
    return this.#places.size
  }

  enter(connection: MultiaddrConnection): void {
    const address = addressKey(connection)
    const { inAllMax, byAddressMax } = this.#limits
    const counts = this.#counts()
    if ((counts.get(address) ?? 0) >= byAddressMax) this.#evict(address)
    else if (this.#places.size >= inAllMax) {
      const others = new Map([...counts].filter(([other]) => !this.#known.has(other)))
      this.#evict(heaviest(others) ?? heaviest(counts))
    }
    this.#places.set(connection, { address, hasAsked: false })
    connection.addEventListener('close', () => {
      this.#places.delete(connection)
    })
  }

  /** The connection asks for a handshake. False: its address has had as many as are computed for it now. */
  ask(connection: MultiaddrConnection): boolean {
    const place = this.#places.get(connection)
    if (place === undefined) return true // ours to it
    place.hasAsked = true
    return this.#take(place.address)
  }

  /** Its peer is known; a configured one keeps its address apart from what strangers elsewhere do. */
  leave(connection: MultiaddrConnection, isConfigured: boolean): void {
    this.#places.delete(connection)
    if (isConfigured && this.#known.size < KNOWN_MAX) this.#known.add(addressKey(connection))
  }

  #counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { address } of this.#places.values()) {
      counts.set(address, (counts.get(address) ?? 0) + 1)
    }
    return counts
  }

  #evict(address: string | undefined): void {
    const ours = [...this.#places].filter(([, place]) => place.address === address)
    const [connection] = ours.find(([, { hasAsked }]) => !hasAsked) ?? ours[0] ?? []
    if (connection === undefined) return
    this.#places.delete(connection)
    connection.abort(new Error('others want to connect'))
  }

  #take(address: string): boolean {
    const nowMs = this.#nowMs()
    const isKnown = this.#known.has(address)
    const buckets = [this.#bucketOf(address, nowMs), ...(isKnown ? [] : [this.#ofStrangers])]
    if (buckets.some((bucket) => bucket.waitMs(1, nowMs) > 0)) return false
    for (const bucket of buckets) bucket.take(1)
    return true
  }

  #bucketOf(address: string, nowMs: number): TokenBucket {
    const known = this.#ofAddresses.get(address)
    if (known !== undefined) return known
    const bucket = new TokenBucket(this.#limits.handshakesByAddress, nowMs)
    this.#ofAddresses.set(address, bucket)
    return bucket
  }
}

const IP6 = 0x29
const IP4_BYTES = 5
/** An IPv6 address counts by its network of 2^64 addresses, which one host may have whole. */
const IP6_NETWORK_BYTES = 9

/** Stands for the host of a connection, without its port. rpc/addresses.ts has the same rule for addresses as text. */
export function addressKey({ remoteAddr }: Pick<MultiaddrConnection, 'remoteAddr'>): string {
  const { bytes } = remoteAddr
  const length = bytes[0] === IP6 ? IP6_NETWORK_BYTES : IP4_BYTES
  return Buffer.from(bytes.subarray(0, length)).toString('hex')
}

/** The address with the most connections; the first of equals. */
export function heaviest(counts: ReadonlyMap<string, number>): string | undefined {
  let most: string | undefined
  for (const [address, count] of counts) {
    if (count > (counts.get(most ?? '') ?? 0)) most = address
  }
  return most
}
