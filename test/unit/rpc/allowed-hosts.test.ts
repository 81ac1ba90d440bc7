// Which Host headers are answered, by what a server listens on and which names it was given.
import assert from 'node:assert/strict'
import { createHostCheck } from '../../../src/rpc/allowed-hosts.ts'

type Case = readonly [host: string, header: string, others?: readonly string[]]

describe('the check of a Host header', () => {
  const allowed: readonly Case[] = [
    ['0.0.0.0', '10.0.0.1:8545'],
    ['0.0.0.0', '10.0.0.1'],
    ['0.0.0.0', '203.0.113.7:18545'],
    ['::', '10.0.0.1:8545'],
    ['::', '[fd00::1]:8545'],
    ['0:0:0:0:0:0:0:0', '[FD00::1]'],
    ['0.0.0.0', 'localhost:8545'],
    ['10.0.0.1', '10.0.0.1:8545'],
    ['10.0.0.1', '203.0.113.7'],
    ['fd00::1', '[fd00::1]:8545'],
    ['Node.example.org', 'node.example.org:8545'],
    ['0.0.0.0', 'sequencer:8545', ['sequencer']],
    ['0.0.0.0', 'Node.Rollup.svc.cluster.local:8545', ['node.rollup.SVC.cluster.local']],
    ['127.0.0.1', 'anything.example.org', ['*']],
    ['127.0.0.1', '10.0.0.1:8545', ['10.0.0.1']]
  ]
  for (const [host, header, others = []] of allowed) {
    it(`lets ${header} through where ${host} is listened on, with ${others.join() || 'no names'}`, () => {
      assert.equal(createHostCheck(host, others)(header), true)
    })
  }
  const refused: readonly Case[] = [
    ['0.0.0.0', 'example.org'],
    ['0.0.0.0', '10.0.0.1.example.org'],
    ['0.0.0.0', ''],
    ['0.0.0.0', '', ['*']],
    ['0.0.0.0', '[10.0.0.1]'],
    ['0.0.0.0', 'fd00::1'],
    ['0.0.0.0', 'sequencer.example.org', ['sequencer']],
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.1', '10.0.0.1'],
    ['localhost', '10.0.0.1'],
    ['::1', '[fd00::2]']
  ]
  for (const [host, header, others = []] of refused) {
    it(`refuses "${header}" where ${host} is listened on, with ${others.join() || 'no names'}`, () => {
      assert.equal(createHostCheck(host, others)(header), false)
    })
  }
})
