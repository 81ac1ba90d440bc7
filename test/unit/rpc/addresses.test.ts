// Which addresses are of this machine, and which count as one client.
import assert from 'node:assert/strict'
import { clientOf, isLoopback } from '../../../src/rpc/addresses.ts'

describe('an address', () => {
  for (const [address, client] of [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001:0db8:0000:0000:1::6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', '']
  ] as const) {
    it(`of ${address} is of the client ${client}`, () => {
      assert.equal(clientOf(address), client)
    })
  }
  it('of this machine alone is known in every form', () => {
    for (const own of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      assert.ok(isLoopback(own))
    for (const other of ['10.0.0.1', '::2', '', '::ffff:10.0.0.1', 'localhost']) {
      assert.equal(isLoopback(other), false, other)
    }
  })
})
