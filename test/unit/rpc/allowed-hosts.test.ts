// Which Host headers are answered, on which of the addresses that a server listens on.
import assert from 'node:assert/strict'
import { createHostCheck } from '../../../src/rpc/allowed-hosts.ts'

type Case = readonly [host: string, header: string, localAddress: string | undefined]

describe('the check of a Host header', () => {
  const allowed: readonly Case[] = [
    ['0.0.0.0', '10.0.0.1:8545', '10.0.0.1'],
    ['0.0.0.0', '10.0.0.1', '10.0.0.1'],
    ['::', '10.0.0.1:8545', '::ffff:10.0.0.1'],
    ['::', '[fd00::1]:8545', 'fd00::1'],
    ['0:0:0:0:0:0:0:0', '[FD00::1]', 'fd00::1'],
    ['0.0.0.0', 'localhost:8545', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.1:8545', '10.0.0.1'],
    ['fd00::1', '[fd00::1]:8545', 'fd00::1'],
    ['Node.example.org', 'node.example.org:8545', '10.0.0.1']
  ]
  for (const [host, header, localAddress] of allowed) {
    it(`lets ${header} through where ${host} is listened on`, () => {
      assert.equal(createHostCheck(host, [])(header, localAddress), true)
    })
  }
  const refused: readonly Case[] = [
    ['0.0.0.0', '10.0.0.2:8545', '10.0.0.1'],
    ['0.0.0.0', 'example.org', '10.0.0.1'],
    ['0.0.0.0', '10.0.0.1.example.org', '10.0.0.1'],
    ['0.0.0.0', '', '10.0.0.1'],
    ['0.0.0.0', '10.0.0.1', undefined],
    ['::', '[fd00::2]', 'fd00::1'],
    ['10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['127.0.0.1', '127.0.0.2', '127.0.0.2']
  ]
  for (const [host, header, localAddress] of refused) {
    it(`refuses "${header}" where ${host} is listened on and ${localAddress ?? 'nothing'} was called`, () => {
      assert.equal(createHostCheck(host, [])(header, localAddress), false)
    })
  }
})
