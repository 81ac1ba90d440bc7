// Multiaddrs as operators write them, good and bad.
import assert from 'node:assert/strict'
import { isDialled, parseListen, parsePeer } from '../../../src/net/peer-address.ts'

const ID = '16Uiu2HAmNp5iied47sbZproAqWiXkSLmQ8TEiacWzgsAUk8ku6pe'

describe('the address of a peer', () => {
  for (const host of ['/ip4/10.0.0.1', '/ip6/::1', '/dns4/backup.example', '/dns/backup.example']) {
    it(`may be ${host}`, () => {
      const text = `${host}/tcp/9222/p2p/${ID}`
      assert.deepEqual(parsePeer(text), { multiaddr: text, peerId: ID })
    })
  }
  it('may be its id alone: then it is not dialled', () => {
    const text = `/p2p/${ID}`
    assert.deepEqual(parsePeer(text), { multiaddr: text, peerId: ID })
    assert.equal(isDialled(parsePeer(text)), false)
    assert.equal(isDialled(parsePeer(`/ip4/10.0.0.1/tcp/9222/p2p/${ID}`)), true)
  })
  const bad: readonly [string, RegExp][] = [
    ['10.0.0.1:9222', /no multiaddr/],
    ['', /no multiaddr/],
    ['/ip4/10.0.0.1/tcp/9222', /end in \/p2p\//],
    ['/p2p/abc', /"abc" is no peer id/],
    [`/p2p/${ID}/p2p/${ID}`, /host and a TCP port/],
    ['/ip4/10.0.0.1/tcp/9222/p2p/abc', /"abc" is no peer id/],
    [`/ip4/10.0.0.1/udp/9222/p2p/${ID}`, /TCP port/],
    [`/ip4/10.0.0.1/tcp/9222/ws/p2p/${ID}`, /TCP port/],
    [`/ip4/10.0.0.1/tcp/0/p2p/${ID}`, /port 0/],
    [`/ip4/10.0.0.999/tcp/1/p2p/${ID}`, /10\.0\.0\.999/],
    [`/ip4/10.0.0.1/tcp/70000/p2p/${ID}`, /65535/],
    [`/nonsense/1/p2p/${ID}`, /nonsense/]
  ]
  for (const [text, message] of bad) {
    it(`may not be "${text}"`, () => {
      assert.throws(() => parsePeer(text), message)
    })
  }
})

describe('an address to listen on', () => {
  for (const text of ['/ip4/0.0.0.0/tcp/9222', '/ip4/127.0.0.1/tcp/0', '/ip6/::/tcp/9222']) {
    it(`may be ${text}`, () => {
      assert.equal(parseListen(text), text)
    })
  }
  const bad: readonly [string, RegExp][] = [
    ['9222', /no multiaddr/],
    ['/dns4/here.example/tcp/9222', /numeric/],
    ['/ip4/0.0.0.0/udp/9222', /TCP port/],
    ['/ip4/0.0.0.0', /TCP port/],
    [`/ip4/0.0.0.0/tcp/9222/p2p/${ID}`, /TCP port/]
  ]
  for (const [text, message] of bad) {
    it(`may not be "${text}"`, () => {
      assert.throws(() => parseListen(text), message)
    })
  }
})
