// Places of connections, before and after their peer is known: who comes is let in, who is cut for it is named here.
import assert from 'node:assert/strict'
import { type MultiaddrConnection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { ConnectionPlaces } from '../../../src/net/connection-places.ts'
import { addressKey, HalfOpen } from '../../../src/net/half-open.ts'

const LIMITS = {
  inAllMax: 4,
  byAddressMax: 2,
  handshakesByAddress: { burstTokens: 3, tokensPerSecond: 1 },
  handshakesOfStrangers: { burstTokens: 5, tokensPerSecond: 2 }
}

/** As far as places look at a connection. */
class Wire extends EventTarget {
  readonly remoteAddr
  isCut = false

  constructor(host: string) {
    super()
    this.remoteAddr = multiaddr(`${host}/tcp/1`)
  }

  abort(): void {
    this.isCut = true
    this.dispatchEvent(new Event('close'))
  }
}

function wires(...hosts: readonly string[]) {
  return hosts.map((host) => {
    const wire = new Wire(host)
    return { wire, connection: wire as object as MultiaddrConnection }
  })
}

const cut = (all: readonly { readonly wire: Wire }[]) => all.map(({ wire }) => wire.isCut)

describe('half-open connections', () => {
  it('give way within their address, the oldest first', () => {
    const halfOpen = new HalfOpen(LIMITS)
    const all = wires('/ip4/1.1.1.1', '/ip4/2.2.2.2', '/ip4/1.1.1.1', '/ip4/1.1.1.1')
    for (const { connection } of all) halfOpen.enter(connection)
    assert.deepEqual(cut(all), [true, false, false, false])
  })

  it('give way before one that has asked for its handshake', () => {
    const halfOpen = new HalfOpen(LIMITS)
    const all = wires('/ip4/1.1.1.1', '/ip4/1.1.1.1', '/ip4/1.1.1.1')
    const [first, ...others] = all
    halfOpen.enter(first!.connection)
    assert.ok(halfOpen.ask(first!.connection))
    for (const { connection } of others) halfOpen.enter(connection)
    assert.deepEqual(cut(all), [false, true, false])
  })

  it('give way for another address where there are most', () => {
    const halfOpen = new HalfOpen(LIMITS)
    const all = wires(
      '/ip4/3.3.3.3',
      '/ip4/1.1.1.1',
      '/ip4/1.1.1.1',
      '/ip4/2.2.2.2',
      '/ip4/4.4.4.4'
    )
    for (const { connection } of all) halfOpen.enter(connection)
    assert.deepEqual(cut(all), [false, true, false, false, false])
    assert.equal(halfOpen.size, 4)
  })

  it('do not give way to strangers at the address of a configured peer', () => {
    const halfOpen = new HalfOpen({ ...LIMITS, byAddressMax: 9 })
    const [known, ...all] = wires(
      ...['/ip4/9.9.9.9', '/ip4/9.9.9.9', '/ip4/9.9.9.9', '/ip4/1.1.1.1', '/ip4/2.2.2.2'],
      '/ip4/3.3.3.3'
    )
    halfOpen.enter(known!.connection)
    halfOpen.leave(known!.connection, true)
    for (const { connection } of all) halfOpen.enter(connection)
    assert.deepEqual(cut(all), [false, false, true, false, false])
  })

  it('have so many handshakes computed, by address and for all strangers', () => {
    const time = { ms: 0 }
    const halfOpen = new HalfOpen({ ...LIMITS, inAllMax: 99, byAddressMax: 99 }, () => time.ms)
    const ask = (host: string, count: number) =>
      wires(...Array.from({ length: count }, () => host)).map(({ connection }) => {
        halfOpen.enter(connection)
        return halfOpen.ask(connection)
      })
    assert.deepEqual(ask('/ip4/1.1.1.1', 4), [true, true, true, false])
    assert.deepEqual(ask('/ip4/2.2.2.2', 3), [true, true, false])
    time.ms += 1_000
    assert.deepEqual(ask('/ip4/1.1.1.1', 2), [true, false])
    const [known] = wires('/ip4/9.9.9.9')
    halfOpen.leave(known!.connection, true)
    ask('/ip4/3.3.3.3', 3)
    assert.deepEqual(ask('/ip4/9.9.9.9', 3), [true, true, true])
  })

  it('count an IPv6 network as one address', () => {
    const [one, same, other] = wires(
      '/ip6/2001:db8:0:1::1',
      '/ip6/2001:db8:0:1:2::9',
      '/ip6/2001:db8:0:2::1'
    ).map(({ connection }) => addressKey(connection))
    assert.equal(one, same)
    assert.notEqual(one, other)
  })
})

describe('connections that stand', () => {
  const start = () => {
    const time = { ms: 0 }
    return { time, places: new ConnectionPlaces({ strangersMax: 3, byPeerMax: 2 }, () => time.ms) }
  }

  it('of configured peers always have a place', () => {
    const { places } = start()
    const all = wires(...Array.from({ length: 20 }, () => '/ip4/1.1.1.1'))
    for (const [index, { connection }] of all.entries()) {
      places.enter(connection, `peer-${String(index)}`, index % 2 === 0)
    }
    assert.deepEqual(
      cut(all).filter((_, index) => index % 2 === 1),
      Array.from({ length: 10 }, () => false)
    )
    assert.equal(places.strangersCount, 3)
  })

  it('of strangers give way where there are most, the one that is silent longest', () => {
    const { places, time } = start()
    const all = wires('/ip4/2.2.2.2', '/ip4/1.1.1.1', '/ip4/1.1.1.1', '/ip4/3.3.3.3')
    for (const [index, { connection }] of all.entries()) {
      if (index === 3) places.heard(all[1]!.connection)
      places.enter(connection, `peer-${String(index)}`, true)
      time.ms += 1
    }
    assert.deepEqual(cut(all), [false, false, true, false])
  })

  it('of one peer give way to its newest, be it configured or not', () => {
    for (const isStranger of [true, false]) {
      const { places, time } = start()
      const all = wires('/ip4/1.1.1.1', '/ip4/1.1.1.1', '/ip4/1.1.1.1')
      for (const { connection } of all) {
        places.enter(connection, 'peer', isStranger)
        time.ms += 1
      }
      assert.deepEqual(cut(all), [true, false, false])
    }
  })
})
