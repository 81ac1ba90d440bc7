// Which known name a misspelt one may stand for.
import assert from 'node:assert/strict'
import { closestName } from '../../../src/config/closest-name.ts'

const NAMES = ['role', 'rpc', 'peer', 'peers', 'datadir', 'log-level']

describe('closestName', () => {
  for (const [name, closest] of [
    ['role', 'role'],
    ['Role', 'role'],
    ['rol', 'role'],
    ['roles', 'role'],
    ['rpcs', 'rpc'],
    ['peerz', 'peer'],
    ['peerss', 'peers'],
    ['data-dir', 'datadir'],
    ['datadri', 'datadir'],
    ['loglevel', 'log-level'],
    // Two edits of three letters make another word.
    ['rxx', undefined],
    ['dir', undefined],
    ['datadirxyz', undefined],
    ['', undefined]
  ] as const) {
    it(`says ${closest ?? 'nothing'} for "${name}"`, () => {
      assert.equal(closestName(name, NAMES), closest)
    })
  }

  it('says nothing when no name is known', () => {
    assert.equal(closestName('role', []), undefined)
  })
})
